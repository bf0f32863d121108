"""How long a text is."""

from __future__ import annotations

import re

import msgspec

from studio.text_checks.length import HAN, count_words

_CHINESE = re.compile(f"[{HAN}]")
_PARAGRAPH = re.compile(r"(?:^|\n)[^\S\n]*(?=\S)")


class TextCounts(msgspec.Struct, frozen=True):
    """Numbers about a text, or a part of it."""

    words: int = 0
    """A Chinese or Japanese character counts as a word."""
    characters: int = 0
    """With blanks, without line breaks."""
    chinese: int = 0
    """Chinese characters."""
    lines: int = 0
    """Lines with text."""


def count(text: str) -> TextCounts:
    """Count a text; takes about 0.3 s for two million characters."""
    return TextCounts(
        words=count_words(text),
        characters=len(text) - text.count("\n"),
        chinese=sum(1 for _ in _CHINESE.finditer(text)),
        lines=sum(1 for _ in _PARAGRAPH.finditer(text)),
    )
