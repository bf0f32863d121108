"""Numbers with separators, decimals and signs: their patterns, and their words."""

from __future__ import annotations

import re

from studio.speech_text.english import number_words as numbers

DASH = "[-–—−~]"
NUMBER = (
    r"(?:\d{1,3}(?:[,'\u202f\u2009]\d{3})+(?!\d)(?:\.\d+)?|"
    r"\d{1,3}(?:\s\d{3}){2,11}(?!\s?\d)(?:\.\d+)?"
    r"|\d{1,2}(?:,\d{2}){1,9},\d{3}(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
)
"""1,234,567.8 · 12,34,567 · 1 234 (narrow spaces) · 1234.5 · .5"""
QUANTITY = rf"(?:\d{{1,3}}(?:\.\d{{3}})+,\d{{1,2}}(?!\d)|\d+,\d{{1,2}}(?![\d,]\d)(?!\d)|{NUMBER})"
"""A number with a currency or a unit: also 2,75 and 1.234,56."""
START = r"(?<![\w.,])"
MINUS = r"(?<![\w)\]])[-−–+]\s?"


def quantity(text: str) -> str:
    """Return a quantity in words, never digit by digit."""
    whole, point, fraction = with_decimal_point(text).partition(".")
    words = numbers.cardinal("".join(filter(str.isdecimal, whole)) or "0")
    return f"{words} point {numbers.digits(fraction)}" if point and fraction else words


def with_decimal_point(text: str) -> str:
    """Return a number with a point before its decimals: 1.234,56 and 2,75 have a comma there."""
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d+", text):
        return text.replace(".", "").replace(",", ".")
    return text.replace(",", ".") if re.fullmatch(r"\d+,\d{1,2}", text) else text


def is_one(text: str) -> bool:
    """True for 1, 1.0 and 1,0."""
    return text in ("1", "1.0", "1,0")


def sign_word(sign: str | None) -> str:
    """Return "minus ", "plus " or nothing."""
    return {"-": "minus ", "−": "minus ", "–": "minus ", "+": "plus "}.get((sign or "").strip(), "")


def label_number(digits: str) -> str:
    """Return a number in a name: one or two digits as one number, others digit by digit."""
    return (
        numbers.cardinal(digits) if len(digits) < 3 and digits[0] != "0" else numbers.digits(digits)
    )


def is_year(text: str) -> bool:
    """True for a number from 1000 to 2099 without separators."""
    return len(text) == 4 and text.isdecimal() and "1000" <= text <= "2099"
