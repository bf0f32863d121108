"""Symbols in words, and spaces."""

from __future__ import annotations

import re

from studio.speech_text.english.symbol_tables import SILENT, SYMBOLS
from studio.speech_text.rule import Match, Rule, rule


def _symbol(match: Match) -> str:
    return f" {SYMBOLS[match[0]]} "


RULES: tuple[Rule, ...] = (
    rule(r"(?<![\w:;])[:;]-?[()DPp](?![\w()])", ""),
    rule(r"(?<=\w)\+\+", " plus plus"),
    rule(r"(?<=\b[A-GJ])#(?!\w)", " sharp"),
    rule(r"(?<!\w)#(?=[^\W\d_])", " hashtag "),
    rule(r"-->|->|=>|==>", " to "),
    rule(r"<-{1,2}|<=", " "),
    rule(r"-{2,}|(?<=\s)-(?=\s)", " — "),
    rule(
        r"(?<=[a-z])\s?/\s?(?=(?:day|week|month|year|hour|minute|second|night|person)\b)", " per "
    ),
    rule(r"(?<=\w)/(?=\w)", " "),
    rule(r"(?<=[A-Za-z])\$|\$(?=[A-Za-z])", " dollar "),
    rule(rf"[{re.escape(''.join(SYMBOLS))}]", _symbol),
    rule(rf"[{re.escape(SILENT)}/]+", " "),
    rule(r"[^\S\n]{2,}", " "),
    rule(r" (?=[,;:!?)]|\.(?!\.))", ""),
)
