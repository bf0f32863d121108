"""The lines of a PDF page, with their places, and the paragraphs that they form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from studio.documents.formats.markdown.inline import WIDE

_SAME_LINE = 0.4
"""Of the font's size: pieces that are at most so far apart vertically are on one line."""
_NARROW = 0.5
"""Width of a Latin letter, of the font's size."""
_COLUMN_GAP = 0.7
"""Of the font's size: pieces that are farther apart on a line are separate words."""
_GAP = 1.4
"""Of the usual distance of two lines: a wider one separates paragraphs."""
_FULL_LINE = 0.75
"""Of the page's widest lines: a shorter line ends a paragraph."""
_FORMS = {
    code: unicodedata.normalize("NFKC", chr(code))
    for code in (*range(0x2E80, 0x2FE0), *range(0xFB00, 0xFB07))
}
"""Radicals and ligatures → characters: fonts draw both alike, and PDF files name either."""
_CONTROLS = re.compile("[\0-\x08\x0b-\x1f\ufffe\uffff]")
_LIST_MARK = re.compile(r"(?:[•◦▪■●–—-]\s|\(?\d{1,3}[.)]\s)")
_END = re.compile(r"[.!?:。！？：…”\"’）)]$")


class Line(msgspec.Struct, frozen=True):
    """A line of text; `y` is its place from the bottom, in points."""

    text: str
    y: float


class _Piece(msgspec.Struct, frozen=True):
    text: str
    x: float
    y: float
    size: float

    @property
    def end(self) -> float:
        """Where the text ends, roughly: fonts' widths are not known here."""
        wide = len(WIDE.findall(self.text))
        return self.x + self.size * (wide + _NARROW * (len(self.text) - wide))


def lines_of(page: Any) -> list[Line]:
    """Return the lines of a page of pypdf, in the order of its content, which columns follow.

    Raises what pypdf raises for damaged files.
    """
    pieces: list[_Piece] = []

    def take(text: str, cm: Sequence[float], tm: Sequence[float], _font: Any, size: float) -> None:
        if text.strip():
            x = cm[0] * tm[4] + cm[2] * tm[5] + cm[4]
            y = cm[1] * tm[4] + cm[3] * tm[5] + cm[5]
            scale = abs(cm[3] * tm[3]) or abs(cm[1] * tm[2]) or 1.0
            pieces.append(_Piece(text.strip("\n"), x, y, abs(size or 12.0) * scale))

    whole = page.extract_text(visitor_text=take)
    lines = [line for line in _joined_pieces(pieces) if line.text]
    if sum(len(line.text) for line in lines) < 0.8 * len("".join(whole.split())):
        return [Line(text, 0.0) for text in map(_clean, whole.split("\n")) if text]
    return lines


def paragraphs_of(lines: Sequence[Line]) -> list[str]:
    """Join the lines of a page to paragraphs: a line that is full goes on in the next one."""
    widths = sorted(len(line.text) for line in lines)
    full = widths[int(len(widths) * 0.9)] * _FULL_LINE if widths else 0.0
    gaps = [before.y - after.y for before, after in pairwise(lines) if before.y > after.y]
    usual = sorted(gaps)[len(gaps) // 4] if gaps else 0.0
    paragraphs: list[str] = []
    previous: Line | None = None
    for line in lines:
        if previous is not None and _goes_on(previous, line, full, usual * _GAP):
            paragraphs[-1] = _joined(paragraphs[-1], line.text)
        else:
            paragraphs.append(line.text)
        previous = line
    return paragraphs


def _goes_on(previous: Line, line: Line, full: float, widest_gap: float) -> bool:
    if _LIST_MARK.match(line.text) or (widest_gap and previous.y - line.y > widest_gap):
        return False
    width = len(previous.text)
    return width >= full or (width >= full * 0.8 and not _END.search(previous.text))


def _joined_pieces(pieces: Sequence[_Piece]) -> Iterator[Line]:
    text, start = "", 0.0
    last: _Piece | None = None
    for piece in pieces:
        for number, part in enumerate(piece.text.split("\n")):
            is_same = last is not None and abs(piece.y - last.y) <= _SAME_LINE * last.size
            if number or not is_same:
                yield Line(_clean(text), start)
                text, start = "", piece.y
            elif last is not None and piece.x - last.end > _COLUMN_GAP * piece.size:
                text += " "
            text += part
        last = piece
    yield Line(_clean(text), start)


def _clean(text: str) -> str:
    text = text.encode("utf-8", "replace").decode("utf-8").translate(_FORMS)
    return " ".join(_CONTROLS.sub("", text).split())


def _joined(text: str, line: str) -> str:
    if text.endswith("-") and text[-2:-1].isalpha() and line[:1].islower():
        return text[:-1] + line
    if WIDE.match(text[-1]) and WIDE.match(line[:1]):
        return text + line
    return f"{text} {line}"
