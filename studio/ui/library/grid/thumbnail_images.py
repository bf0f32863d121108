"""Makes the small image of an item: a scaled image, or a card with a text's first lines.

Runs in background threads.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QTextLayout

from studio.library.items import Item
from studio.ui.widgets.theme import DARK, LIGHT, Colors

if TYPE_CHECKING:
    from studio.library.thumbnails import ThumbnailCache

_FORMAT = QImage.Format.Format_ARGB32_Premultiplied
_PADDING = 10
_LINES = 12
_CHARACTERS = 2_000
"""Of a text that are laid out; more do not fit."""
_OUTLINE_SHARE = 0.7
"""Of the tile's height that the loudest part of audio takes."""


class Appearance(NamedTuple):
    """How thumbnails look."""

    side: int = 160
    """Of the tile, in device-independent pixels."""
    ratio: float = 1.0
    """Device pixels for each of them."""
    is_dark: bool = False

    @property
    def pixels(self) -> int:
        """Side in device pixels."""
        return round(self.side * self.ratio)

    @property
    def colors(self) -> Colors:
        """The theme's colors."""
        return DARK if self.is_dark else LIGHT


def thumbnail_image(item: Item, cache: ThumbnailCache, appearance: Appearance) -> QImage:
    """Return an item's thumbnail, at most `appearance.pixels` wide and high; null without one.

    Raises StudioError if the file cannot be read.
    """
    if item.media == "text":
        return text_card(item.excerpt or item.prompt, appearance)
    data = cache.get_or_make(item.sha256, Path(item.path), item.media)
    if not data:
        return QImage()
    if item.media == "audio":
        return _outline(data, appearance)
    image = QImage.fromData(data)
    return image if image.isNull() else _fit(image, appearance.pixels)


def _fit(image: QImage, side: int) -> QImage:
    """Scale to the side; the starter model's small images are enlarged."""
    return image.scaled(
        side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    ).convertToFormat(_FORMAT)


def _outline(heights: bytes, appearance: Appearance) -> QImage:
    """Draw the outline of audio, symmetrical like a waveform."""
    side = appearance.side
    image = _blank(appearance)
    painter = QPainter(image)
    painter.setPen(QColor(appearance.colors.accent))
    width, middle = side - 2 * _PADDING, side // 2
    loudest = max(*heights, 1)
    for x in range(width):
        part = heights[x * len(heights) // width] / loudest
        half = max(1, round(part * side * _OUTLINE_SHARE / 2))
        painter.drawLine(_PADDING + x, middle - half, _PADDING + x, middle + half)
    painter.end()
    return image


def _blank(appearance: Appearance) -> QImage:
    image = QImage(QSize(appearance.pixels, appearance.pixels), _FORMAT)
    image.setDevicePixelRatio(appearance.ratio)
    image.fill(QColor(appearance.colors.hover))
    return image


def text_card(text: str, appearance: Appearance) -> QImage:
    """Draw the first lines of a text; the last one ends with an ellipsis if there are more."""
    side, colors = appearance.side, appearance.colors
    image = _blank(appearance)
    painter = QPainter(image)
    font = QFont(painter.font())
    font.setPixelSize(11 if side < 200 else 13)
    painter.setFont(font)
    painter.setPen(QColor(colors.text))
    metrics, width = QFontMetricsF(font), side - 2 * _PADDING
    step = metrics.lineSpacing()
    count = max(1, min(_LINES, int((side - 2 * _PADDING) / step)))
    baseline = _PADDING + metrics.ascent()
    for number, line in enumerate(_wrapped(text, font, width, count)):
        shown = metrics.elidedText(line, Qt.TextElideMode.ElideRight, width)
        painter.drawText(QPointF(_PADDING, baseline + number * step), shown)
    painter.end()
    return image


def _wrapped(text: str, font: QFont, width: float, count: int) -> list[str]:
    """Return the first lines of a text; the last one holds the rest, for an ellipsis."""
    paragraphs = [line.strip() for line in text[:_CHARACTERS].strip().splitlines()]
    lines: list[str] = []
    for number, paragraph in enumerate(paragraphs):
        layout = QTextLayout(paragraph, font)
        layout.beginLayout()
        line = layout.createLine()
        while line.isValid():
            if len(lines) == count - 1:
                rest = paragraph[line.textStart() :]
                is_more = number + 1 < len(paragraphs)
                return [*lines, f"{rest} …" if is_more else rest]
            line.setLineWidth(width)
            start = line.textStart()
            lines.append(paragraph[start : start + line.textLength()].rstrip())
            line = layout.createLine()
        layout.endLayout()
    return lines
