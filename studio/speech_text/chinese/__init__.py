"""Chinese text in Chinese characters: numbers, dates, times, money, units and symbols.

As in `english`, rules apply in order, and each replaces text by words. The rules of English read
Latin words and names with digits (GPT-4, MP3), because the phonemes of those come from English.
"""

from __future__ import annotations

from studio.speech_text import english
from studio.speech_text.chinese import arithmetic, codes, dates, formulas, money, symbols, units
from studio.speech_text.rule import Match, Rule, rule

_WORD = r"[A-Za-zÀ-ÖØ-öø-ɏ][A-Za-zÀ-ÖØ-öø-ɏ0-9'’]*(?:[-.][A-Za-zÀ-ÖØ-öø-ɏ0-9]+)*"


def _latin(match: Match) -> str:
    return english.normalize(match[0]) if any(map(str.isdecimal, match[0])) else match[0]


_RULES: tuple[Rule, ...] = (
    rule(r"〇", "零"),
    rule(english.EMAIL, english.read_email),
    rule(english.URL, english.read_url),
    *dates.RULES,
    *codes.RULES,
    *money.RULES,
    *units.RULES,
    *formulas.RULES,
    rule(rf"(?<![A-Za-zÀ-ÖØ-öø-ɏ0-9]){_WORD}", _latin),
    *arithmetic.RULES,
    *symbols.RULES,
)


def normalize(text: str) -> str:
    """Return cleaned Chinese text (`cleaning.clean`) with everything in words."""
    for apply in _RULES:
        text = apply(text)
    return text.strip()
