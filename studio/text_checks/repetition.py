"""Marks word sequences that a text repeats."""

from __future__ import annotations

import re
from collections.abc import Iterator

from studio.text_checks.check import Check, Span, from_spans
from studio.text_checks.length import HAN

_PIECE = re.compile(rf"[{HAN}]|[^\W_{HAN}]{{1,200}}")
CHINESE_FACTOR = 2
"""A Chinese word has about this many characters."""


def check_repetition(text: str, size: int = 4, most: int = 1) -> Check:
    """Mark every sequence of `size` words that occurs for more than the `most`-th time.

    In a text that is mostly Chinese, the sequence has twice as many characters.
    """
    if size < 1 or most < 1:
        raise ValueError("size and most begin at 1")
    return from_spans("repetition", _repeated(text, size, most), f"repeated {size}-grams")


def _repeated(text: str, size: int, most: int) -> Iterator[Span]:
    pieces = [(match.group().casefold(), *match.span()) for match in _PIECE.finditer(text)]
    han = sum(piece[0] >= "\u3400" for piece, _start, _end in pieces)
    if 2 * han > len(pieces):
        size *= CHINESE_FACTOR
    seen: dict[int, int] = {}
    covered = 0  # the first character that no span covers yet
    for at in range(len(pieces) - size + 1):
        part = pieces[at : at + size]
        key = hash(tuple(piece for piece, _start, _end in part))
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > most and part[0][1] >= covered:
            covered = part[-1][2]
            yield Span(part[0][1], covered)
