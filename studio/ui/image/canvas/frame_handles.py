"""The frame around the image: its edges and corners are dragged to crop or to extend."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPalette, QPen

from studio.media.masks.frame import MIN_SIDE, Frame

REACH = 10.0
"""Pixels of the widget around an edge in which it is dragged."""
_HANDLE = 9.0
_DIMMED = QColor(0, 0, 0, 150)


class Grip(NamedTuple):
    """Which edges a drag moves: −1 left or top, 1 right or bottom, 0 neither."""

    x: int
    y: int


WHOLE = Grip(0, 0)
_CURSORS = {
    Grip(-1, -1): Qt.CursorShape.SizeFDiagCursor,
    Grip(1, 1): Qt.CursorShape.SizeFDiagCursor,
    Grip(1, -1): Qt.CursorShape.SizeBDiagCursor,
    Grip(-1, 1): Qt.CursorShape.SizeBDiagCursor,
    Grip(-1, 0): Qt.CursorShape.SizeHorCursor,
    Grip(1, 0): Qt.CursorShape.SizeHorCursor,
    Grip(0, -1): Qt.CursorShape.SizeVerCursor,
    Grip(0, 1): Qt.CursorShape.SizeVerCursor,
    WHOLE: Qt.CursorShape.SizeAllCursor,
}


def cursor_of(grip: Grip | None) -> Qt.CursorShape:
    """Return the cursor that shows what a drag does."""
    return Qt.CursorShape.ArrowCursor if grip is None else _CURSORS[grip]


def grip_at(point: QPointF, rect: QRectF) -> Grip | None:
    """Return what is dragged from a point of the widget; `rect`: the frame there."""

    def edge(value: float, begin: float, end: float) -> int:
        to_begin, to_end = abs(value - begin), abs(value - end)
        if min(to_begin, to_end) > REACH:
            return 0
        return -1 if to_begin < to_end else 1

    if not rect.adjusted(-REACH, -REACH, REACH, REACH).contains(point):
        return None
    return Grip(
        edge(point.x(), rect.left(), rect.right()), edge(point.y(), rect.top(), rect.bottom())
    )


def dragged(
    frame: Frame, grip: Grip, moved: QPointF, size: tuple[int, int], most: tuple[int, int]
) -> Frame:
    """Return the frame with edges moved by a distance in pixels of the image of this size.

    `most`: how far it may reach over the image horizontally and vertically.
    """
    left, right = _dragged_side(
        (frame.left, frame.right), grip.x, round(moved.x()), size[0], most[0], grip == WHOLE
    )
    top, bottom = _dragged_side(
        (frame.top, frame.bottom), grip.y, round(moved.y()), size[1], most[1], grip == WHOLE
    )
    return Frame(left, top, right, bottom)


def _dragged_side(
    side: tuple[int, int], edge: int, by: int, length: int, most: int, moves: bool
) -> tuple[int, int]:
    begin, end = side
    low, high = -most, length + most
    if moves:
        by = max(low - begin, min(high - end, by))
        # The frame keeps a part of the image.
        by = max(MIN_SIDE - end, min(length - MIN_SIDE - begin, by))
        return begin + by, end + by
    if edge < 0:
        begin = max(low, min(begin + by, end - MIN_SIDE, length - MIN_SIDE))
    if edge > 0:
        end = min(high, max(end + by, begin + MIN_SIDE, MIN_SIDE))
    return begin, end


def draw_frame(painter: QPainter, rect: QRectF, image: QRectF, palette: QPalette) -> None:
    """Draw the frame, what it cuts off and what it adds, in pixels of the widget."""
    cut = QPainterPath()
    cut.addRect(image)
    inside = QPainterPath()
    inside.addRect(rect)
    painter.fillPath(cut - inside, _DIMMED)
    added = inside - cut
    painter.fillPath(added, palette.color(QPalette.ColorRole.AlternateBase))
    accent = palette.color(QPalette.ColorRole.Highlight)
    stripes = QColor(accent)
    stripes.setAlpha(90)
    painter.fillPath(added, stripes)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    # Two outlines, so that the frame is visible on light and on dark.
    for color, width in ((QColor(0, 0, 0), 3.0), (accent.lighter(140), 1.5)):
        painter.setPen(QPen(color, width))
        painter.drawRect(rect)
    painter.setPen(QPen(QColor(0, 0, 0), 1))
    painter.setBrush(QColor(255, 255, 255))
    for x in (rect.left(), rect.center().x(), rect.right()):
        for y in (rect.top(), rect.center().y(), rect.bottom()):
            if QPointF(x, y) != rect.center():
                half = _HANDLE / 2
                painter.drawRect(QRectF(x - half, y - half, _HANDLE, _HANDLE))
