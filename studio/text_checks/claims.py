"""Checks of an advertisement: claims that it must not make, and a call to act."""

from __future__ import annotations

import re
from collections.abc import Iterator

from studio.text_checks.check import Check, Span, from_spans

_CLAIMS = re.compile(
    r"\b(?:guaranteed?|miracles?|risk[- ]free|cures?|100 ?% (?:safe|effective|natural)"
    r"|no\.? ?1|number one|world(?:'s|’s) (?:best|first|greatest)|the best (?:in|on) the \w+"
    r"|unbeatable|scientifically proven|clinically proven|lose \d+ (?:pounds|kilos|kg))\b"
    r"|(?:最(?:好|佳|优|高级|先进|便宜|低价|大)|第一品牌|全国第一|全球第一|国家级|世界级|顶级"
    r"|百分之百|100 ?%有效|根治|包治|永不|绝对|万能|零风险)",
    re.IGNORECASE,
)
"""Claims that nobody can prove, which advertising rules of many countries forbid."""
_CALLS = re.compile(
    r"\b(?:buy|order|shop|try|visit|call|book|get|discover|join|come|start|sign up|subscribe"
    r"|download|learn more|save|grab|see|taste|reserve|contact|click|choose|pick up|stop by"
    r"|don(?:'|’)t miss|treat)\b"
    r"|(?:购买|选购|抢购|订购|下单|预订|预约|咨询|点击|扫码|关注|联系|拨打|来电|致电|光临|试试|体验"
    r"|加入|报名|注册|下载|了解更多|马上|立即|立刻|赶快|快来|行动|不要错过|别错过)",
    re.IGNORECASE,
)


def check_claims(text: str, forbidden: str = "") -> Check:
    """Mark claims that cannot be proved, and those of a list, which `;` or line breaks separate."""
    own = [part.strip() for part in re.split(r"[;；\n]", forbidden) if part.strip()]
    spans = sorted(_marked(text, own), key=lambda span: span.start)
    return from_spans("claims", spans, "claims that an advertisement should not make")


def _marked(text: str, own: list[str]) -> Iterator[Span]:
    for match in _CLAIMS.finditer(text):
        yield Span(*match.span(), "claim")
    for claim in own:
        for match in re.finditer(re.escape(claim), text, re.IGNORECASE):
            yield Span(*match.span(), "forbidden")


def check_call(text: str) -> Check:
    """Check that the text asks the reader to act."""
    passed = _CALLS.search(text) is not None
    message = "The text asks to act." if passed else "The text does not ask to act."
    return Check(name="call", passed=passed, message=message)
