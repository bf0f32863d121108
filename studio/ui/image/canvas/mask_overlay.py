"""Draws a mask over an image: only what is visible, from tiles of the size that is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRect, QRectF, QSize
from PySide6.QtGui import QImage, QPainter

from studio.ui.image.canvas.mask_tiles import TILE, Tiles, compose, level_for
from studio.ui.image.canvas.operations import Stroke, StrokePoint, composition_of, draw_segment
from studio.ui.image.qt_images import MASK_OPACITY, stripes


class Viewport(NamedTuple):
    """Where the image lies in a widget."""

    size: QSize
    """Of the widget."""
    ratio: float
    """Device pixels for each pixel of the widget."""
    target: QRectF
    """The whole image in the widget."""
    factor: float
    """Pixels of the widget for each pixel of the image."""


class MaskOverlay:
    """The mask as the widget shows it: one level of opacity for each pixel of the screen."""

    def __init__(self) -> None:
        self._alpha = QImage()
        self._key: tuple[Viewport, int] | None = None
        self._composed = QImage()
        self._composed_key: tuple[int, int, QRect] | None = None
        self._stripes = stripes(MASK_OPACITY)

    def update(
        self, viewport: Viewport, tiles: Tiles, revision: int, strokes: Sequence[Stroke]
    ) -> None:
        """Render the mask for a viewport, and over it strokes that the tiles do not have yet."""
        if (viewport, revision) == self._key:
            return
        self._key = (viewport, revision)
        self._alpha = QImage(viewport.size * viewport.ratio, QImage.Format.Format_Alpha8)
        self._alpha.fill(0)
        self._render_tiles(viewport, tiles, revision)
        for stroke in strokes:
            for begin, end in stroke.segments():
                self.add_segment(begin, end, erases=stroke.erases)

    def invalidate(self) -> None:
        """Render everything again at the next update."""
        self._key = None

    def add_segment(self, begin: StrokePoint, end: StrokePoint, *, erases: bool) -> QRect:
        """Draw a part of a stroke, and return where the widget changes."""
        if self._key is None:
            return QRect()
        viewport = self._key[0]
        painter = QPainter(self._alpha)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setCompositionMode(composition_of(erases=erases))
        _to_device(painter, viewport)
        draw_segment(painter, begin, end)
        painter.end()
        margin = max(begin.width, end.width) / 2 * viewport.factor + 2
        line = QRectF(
            viewport.target.topLeft() + begin.position * viewport.factor,
            viewport.target.topLeft() + end.position * viewport.factor,
        ).normalized()
        return line.adjusted(-margin, -margin, margin, margin).toAlignedRect()

    def draw(self, painter: QPainter, area: QRect) -> None:
        """Draw the part of the mask in an area of the widget."""
        if self._key is None:
            return
        viewport = self._key[0]
        inside = area & viewport.target.toAlignedRect() & QRect(QPointF().toPoint(), viewport.size)
        if inside.isEmpty():
            return
        ratio = viewport.ratio
        source = QRectF(inside.topLeft() * ratio, inside.size() * ratio).toAlignedRect()
        colored = QImage(source.size(), QImage.Format.Format_ARGB32_Premultiplied)
        colored.fill(0)
        layer = QPainter(colored)
        layer.drawImage(0, 0, self._alpha, source.x(), source.y(), source.width(), source.height())
        layer.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        layer.setBrushOrigin(-source.topLeft())
        layer.fillRect(colored.rect(), self._stripes)
        layer.end()
        colored.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(source.topLeft()) / ratio, colored)

    def _render_tiles(self, viewport: Viewport, tiles: Tiles, revision: int) -> None:
        """Draw the visible tiles, at the level that is nearest to the pixels of the screen."""
        factor = viewport.factor
        visible = viewport.target & QRectF(QPointF(), viewport.size)
        if visible.isEmpty() or not tiles:
            return
        level = level_for(factor * viewport.ratio)
        side = TILE >> level
        scale = 1 / (1 << level)
        rect = QRectF(
            (visible.topLeft() - viewport.target.topLeft()) / factor * scale,
            visible.size() / factor * scale,
        ).toAlignedRect()
        # Whole tiles, so that they serve the next frame of a pan as well.
        left, top = rect.left() // side * side, rect.top() // side * side
        rect = QRect(
            left,
            top,
            -(-(rect.right() + 1 - left) // side) * side,
            -(-(rect.bottom() + 1 - top) // side) * side,
        )
        if self._composed_key != (revision, level, rect):
            self._composed = compose(tiles, rect, level)
            self._composed_key = (revision, level, rect)
        painter = QPainter(self._alpha)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, factor < 1)
        _to_device(painter, viewport)
        painter.setClipRect(QRectF(QPointF(), viewport.target.size() / factor))
        painter.scale(1 / scale, 1 / scale)
        painter.drawImage(rect.topLeft(), self._composed)
        painter.end()


def _to_device(painter: QPainter, viewport: Viewport) -> None:
    """Let a painter on the alpha image draw in pixels of the user's image."""
    painter.scale(viewport.ratio, viewport.ratio)
    painter.translate(viewport.target.topLeft())
    painter.scale(viewport.factor, viewport.factor)
