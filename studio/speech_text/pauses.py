"""Pauses and markup in a text: `[pause:2]`, `<break time="500ms"/>`, other tags of SSML and HTML.

Pauses become silence. Other tags are removed, and their content is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFAULT_SECONDS = 1.0
"""Length of a pause that has none."""
MAX_SECONDS = 10.0
"""Longer pauses are shortened to this."""
MAX_TOTAL_SECONDS = 600.0
"""Limit for all pauses of a text, which bounds the memory for silence."""

_STRENGTHS = {
    "none": 0.0,
    "x-weak": 0.2,
    "weak": 0.35,
    "medium": 0.7,
    "strong": 1.0,
    "x-strong": 1.5,
}
_ATTRIBUTES = (
    r"""(?:\s{1,9}[A-Za-z_][\w:.-]{0,40}\s{0,9}=\s{0,9}"""
    r"""(?:"[^"<>]{0,400}"|'[^'<>]{0,400}'|[\w.%+-]{1,100})){0,12}"""
)
_TAG = re.compile(
    rf"(?P<pause><(?:break|pause|silence)\b(?P<attributes>{_ATTRIBUTES}|[^<>]{{0,40}})\s{{0,9}}/?>|"
    rf"</(?:break|pause|"
    rf"silence)\s{{0,9}}>)"
    r"|<\#(?P<hash>[\d.]{1,12})\#>"
    r"|\[\[slnc\s{1,9}(?P<apple>\d{1,9})\]\]"
    r"|[\[［【{](?:pause|break|silence|停顿|暂停|停)(?![A-Za-z])(?P<bracket>[^\[\]［］【】{}<>\n]{0,24})"
    r"[\]］】}]"
    rf"|<sub\s{{1,9}}alias\s{{0,9}}=\s{{0,9}}(?P<quote>[\"'])(?P<alias>[^\"'<>]{{0,400}})(?P=quote)"
    rf"\s{{0,9}}>[^<>]{{0,400}}</sub>"
    rf"|(?P<block></?(?:p|s|br|div|li|h[1-6]|tr|blockquote|section|article|"
    rf"speak)\b{_ATTRIBUTES}\s{{0,9}}/?>)"
    rf"|(?P<other></?[A-Za-z][\w:-]{{0,30}}{_ATTRIBUTES}\s{{0,9}}/?>)"
    r"|(?P<comment><!--[^<>]{0,2000}-->|<\?xml[^<>]{0,200}\?>|<!\[CDATA\[|\]\]>)",
    re.IGNORECASE,
)
_LENGTH = re.compile(
    r"(\d{1,6}(?:[.,]\d{1,6})?|[.,]\d{1,6})\s{0,9}(ms|milliseconds?|毫秒|s|secs?|seconds?|秒|m|min|"
    r"minutes?|分钟)?(?![\w.])",
    re.IGNORECASE,
)
_STRENGTH = re.compile(r"""strength\s{0,9}=\s{0,9}["']?([a-z-]{1,10})""", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{2,}")
_UNITS = re.compile(
    r"(?i)(?<![A-Za-z])(?:for|of|time|length|duration|about|strength|ms|milliseconds?|s|secs?|"
    r"seconds?|min|minutes?)\b|毫秒|秒|分钟"
)
_ENTITY = re.compile(r"&(amp|lt|gt|quot|apos|nbsp|ndash|mdash|hellip);")
_ENTITIES = {
    "amp": "&",
    "lt": "<",
    "gt": ">",
    "quot": '"',
    "apos": "'",
    "nbsp": " ",
    "ndash": "–",
    "mdash": "—",
    "hellip": "…",
}


@dataclass(frozen=True)
class Passage:
    """A text without tags, and the silence after it, in seconds."""

    text: str
    silence: float = 0.0


def passages(text: str) -> list[Passage]:
    """Return the passages between pauses, in order; one without text is only a pause."""
    found: list[Passage] = []
    words: list[str] = []
    place, left = 0, MAX_TOTAL_SECONDS
    for match in _TAG.finditer(text):
        seconds = _seconds(match)
        if seconds is None and match["bracket"] is not None:
            continue
        words.append(text[place : match.start()])
        place = match.end()
        if seconds:
            seconds = min(seconds, left)
            left -= seconds
            found.append(Passage(_entities("".join(words)), seconds))
            words = []
        else:
            words.append(match["alias"] or ("\n" if match["block"] else ""))
    words.append(text[place:])
    rest = _entities("".join(words))
    if rest.strip() or not found:
        found.append(Passage(rest))
    return found


def _seconds(match: re.Match[str]) -> float | None:
    """Return the length of a pause; 0 for its closing tag, and None for another tag."""
    if match["hash"] is not None:
        return _bounded(match["hash"].strip(".") or "0", "s")
    if match["apple"] is not None:
        return _bounded(match["apple"], "ms")
    if match["bracket"] is not None:
        return _bracket_seconds(match["bracket"])
    if match["pause"] is None:
        return None
    return 0.0 if match["pause"].startswith("</") else _tag_seconds(match["attributes"] or "")


def _bracket_seconds(words: str) -> float | None:
    if _WORD.search(_UNITS.sub("", words)):
        return None  # "[pause the video]"
    length = _LENGTH.search(words)
    return _bounded(length[1], length[2] or "s") if length else DEFAULT_SECONDS


def _tag_seconds(attributes: str) -> float:
    strength = _STRENGTH.search(attributes)
    length = _LENGTH.search(attributes)
    if length:
        return _bounded(length[1], length[2] or "s")
    return _STRENGTHS.get(strength[1].lower(), DEFAULT_SECONDS) if strength else DEFAULT_SECONDS


def _bounded(number: str, unit: str) -> float:
    try:
        value = float(number.replace(",", "."))
    except ValueError:
        return DEFAULT_SECONDS
    unit = unit.lower()
    factor = (
        0.001
        if unit.startswith(("ms", "milli", "毫"))
        else 60.0
        if unit.startswith(("m", "分"))
        else 1.0
    )
    return min(value * factor, MAX_SECONDS)


def _entities(text: str) -> str:
    return _ENTITY.sub(lambda found: _ENTITIES[found[1]], text)
