"""English text in words: numbers, dates, times, money, units, symbols and abbreviations.

`normalize` applies the rules of all modules in order. Each rule replaces text by words, which later
rules leave alone. A rule is a regular expression that can begin at one place only and repeats
bounded pieces, so that its time is linear in the length of the text.
"""

from __future__ import annotations

import itertools

from studio.speech_text.english import (
    abbreviations,
    addresses,
    arithmetic,
    codes,
    dates,
    formulas,
    money,
    plain_numbers,
    symbols,
    times,
    units,
)
from studio.speech_text.english.addresses import EMAIL, URL, read_email, read_url

__all__ = ["EMAIL", "URL", "normalize", "read_email", "read_url"]

_PUNCTUATION = str.maketrans(
    {
        "，": ", ",
        "。": ". ",
        "！": "! ",
        "？": "? ",
        "；": "; ",
        "：": ": ",
        "、": ", ",
        "（": " (",
        "）": ") ",
        "《": "“",
        "》": "”",
        "「": "“",
        "」": "”",
        "『": "“",
        "』": "”",
        "【": " (",
        "】": ") ",
        "\t": " ",
    }
)
_RULES = tuple(
    itertools.chain(
        addresses.RULES,
        abbreviations.RULES,
        dates.RULES,
        times.RULES,
        codes.RULES,
        money.RULES,
        units.RULES,
        formulas.RULES,
        arithmetic.RULES,
        plain_numbers.RULES,
        symbols.RULES,
    )
)


def normalize(text: str) -> str:
    """Return cleaned English text (`cleaning.clean`) with everything in words."""
    text = text.translate(_PUNCTUATION)
    for apply in _RULES:
        text = apply(text)
    return text.strip()
