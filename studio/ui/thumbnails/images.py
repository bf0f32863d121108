"""Makes the small image of a file: a scaled image, a card with a text's first lines, or an outline.

Runs in background threads.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QTextLayout

from studio.ui.thumbnails.source import ThumbnailSource, cache_key
from studio.ui.widgets.theme import DARK, LIGHT, Colors

if TYPE_CHECKING:
    from studio.library.thumbnails.cache import ThumbnailCache

_FORMAT = QImage.Format.Format_ARGB32_Premultiplied
_SMALL, _LARGE = 80, 200
"""Tiles below and from these sides have smaller and larger texts."""
_PADDING = 10
_SMALL_PADDING = 3
_LINES = 12
_CHARACTERS = 2_000
"""Of a text that are laid out; more do not fit."""
_OUTLINE_SHARE = 0.7
"""Of the tile's height that the loudest part of audio takes."""


class Appearance(NamedTuple):
    """How thumbnails look."""

    width: int = 160
    """Of the tile, in device-independent pixels."""
    height: int = 160
    ratio: float = 1.0
    """Device pixels for each of them."""
    is_dark: bool = False
    is_cropped: bool = False
    """True if an image fills the tile, and what is outside is cut off."""

    @property
    def pixels(self) -> QSize:
        """Size in device pixels."""
        return QSize(round(self.width * self.ratio), round(self.height * self.ratio))

    @property
    def short_side(self) -> int:
        """The shorter side in device-independent pixels."""
        return min(self.width, self.height)

    @property
    def colors(self) -> Colors:
        """The theme's colors."""
        return DARK if self.is_dark else LIGHT


def thumbnail_image(
    source: ThumbnailSource, cache: ThumbnailCache, appearance: Appearance
) -> QImage:
    """Return a thumbnail that fits the tile; null without one.

    Raises OSError or StudioError if the file cannot be read.
    """
    if source.media == "text":
        text = source.excerpt or _first_lines(source.path)
        return text_card(text, appearance) if text.strip() else QImage()
    data = cache.get_or_make(cache_key(source), Path(source.path), source.media)
    if not data:
        return QImage()
    if source.media == "audio":
        return _outline(data, appearance)
    image = QImage.fromData(data)
    return image if image.isNull() else _fit(image, appearance)


def _first_lines(path: str) -> str:
    with Path(path).open("rb") as file:
        return file.read(_CHARACTERS).decode(errors="ignore")


def _fit(image: QImage, appearance: Appearance) -> QImage:
    """Scale to the tile; the starter model's small images are enlarged."""
    size = appearance.pixels
    mode = Qt.AspectRatioMode.KeepAspectRatio
    if appearance.is_cropped:
        mode = Qt.AspectRatioMode.KeepAspectRatioByExpanding
    image = image.scaled(size, mode, Qt.TransformationMode.SmoothTransformation)
    if appearance.is_cropped:
        area = QRect(QPoint(), size)
        area.moveCenter(image.rect().center())
        image = image.copy(area)
    image = image.convertToFormat(_FORMAT)
    image.setDevicePixelRatio(appearance.ratio)
    return image


def _outline(heights: bytes, appearance: Appearance) -> QImage:
    """Draw the outline of audio, symmetrical like a waveform."""
    image = _blank(appearance)
    painter = QPainter(image)
    painter.setPen(QColor(appearance.colors.accent))
    padding = _padding(appearance)
    width, middle = appearance.width - 2 * padding, appearance.height // 2
    loudest = max(*heights, 1)
    for x in range(width):
        part = heights[x * len(heights) // width] / loudest
        half = max(1, round(part * appearance.height * _OUTLINE_SHARE / 2))
        painter.drawLine(padding + x, middle - half, padding + x, middle + half)
    painter.end()
    return image


def _padding(appearance: Appearance) -> int:
    return _PADDING if appearance.short_side >= _SMALL else _SMALL_PADDING


def _blank(appearance: Appearance) -> QImage:
    image = QImage(appearance.pixels, _FORMAT)
    image.setDevicePixelRatio(appearance.ratio)
    image.fill(QColor(appearance.colors.hover))
    return image


def text_card(text: str, appearance: Appearance) -> QImage:
    """Draw the first lines of a text; the last one ends with an ellipsis if there are more."""
    padding = _padding(appearance)
    image = _blank(appearance)
    painter = QPainter(image)
    font = QFont(painter.font())
    font.setPixelSize(_font_size(appearance))
    painter.setFont(font)
    painter.setPen(QColor(appearance.colors.text))
    metrics, width = QFontMetricsF(font), appearance.width - 2 * padding
    step = metrics.lineSpacing()
    count = max(1, min(_LINES, int((appearance.height - 2 * padding) / step)))
    baseline = padding + metrics.ascent()
    for number, line in enumerate(_wrapped(text, font, width, count)):
        shown = metrics.elidedText(line, Qt.TextElideMode.ElideRight, width)
        painter.drawText(QPointF(padding, baseline + number * step), shown)
    painter.end()
    return image


def _font_size(appearance: Appearance) -> int:
    if appearance.short_side < _SMALL:
        return 9
    return 11 if appearance.short_side < _LARGE else 13


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
