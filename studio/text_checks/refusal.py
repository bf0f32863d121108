"""Marks sentences about the answer instead of the answer: refusals and introductions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from studio.text_checks.check import Check, Span, from_spans

_ANYWHERE = re.compile(
    r"\b(?:as an? (?:ai|artificial intelligence|large language model|language model)\b"
    r"|i(?:'|’)?m (?:just )?an? (?:ai|language model)\b"
    r"|i(?: am|'m|’m) (?:sorry|unable to|not able to)\b"
    r"|i (?:can(?:not|'t|’t)|won(?:'t|’t)) (?:assist|help|provide|fulfill|comply|generate|create)\b"
    r"|i apologi[sz]e\b"
    r"|(?:i )?hope (?:this|that) helps\b|let me know if you\b"
    r"|feel free to (?:ask|modify|adjust|provide)\b"
    r"|would you like me to (?:elaborate|continue|write|add|change|expand|explore)\b)"
    r"|作为(?:一个|一名|一款)?(?:AI|人工智能|大?语言模型)"
    r"|(?:我|很)?抱歉，?我?(?:无法|不能|不可以)|我(?:无法|不能)(?:提供|协助|帮助|回答|生成)"
    r"|希望(?:这|以上|对你|对您)[^。！\n]{0,12}(?:帮助|满意|有用)",
    re.IGNORECASE,
)
_AT_START = re.compile(
    r"\s{0,20}(?:(?:sure|certainly|of course|absolutely|okay|ok)[,.!:]"
    r"|here(?:'s|’s| is| are) (?:a|an|the|some|five|your|my|\d)\b"
    r"|(?:好的|当然|没问题|可以的)[，,。！!：:]|(?:以下|下面)(?:是|为))",
    re.IGNORECASE,
)


def check_refusal(text: str) -> Check:
    """Mark refusals and sentences about the answer, English and Chinese."""
    return from_spans("refusal", _marked(text), "sentences that are not part of the text")


def _marked(text: str) -> Iterator[Span]:
    start = _AT_START.match(text)
    if start is not None:
        yield Span(start.start(), start.end(), "introduction")
    for match in _ANYWHERE.finditer(text):
        yield Span(*match.span(), "refusal")
