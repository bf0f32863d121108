"""Reads the numbers of a text as values, so that 2.4 million, 2,400,000 and 240万 are equal."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

_SCALES = {
    "hundred": 1e2,
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
    "mn": 1e6,
    "bn": 1e9,
    "百": 1e2,
    "千": 1e3,
    "万": 1e4,
    "亿": 1e8,
}
_DIGITS = r"\d[\d,.，]{0,40}"
_NUMBER = re.compile(
    rf"(?P<han>{_DIGITS}\s?[百千万亿]{{1,2}}(?:{_DIGITS}[百千万亿]?){{0,3}})"
    rf"|(?P<digits>{_DIGITS})(?:[\s-]{{0,2}}(?P<scale>hundred|thousand|million|billion|trillion"
    r"|mn|bn)\b)?",
    re.IGNORECASE,
)
_HAN_PART = re.compile(rf"({_DIGITS})\s?([百千万亿]{{0,2}})")
_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
)
_WORD_VALUES = {word: float(number) for number, word in enumerate(_WORDS.split())}
_WORD = re.compile(r"[a-z]+")
_HAN_VALUES = {digit: float(number) for number, digit in enumerate("零一二三四五六七八九十")}
_HAN_VALUES["两"] = 2.0
_HAN_NUMBER = re.compile(
    r"(?<![一二三四五六七八九十百千万])"
    r"(?P<digit>[一二两三四五六七八九十])(?P<unit>[名人个位次年月日天岁座家起成])"
)
TENTH = "成"
"""Unit of Chinese numbers: 七成 is 70 percent."""


class Figure(NamedTuple):
    """A number and its place in the text, in characters."""

    start: int
    end: int
    value: float | str
    """The text itself if it is no number, such as 1.2.3."""


def figures_in(text: str) -> Iterator[Figure]:
    """Yield the numbers that are written with digits, and Chinese ones with a unit."""
    for match in _NUMBER.finditer(text):
        end = match.start() + len(match.group().rstrip(",.，"))
        if match["han"]:
            yield Figure(match.start(), end, _han_value(match["han"]))
        else:
            scale = _SCALES.get((match["scale"] or "").lower(), 1.0)
            value = _value(match["digits"])
            yield Figure(match.start(), end, value * scale if isinstance(value, float) else value)
    for match in _HAN_NUMBER.finditer(text):
        scale = 10.0 if match["unit"] == TENTH else 1.0
        yield Figure(*match.span("digit"), _HAN_VALUES[match["digit"]] * scale)


def values_in(text: str) -> set[float | str]:
    """Return the values of all numbers, those in English words to twenty included."""
    words = _WORD.findall(text.casefold())
    spelled = {_WORD_VALUES[word] for word in words if word in _WORD_VALUES}
    return {figure.value for figure in figures_in(text)} | spelled


def _value(digits: str) -> float | str:
    plain = unicodedata.normalize("NFKC", digits).rstrip(",.").replace(",", "")
    try:
        return float(plain)
    except ValueError:
        return plain


def _han_value(text: str) -> float | str:
    """Return the value of 3万1千; a number after it without a unit, as in 2万6500, is added."""
    total = 0.0
    for digits, units in _HAN_PART.findall(text):
        value = _value(digits)
        if isinstance(value, str):
            return text
        for unit in units:
            value *= _SCALES[unit]
        total += value
    return round(total, 6)
