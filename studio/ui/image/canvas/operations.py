"""What changes a mask: each returns the tiles that become others. Called in a worker thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from studio.media.masks import morphology
from studio.ui.image.canvas.mask_tiles import (
    Packed,
    Place,
    Tile,
    Tiles,
    bounds,
    cover,
    empty_tile_image,
    make_tile,
    places_in,
    tile_from,
    to_array,
    unpack,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

Changes = dict[Place, Tile | None]
_OPAQUE = QColor(0, 0, 0)
_MIN_WIDTH = 0.5


class Operation(Protocol):
    """A change of the mask."""

    def changes(self, tiles: Tiles, size: QSize) -> Changes:
        """Return place → tile for those that change, in an image of this size."""
        ...


class StrokePoint(NamedTuple):
    """A point of a stroke, in pixels of the image."""

    position: QPointF
    width: float
    """Of the brush, with the pen's pressure."""


class Stroke(NamedTuple):
    """A line of the brush or the eraser."""

    points: tuple[StrokePoint, ...]
    erases: bool

    def changes(self, tiles: Tiles, size: QSize) -> Changes:
        """See `Operation`."""
        parts: dict[Place, list[tuple[StrokePoint, StrokePoint]]] = {}
        for segment in self.segments():
            for place in places_in(_rect_of(*segment), size):
                parts.setdefault(place, []).append(segment)

        def paint(painter: QPainter, place: Place) -> None:
            for segment in parts[place]:
                draw_segment(painter, *segment)

        return _painted(tiles, parts, size, paint, erases=self.erases)

    def segments(self) -> list[tuple[StrokePoint, StrokePoint]]:
        """Return the lines between its points; of one point, a line of no length."""
        return list(zip(self.points, self.points[1:] or self.points, strict=False))


class Shape(NamedTuple):
    """The inside of a rectangle, a lasso or a polygon."""

    path: QPainterPath
    erases: bool

    def changes(self, tiles: Tiles, size: QSize) -> Changes:
        """See `Operation`."""
        places = places_in(self.path.boundingRect().toAlignedRect(), size)

        def paint(painter: QPainter, _place: Place) -> None:
            painter.fillPath(self.path, _OPAQUE)

        return _painted(tiles, places, size, paint, erases=self.erases)


class Fill(NamedTuple):
    """Fill the connected area around a point."""

    point: QPoint
    erases: bool

    def changes(self, tiles: Tiles, size: QSize) -> Changes:
        """See `Operation`."""
        level = 0 if self.erases else 255
        x, y = self.point.x(), self.point.y()
        return _recomputed(
            tiles,
            QRect(QPoint(), size),
            size,
            lambda mask: morphology.fill_region(mask, x, y, level),
        )


class Invert(NamedTuple):
    """Swap masked and unmasked areas."""

    def changes(self, tiles: Tiles, size: QSize) -> Changes:
        """See `Operation`."""
        result: Changes = {}
        for place in places_in(QRect(QPoint(), size), size):
            whole, tile = cover(place, size), tiles.get(place)
            if tile is None:
                result[place] = whole
                continue
            image = whole.image.copy()
            painter = QPainter(image)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationOut)
            painter.drawImage(0, 0, tile.image)
            painter.end()
            result[place] = make_tile(image)
        return result


class Clear(NamedTuple):
    """Remove the whole mask."""

    def changes(self, tiles: Tiles, size: QSize) -> Changes:
        """See `Operation`."""
        return dict.fromkeys(tiles, None)


class Cover(NamedTuple):
    """Mask the whole image."""

    def changes(self, tiles: Tiles, size: QSize) -> Changes:
        """See `Operation`."""
        return {place: cover(place, size) for place in places_in(QRect(QPoint(), size), size)}


class Resize(NamedTuple):
    """Grow the masked area by some pixels, or shrink it by a negative number of them."""

    radius: int

    def changes(self, tiles: Tiles, size: QSize) -> Changes:
        """See `Operation`."""
        radius = abs(self.radius)
        change = morphology.grow if self.radius > 0 else morphology.shrink
        return _recomputed(
            tiles, _around(tiles, radius, size), size, lambda mask: change(mask, radius)
        )


class Feather(NamedTuple):
    """Blur the edge of the masked area."""

    radius: int

    def changes(self, tiles: Tiles, size: QSize) -> Changes:
        """See `Operation`."""
        rect = _around(tiles, morphology.FEATHER_REACH * self.radius, size)
        return _recomputed(tiles, rect, size, lambda mask: morphology.feather(mask, self.radius))


class Restore(NamedTuple):
    """Set tiles to what they were, to undo or redo."""

    packed: Packed

    def changes(self, tiles: Tiles, size: QSize) -> Changes:
        """See `Operation`."""
        return {place: unpack(data) for place, data in self.packed.items()}


def draw_segment(painter: QPainter, begin: StrokePoint, end: StrokePoint) -> None:
    """Draw a line with round ends, as wide as at its end."""
    painter.setPen(
        QPen(_OPAQUE, max(end.width, _MIN_WIDTH), Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
    )
    if begin.position == end.position:
        painter.drawPoint(end.position)
    else:
        painter.drawLine(begin.position, end.position)


def composition_of(*, erases: bool) -> QPainter.CompositionMode:
    """Return how an opaque color changes a mask."""
    mode = QPainter.CompositionMode
    return mode.CompositionMode_DestinationOut if erases else mode.CompositionMode_SourceOver


def _rect_of(begin: StrokePoint, end: StrokePoint) -> QRect:
    margin = end.width / 2 + 2
    line = QRectF(begin.position, end.position).normalized()
    return line.adjusted(-margin, -margin, margin, margin).toAlignedRect()


def _around(tiles: Tiles, radius: int, size: QSize) -> QRect:
    """Return the whole tiles that a change of the mask's edge by a radius can reach."""
    reach = bounds(tiles).adjusted(-radius, -radius, radius, radius)
    result = QRect()
    for place in places_in(reach, size):
        result |= place.rect
    return result & QRect(QPoint(), size)


def _painted(
    tiles: Tiles,
    places: Iterable[Place],
    size: QSize,
    paint: Callable[[QPainter, Place], None],
    *,
    erases: bool,
) -> Changes:
    """Return the tiles with something painted on them, in coordinates of the image."""
    result: Changes = {}
    for place in places:
        before = tiles.get(place)
        if before is None and erases:
            continue
        image = empty_tile_image() if before is None else before.image.copy()
        inside = place.rect & QRect(QPoint(), size)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setCompositionMode(composition_of(erases=erases))
        painter.translate(-place.rect.topLeft())
        painter.setClipRect(inside)
        paint(painter, place)
        painter.end()
        tile = make_tile(image) if before is None or image != before.image else before
        if tile is not before:
            result[place] = tile
    return result


def _recomputed(
    tiles: Tiles, rect: QRect, size: QSize, change: Callable[[NDArray[Any]], NDArray[Any]]
) -> Changes:
    """Return the tiles that differ after a function of the array of a rectangle of whole tiles."""
    if rect.isEmpty():
        return {}
    after = change(to_array(tiles, rect))
    result: Changes = {}
    for place in places_in(rect, size):
        old, new = tiles.get(place), tile_from(after, place, rect.topLeft())
        if new is not old and (new is None or old is None or new.image != old.image):
            result[place] = new
    return result
