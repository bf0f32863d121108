"""Draws titles and captions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from studio.core.requests.video.project import Captions, TitleClip
from studio.engine.clips.layout import Size
from studio.engine.image_tools.fonts import font_for
from studio.media.transcript import Segment
from studio.media.video_writer.writer import Pixels

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

_WIDTH_SHARE = 0.88
"""Of the frame's width that a line takes at most."""
_LINE_SHARE = 1.25
"""Distance of lines, as a share of the letters' height."""
_OUTLINE_SHARE = 0.08
_MARGIN_SHARE = 0.06
"""Of the frame's shorter side, from captions to the edge."""
_MAX_LINES = 4
"""Of captions: letters become smaller for more."""
_SMALLEST = 8
_PIECE = re.compile(
    r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]|[^\s\u2e80-\u9fff]+|\s+"
)
"""What a line may be broken between: single Chinese, Japanese or Korean characters, or words."""
_NOT_FIRST = frozenset("，。！？；：、）》」』”’…,.!?;:)")
"""No line begins with these."""


class Lettering(NamedTuple):
    """Text to lay over a frame."""

    left: int
    top: int
    colors: Pixels
    """height × width × 4."""
    share: np.ndarray
    """height × width × 1 of float32: how far it covers what is under it."""

    def over(self, frame: Pixels) -> Pixels:
        """Return the frame with the text on it."""
        result = frame.copy()
        height, width = self.share.shape[:2]
        part = result[self.top : self.top + height, self.left : self.left + width]
        mixed = part + (self.colors.astype(np.float32) - part) * self.share
        part[:] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
        return result


def draw_title(clip: TitleClip, background: Pixels) -> Pixels:
    """Return the background with the title in its middle, smaller if it would not fit."""
    height, width = background.shape[:2]
    image = _draw(clip.text.strip(), (width, height), round(clip.size * height), clip.color, "")
    if image is None:
        return background
    left, top = (width - image.width) // 2, (height - image.height) // 2
    return _lettering(image, left, top).over(background)


class CaptionTrack:
    """The captions of a clip, in the order of their starts; times of calls never go back."""

    def __init__(self, segments: tuple[Segment, ...], style: Captions, frame: Size) -> None:
        self._coming = list(reversed(segments))
        self._shown: list[Segment] = []
        self._style, self._frame = style, frame
        self._drawn: tuple[str, Lettering | None] = ("", None)

    def text_at(self, seconds: float) -> str:
        """Return the captions that are shown at a time."""
        while self._coming and self._coming[-1].start <= seconds:
            self._shown.append(self._coming.pop())
        self._shown = [one for one in self._shown if seconds < one.end]
        return "\n".join(one.text for one in self._shown)

    def lettering_at(self, seconds: float) -> Lettering | None:
        """Return the captions at a time, drawn. Raises StudioError without a font for them."""
        text = self.text_at(seconds)
        if text != self._drawn[0]:
            self._drawn = (text, self._draw(text) if text else None)
        return self._drawn[1]

    def _draw(self, text: str) -> Lettering | None:
        style, (width, height) = self._style, self._frame
        side = round(style.size * min(self._frame))
        image = _draw(text, (width, height), side, style.color, style.outline, _MAX_LINES)
        if image is None:
            return None
        margin = round(_MARGIN_SHARE * min(self._frame))
        room = height - image.height
        top = {"top": margin, "middle": room // 2, "bottom": room - margin}[style.place]
        return _lettering(image, (width - image.width) // 2, max(0, min(top, room)))


def _lettering(image: Image, left: int, top: int) -> Lettering:
    pixels = np.asarray(image)
    share = pixels[:, :, 3:].astype(np.float32) / 255
    return Lettering(left, top, np.ascontiguousarray(pixels[:, :, [2, 1, 0, 3]]), share)


def _draw(
    text: str, frame: Size, side: int, color: str, outline: str, lines: int = 100
) -> Image | None:
    """Return a text on nothing, at most as large as the frame; None for nothing to draw."""
    from PIL import Image as PILImage
    from PIL import ImageDraw

    if not text.strip():
        return None
    limit = (frame[0] * _WIDTH_SHARE, frame[1] * _WIDTH_SHARE)
    side = max(_SMALLEST, side)
    while True:
        font = font_for(text, side)
        wrapped = list(_wrapped(text, font, limit[0]))
        step = round(side * _LINE_SHARE)
        width = max(font.getlength(line) for line in wrapped)
        fits = width <= limit[0] and len(wrapped) * step <= limit[1] and len(wrapped) <= lines
        if fits or side <= _SMALLEST:
            break
        side = max(_SMALLEST, int(side * 0.9))
    edge = max(1, round(side * _OUTLINE_SHARE)) if outline else 0
    size = (
        min(frame[0], round(width) + 2 * edge + 2),
        min(frame[1], step * len(wrapped) + 2 * edge),
    )
    # Nothing has the color of what is around the letters: their smooth edges are mixed with it.
    image = PILImage.new("RGBA", size, f"{outline or color}00")
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(wrapped):
        draw.text(
            (size[0] / 2, edge + step * (number + 0.5)),
            line,
            font=font,
            fill=color,
            anchor="mm",
            stroke_width=edge,
            stroke_fill=outline or color,
        )
    return image


def _wrapped(text: str, font: FreeTypeFont | ImageFont, width: float) -> Iterator[str]:
    """Yield the lines of a text, broken where they would be wider than a number of pixels."""
    for paragraph in text.split("\n"):
        line = ""
        for piece in _pieces(paragraph):
            if line and font.getlength((line + piece).rstrip()) > width:
                yield line.strip()
                line = piece.lstrip()
            else:
                line += piece
        yield line.strip()


def _pieces(paragraph: str) -> Iterator[str]:
    """Yield what stays together in a line, with the punctuation after it."""
    waiting = ""
    for piece in _PIECE.findall(paragraph):
        if waiting and piece[0] not in _NOT_FIRST:
            yield waiting
            waiting = ""
        waiting += piece
    if waiting:
        yield waiting
