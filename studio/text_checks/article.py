"""The parts of a news article, and whether they are there."""

from __future__ import annotations

import re

import msgspec

from studio.text_checks.check import Check, Span
from studio.text_checks.length import HAN, count_words

MAX_HEADLINE = 20
MAX_LEAD = 70
"""Words; a Chinese character counts as one."""
_HAN_FACTOR = 2
"""A Chinese lead may have so many times as many characters."""
_DATELINE = re.compile(
    rf"^(?P<place>[A-Z{HAN}][\w .,'’/-]{{1,60}}?)\s*(?:—|–|--| - |：)\s*|"
    rf"^[（(]?(?:本报|新华社|[{HAN}]{{2,10}}电|[{HAN}]{{2,10}}[讯電])[^，。]{{0,30}}[）)]?\s*"
)
_MARKS = "* \t\u00a0\u3000"
"""Of emphasis, and blanks, around a line."""


class Article(msgspec.Struct, frozen=True):
    """A news article as its parts; each is empty if it is not there."""

    headline: str = ""
    dateline: str = ""
    lead: str = ""
    body: tuple[str, ...] = ()
    """The paragraphs after the lead."""


def read_article(text: str) -> Article:
    """Split an article: a first line without a full stop is its headline."""
    lines = [line.lstrip(f"#{_MARKS}").rstrip(_MARKS) for line in text.splitlines()]
    paragraphs = [line for line in lines if line]
    if not paragraphs:
        return Article()
    headline = ""
    first = paragraphs[0]
    is_short = count_words(first) <= MAX_HEADLINE * (_HAN_FACTOR if _is_han(first) else 1)
    if len(paragraphs) > 1 and is_short and first[-1] not in ".。":
        headline = paragraphs.pop(0)
    lead, *body = paragraphs
    dateline = ""
    found = _DATELINE.match(lead)
    if found is not None and found.end() < len(lead):
        dateline, lead = found.group().strip(" —–-：:"), lead[found.end() :]
    return Article(headline, dateline, lead, tuple(body))


def check_article(text: str) -> Check:
    """Check that an article has a headline, a short lead, and a body; marks a lead too long."""
    found = read_article(text)
    missing = [
        name
        for name, is_there in (
            ("headline", bool(found.headline)),
            ("lead", bool(found.lead)),
            ("body", bool(found.body)),
        )
        if not is_there
    ]
    longest = MAX_LEAD * (_HAN_FACTOR if _is_han(found.lead) else 1)
    words = count_words(found.lead)
    spans: tuple[Span, ...] = ()
    if words > longest:
        start = text.find(found.lead)
        spans = (Span(start, start + len(found.lead), f"lead of {words} words"),)
    message = f"Missing: {', '.join(missing)}." if missing else "Headline, lead and body are there."
    if spans:
        message += f" The lead has {words} words; at most {longest} are usual."
    return Check(name="article", passed=not missing and not spans, message=message, spans=spans)


def _is_han(text: str) -> bool:
    return 2 * len(re.findall(f"[{HAN}]", text)) > len(text)
