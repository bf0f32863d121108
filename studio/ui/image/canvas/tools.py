"""The tools that change a mask: what the pointer does becomes an operation."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath, QPolygonF

from studio.ui.image.canvas.operations import Fill, Operation, Shape, Stroke, StrokePoint

MIN_PRESSURE = 0.05
"""A pen that hardly touches still draws a thin line."""


class ToolKind(StrEnum):
    """What the pointer does."""

    BRUSH = "brush"
    ERASER = "eraser"
    RECTANGLE = "rectangle"
    LASSO = "lasso"
    POLYGON = "polygon"
    FILL = "fill"
    FRAME = "frame"


class Pointer(NamedTuple):
    """Where the mouse or pen is, in pixels of the image."""

    point: QPointF
    pressure: float = 1.0
    brush: float = 1.0
    """Width of the brush in pixels of the image."""
    erases: bool = False

    @property
    def stroke_point(self) -> StrokePoint:
        """The point of a stroke here."""
        return StrokePoint(self.point, self.brush * max(MIN_PRESSURE, self.pressure))


class Tool:
    """Collects what the pointer does from press to release."""

    def __init__(self) -> None:
        self.is_active = False
        """True while a shape or stroke is being drawn."""
        self.erases = False

    def press(self, pointer: Pointer) -> Operation | None:
        """Begin, or add a corner."""
        self.is_active, self.erases = True, pointer.erases
        return None

    def move(self, pointer: Pointer) -> None:
        """Follow the pointer."""

    def release(self, pointer: Pointer) -> Operation | None:
        """Return what was drawn."""
        self.is_active = False
        return None

    def finish(self) -> Operation | None:
        """Return the shape that has been drawn so far."""
        self.cancel()
        return None

    def cancel(self) -> None:
        """Forget what has been drawn so far."""
        self.is_active = False

    def outline(self) -> QPainterPath:
        """Return the shape that is being drawn, in pixels of the image."""
        return QPainterPath()


class BrushTool(Tool):
    """Draws a line as wide as the brush."""

    def __init__(self) -> None:
        super().__init__()
        self.points: list[StrokePoint] = []

    def press(self, pointer: Pointer) -> Operation | None:
        """See `Tool`."""
        self.points = [pointer.stroke_point]
        return super().press(pointer)

    def move(self, pointer: Pointer) -> None:
        """See `Tool`."""
        self.points.append(pointer.stroke_point)

    def release(self, pointer: Pointer) -> Operation | None:
        """See `Tool`."""
        super().release(pointer)
        return Stroke(tuple(self.points), self.erases)


class RectangleTool(Tool):
    """Masks a rectangle from corner to corner."""

    def __init__(self) -> None:
        super().__init__()
        self._begin = self._end = QPointF()

    def press(self, pointer: Pointer) -> Operation | None:
        """See `Tool`."""
        self._begin = self._end = _pixel(pointer.point)
        return super().press(pointer)

    def move(self, pointer: Pointer) -> None:
        """See `Tool`."""
        self._end = _pixel(pointer.point)

    def release(self, pointer: Pointer) -> Operation | None:
        """See `Tool`."""
        self.move(pointer)
        super().release(pointer)
        path = self.outline()
        return None if path.boundingRect().isEmpty() else Shape(path, self.erases)

    def outline(self) -> QPainterPath:
        """See `Tool`."""
        path = QPainterPath()
        path.addRect(QRectF(self._begin, self._end).normalized())
        return path


class LassoTool(Tool):
    """Masks what a line drawn by hand encloses."""

    def __init__(self) -> None:
        super().__init__()
        self._points: list[QPointF] = []

    def press(self, pointer: Pointer) -> Operation | None:
        """See `Tool`."""
        self._points = [pointer.point]
        return super().press(pointer)

    def move(self, pointer: Pointer) -> None:
        """See `Tool`."""
        self._points.append(pointer.point)

    def release(self, pointer: Pointer) -> Operation | None:
        """See `Tool`."""
        super().release(pointer)
        return _shape(self._points, erases=self.erases)

    def outline(self) -> QPainterPath:
        """See `Tool`."""
        return _path(self._points)


class PolygonTool(Tool):
    """Masks a polygon: each click adds a corner, a double click or Enter closes it."""

    def __init__(self) -> None:
        super().__init__()
        self._corners: list[QPointF] = []
        self._cursor = QPointF()

    def press(self, pointer: Pointer) -> Operation | None:
        """See `Tool`."""
        if not self.is_active:
            self._corners = []
            super().press(pointer)
        self._cursor = pointer.point
        self._corners.append(pointer.point)
        return None

    def move(self, pointer: Pointer) -> None:
        """See `Tool`."""
        self._cursor = pointer.point

    def release(self, pointer: Pointer) -> Operation | None:
        """See `Tool`. The polygon stays open."""
        return None

    def finish(self) -> Operation | None:
        """See `Tool`."""
        self.is_active = False
        return _shape(self._corners, erases=self.erases)

    def outline(self) -> QPainterPath:
        """See `Tool`."""
        return _path([*self._corners, self._cursor])


class FillTool(Tool):
    """Fills the area around a point up to the edge of the mask."""

    def press(self, pointer: Pointer) -> Operation | None:
        """See `Tool`."""
        return Fill(pointer.point.toPoint(), pointer.erases)


def _pixel(point: QPointF) -> QPointF:
    """Return the nearest corner of a pixel, so that rectangles have sharp edges."""
    return QPointF(round(point.x()), round(point.y()))


def _path(points: list[QPointF]) -> QPainterPath:
    path = QPainterPath()
    if points:
        path.addPolygon(QPolygonF(points))
        path.closeSubpath()
    return path


def _shape(points: list[QPointF], *, erases: bool) -> Operation | None:
    path = _path(points)
    return None if path.boundingRect().isEmpty() else Shape(path, erases)


def make_tools() -> dict[ToolKind, Tool]:
    """Return a tool of each kind that changes the mask."""
    return {
        ToolKind.BRUSH: BrushTool(),
        ToolKind.ERASER: BrushTool(),
        ToolKind.RECTANGLE: RectangleTool(),
        ToolKind.LASSO: LassoTool(),
        ToolKind.POLYGON: PolygonTool(),
        ToolKind.FILL: FillTool(),
    }
