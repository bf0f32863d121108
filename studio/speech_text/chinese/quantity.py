"""Numbers: their patterns, and their words."""

from __future__ import annotations

import re

from studio.speech_text.chinese import number_words as numbers
from studio.speech_text.chinese import tables

DASH = r"(?:[-–—−~～]|——|至|到)"
NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?)"
MINUS = r"(?P<minus>(?<![\d.A-Za-z)\]）])[-−])?"
START = r"(?<![\d.,A-Za-z])"
TWO_BEFORE = re.compile(rf"(?:{tables.MEASURE_WORDS}|多?[万亿千])")
RATIO_CUE = re.compile(rf"(?:{tables.RATIO_CUES})\s?(?:是|为|约)?\s?$")


def quantity(text: str) -> str:
    """Return a quantity in words, never digit by digit."""
    whole, point, fraction = text.partition(".")
    words = numbers.cardinal("".join(filter(str.isdecimal, whole)) or "0")
    return f"{words}点{numbers.digits(fraction)}" if point and fraction else words


def counted(text: str, after: str) -> str:
    """Return the number that stands before `after`: 两 for a 2 before a measure word."""
    return "两" if text == "2" and TWO_BEFORE.match(after) else quantity(text)
