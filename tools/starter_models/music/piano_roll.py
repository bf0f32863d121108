"""Draws piano rolls: a color for each part, with the drums below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from studio.symbolic_music.events import Bar

_STEP, _ROW, _MARGIN = 6, 5, 8
"""Pixels of a sixteenth, a semitone and the margin."""
_COLORS = {"M": (79, 70, 229), "H": (16, 150, 110), "B": (217, 119, 6), "D": (110, 110, 120)}
_PAPER, _LINE, _BLACK_KEY = (255, 255, 255), (214, 214, 222), (244, 244, 247)
_DRUM_ROWS = 5
_LOWEST, _HIGHEST = 28, 91


def piano_roll(bars: Sequence[Bar], steps: int) -> Any:
    """Return an image of the bars, `steps` sixteenths each; melody blue, harmony green, bass
    orange, drums gray.
    """
    from PIL import Image, ImageDraw

    height = _MARGIN * 2 + (_HIGHEST - _LOWEST + 1 + _DRUM_ROWS) * _ROW
    page = Image.new("RGB", (_MARGIN * 2 + len(bars) * steps * _STEP, height), _PAPER)
    draw = ImageDraw.Draw(page)

    def top(pitch: int) -> int:
        return _MARGIN + (_HIGHEST - pitch) * _ROW

    for pitch in range(_LOWEST, _HIGHEST + 1):
        if pitch % 12 in (1, 3, 6, 8, 10):
            draw.rectangle(
                (_MARGIN, top(pitch), page.width - _MARGIN, top(pitch) + _ROW - 1), fill=_BLACK_KEY
            )
    for number in range(len(bars) + 1):
        left = _MARGIN + number * steps * _STEP
        draw.line((left, _MARGIN, left, height - _MARGIN), fill=_LINE)
    for number, bar in enumerate(bars):
        for note in bar.notes:
            left = _MARGIN + (number * steps + note.step) * _STEP
            if note.part == "D":
                for row in range(len(note.label)):
                    upper = height - _MARGIN - (row + 1) * _ROW
                    draw.rectangle(
                        (left, upper, left + _STEP - 3, upper + _ROW - 2), fill=_COLORS["D"]
                    )
            elif note.part != "C":
                right = left + note.length * _STEP - 2
                draw.rectangle(
                    (left, top(note.pitch), right, top(note.pitch) + _ROW - 2),
                    fill=_COLORS[note.part],
                )
    return page
