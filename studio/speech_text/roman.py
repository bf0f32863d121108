"""Roman numerals."""

from __future__ import annotations

import re

PATTERN = r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
_WHOLE = re.compile(PATTERN)
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def value_of(letters: str) -> int:
    """Return the value of a Roman numeral in capital letters; 0 for other words."""
    if not letters or not _WHOLE.fullmatch(letters):
        return 0
    values = [_VALUES[letter] for letter in letters]
    return sum(
        -one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True)
    )
