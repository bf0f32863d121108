"""The canvas itself: an image with its mask, control image and frame, and the tools on it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QEnterEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPointingDevice,
    QTabletEvent,
    QUndoCommand,
    QWheelEvent,
)

from studio.core.translation import tr
from studio.media.masks.frame import Frame, rounded_to
from studio.ui.image.canvas.editable_mask import EditableMask
from studio.ui.image.canvas.frame_handles import Grip, cursor_of, dragged, grip_at
from studio.ui.image.canvas.layers import LayeredCanvas
from studio.ui.image.canvas.operations import Operation, Stroke
from studio.ui.image.canvas.tools import BrushTool, Pointer, Tool, ToolKind, make_tools
from studio.ui.image.image_levels import ImageLevels

BRUSH_SIZES = (2, 400)
"""In pixels of the widget."""


class _FrameStep(QUndoCommand):
    """A change of the frame."""

    def __init__(self, view: CanvasView, frame: Frame) -> None:
        super().__init__(tr("Frame"))
        self._view, self._before, self._after = view, view.frame, frame

    def redo(self) -> None:
        """Qt's override."""
        self._view.set_frame(self._after)

    def undo(self) -> None:
        """Qt's override."""
        self._view.set_frame(self._before)


class CanvasView(LayeredCanvas):
    """Zooms, pans, and lets the tools draw on the mask."""

    frame_changed = Signal()
    brush_changed = Signal()

    def __init__(self, mask: EditableMask) -> None:
        super().__init__(mask)
        self.tools = make_tools()
        self.brush = 40
        """Width in pixels of the widget, so that a brush is as large at every zoom."""
        self.erases = False
        """True if the tools remove from the mask."""
        self.can_extend = True
        """False if the frame can only crop."""
        self.multiple = 8
        """The sides of the frame are multiples of it."""
        self._kind = ToolKind.BRUSH
        self._strokes: list[Stroke] = []
        """Drawn, but not in the tiles yet."""
        self._outlined = QRectF()
        """Where the outline of a shape was painted last, in the widget."""
        self._cursor: QPointF | None = None
        self._panned_from: QPointF | None = None
        self._space = False
        self._dragged: tuple[Grip, QPointF, Frame] | None = None
        self.setMouseTracking(True)

    # The tool
    # ----------------------------------------------------------------------

    def open_image(self, levels: ImageLevels) -> None:
        """See `LayeredCanvas`."""
        for tool in self.tools.values():
            tool.cancel()
        self._strokes.clear()
        self._dragged = None
        super().open_image(levels)

    @property
    def kind(self) -> ToolKind:
        """The tool that is chosen."""
        return self._kind

    def choose(self, kind: ToolKind) -> None:
        """Choose a tool; a shape that is not closed is dropped."""
        if (tool := self.tools.get(self._kind)) is not None:
            tool.cancel()
        self._kind = kind
        self.has_frame_space = kind is ToolKind.FRAME
        self.set_frame(self.frame)
        self.update_cursor()

    def set_brush(self, size: int) -> None:
        """Set the width of the brush, in pixels of the widget."""
        self.brush = max(BRUSH_SIZES[0], min(BRUSH_SIZES[1], size))
        self.brush_changed.emit()
        self.update()

    def request_frame(self, frame: Frame) -> None:
        """Set the frame with sides that the model can generate, as a step to undo."""
        frame = rounded_to(frame, self.image_size, self.multiple)
        if frame != self.frame:
            self.painted.push(_FrameStep(self, frame))

    def set_frame(self, frame: Frame) -> None:
        """Set what is cropped off or added."""
        self.frame = frame
        self.set_zoom(self.zoom) if not self.is_fit else self.fit()
        self.frame_changed.emit()

    # Operations
    # ----------------------------------------------------------------------

    def apply(self, operation: Operation | None, title: str = "") -> None:
        """Change the mask; a stroke stays visible until its tiles are there."""
        if operation is None or self.is_empty:
            return
        if isinstance(operation, Stroke):
            self._strokes.append(operation)
            stroke = operation
            self.painted.apply(
                operation, title or tr("Stroke"), lambda: self._strokes.remove(stroke)
            )
        else:
            self.painted.apply(operation, title or tr("Shape"))

    def finish_shape(self) -> bool:
        """Close the polygon that is being drawn; return whether there was one."""
        tool = self.tools.get(self._kind)
        if tool is None or not tool.is_active:
            return False
        self.apply(tool.finish())
        self.update()
        return True

    def cancel_shape(self) -> bool:
        """Drop what is being drawn; return whether there was something."""
        tool = self.tools.get(self._kind)
        if tool is None or not tool.is_active:
            return False
        tool.cancel()
        self.overlay.invalidate()
        self.update()
        return True

    def pending_strokes(self) -> Sequence[Stroke]:
        """See `LayeredCanvas`."""
        tool = self.tools.get(self._kind)
        if isinstance(tool, BrushTool) and tool.is_active:
            return [*self._strokes, Stroke(tuple(tool.points), tool.erases)]
        return self._strokes

    # Pointer
    # ----------------------------------------------------------------------

    def _pointer(self, position: QPointF, pressure: float, *, erases: bool) -> Pointer:
        inverted = self._kind is ToolKind.ERASER or self.erases != erases
        return Pointer(self.to_image(position), pressure, self.brush / self.factor, inverted)

    def _press(self, position: QPointF, pressure: float = 1.0, *, erases: bool = False) -> None:
        if self.is_empty:
            return
        if self._kind is ToolKind.FRAME:
            grip = grip_at(position, self.frame_rect())
            if grip is not None:
                self.fixed_content = self.content_rect()
                self._dragged = (grip, position, self.frame)
            return
        pointer = self._pointer(position, pressure, erases=erases)
        if self._kind is ToolKind.FILL and not self._is_inside(pointer.point):
            return
        tool = self.tools[self._kind]
        self.apply(tool.press(pointer), tr("Fill"))
        self._draw_live(tool)

    def _is_inside(self, point: QPointF) -> bool:
        width, height = self.image_size
        return 0 <= point.toPoint().x() < width and 0 <= point.toPoint().y() < height

    def _move(self, position: QPointF, pressure: float = 1.0) -> None:
        self._move_cursor(position)
        if self._dragged is not None:
            grip, begin, frame = self._dragged
            most = self.image_size if self.can_extend else (0, 0)
            moved = (position - begin) / self.factor
            self.frame = dragged(frame, grip, moved, self.image_size, most)
            self.frame_changed.emit()
            self.update()
            return
        tool = self.tools.get(self._kind)
        if tool is not None and tool.is_active:
            tool.move(self._pointer(position, pressure, erases=False))
            self._draw_live(tool)

    def _release(self, position: QPointF, pressure: float = 1.0) -> None:
        if self._dragged is not None:
            before = self._dragged[2]
            self._dragged, self.fixed_content = None, None
            moved, self.frame = self.frame, before
            if moved != before:
                self.request_frame(moved)
            return
        tool = self.tools.get(self._kind)
        if tool is not None and tool.is_active:
            operation = tool.release(self._pointer(position, pressure, erases=False))
            self.apply(operation)
            if not isinstance(tool, BrushTool):
                self.update()

    def _draw_live(self, tool: Tool) -> None:
        """Draw the newest part of a stroke, and repaint only that."""
        if not isinstance(tool, BrushTool):
            self._update_outline(tool)
            return
        points = tool.points
        changed = self.overlay.add_segment(points[-2:][0], points[-1], erases=tool.erases)
        self.update(changed)

    def _update_outline(self, tool: Tool) -> None:
        """Repaint where the outline of a shape is or was."""
        rect = tool.outline().boundingRect()
        now = QRectF(self.from_image(rect.topLeft()), self.from_image(rect.bottomRight()))
        now = now.adjusted(-3, -3, 3, 3)
        self.update((now | self._outlined).toAlignedRect())
        self._outlined = now

    def _move_cursor(self, position: QPointF | None) -> None:
        for place in (self._cursor, position):
            if place is not None:
                self.update(self._cursor_rect(place))
        self._cursor = position
        if self._kind is ToolKind.FRAME and self._dragged is None and position is not None:
            self.setCursor(cursor_of(grip_at(position, self.frame_rect())))

    def _cursor_rect(self, place: QPointF) -> QRect:
        radius = self.brush / 2 + 3
        return QRectF(place, place).adjusted(-radius, -radius, radius, radius).toAlignedRect()

    def update_cursor(self) -> None:
        """See `ImageCanvas`."""
        if self._panned_from is not None:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif self._space:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        elif self._kind is ToolKind.FRAME:
            self.setCursor(Qt.CursorShape.ArrowCursor)
        else:
            self.setCursor(Qt.CursorShape.CrossCursor)

    # Qt's events
    # ----------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to draw, or to move the image with the middle button or the space bar."""
        if event.button() is Qt.MouseButton.MiddleButton or self._space:
            self._panned_from = event.position()
            self.update_cursor()
        elif event.button() is Qt.MouseButton.LeftButton:
            alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
            self._press(event.position(), erases=alt)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Draw, or move the image."""
        if self._panned_from is not None:
            self.pan_by(event.position() - self._panned_from)
            self._panned_from = event.position()
        else:
            self._move(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a stroke, a shape or a move."""
        if self._panned_from is not None:
            self._panned_from = None
            self.update_cursor()
        elif event.button() is Qt.MouseButton.LeftButton:
            self._release(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Close a polygon; other tools draw once more."""
        if not (self._kind is ToolKind.POLYGON and self.finish_shape()):
            self.mousePressEvent(event)

    def tabletEvent(self, event: QTabletEvent) -> None:
        """Draw with the pressure of the pen; its other end erases."""
        kind, position = event.type(), event.position()
        is_eraser = event.pointerType() is QPointingDevice.PointerType.Eraser
        if kind == QEvent.Type.TabletPress and event.button() is Qt.MouseButton.LeftButton:
            self._press(position, event.pressure(), erases=is_eraser)
        elif kind == QEvent.Type.TabletMove:
            self._move(position, event.pressure())
        elif kind == QEvent.Type.TabletRelease:
            self._release(position, event.pressure())
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the pointer, or with Ctrl change the brush."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            notches = event.angleDelta().y() / 120
            self.set_brush(round(self.brush * 1.25**notches) + (1 if notches > 0 else 0))
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Zoom, or move the image with the arrow keys or the space bar."""
        steps = {
            Qt.Key.Key_Left: QPointF(40, 0),
            Qt.Key.Key_Right: QPointF(-40, 0),
            Qt.Key.Key_Up: QPointF(0, 40),
            Qt.Key.Key_Down: QPointF(0, -40),
        }
        key = Qt.Key(event.key())
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()  # Ctrl+Z undoes, only Z zooms
        elif key in steps and self.can_pan:
            self.pan_by(steps[key])
        elif key == Qt.Key.Key_Space:
            self._space = True
            self.update_cursor()
        elif key not in steps:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """End moving with the space bar."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self.update_cursor()
        else:
            super().keyReleaseEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show no menu: the right button draws nothing."""
        event.accept()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show the brush."""
        self._move_cursor(event.position())

    def leaveEvent(self, _event: QEvent) -> None:
        """Hide the brush."""
        self._move_cursor(None)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the layers, and what is being drawn."""
        super().paintEvent(event)
        if not self.is_empty:
            self._draw_outline(QPainter(self))

    def _draw_outline(self, painter: QPainter) -> None:
        """Draw the shape that is being drawn, and the brush."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # Two outlines, so that they are visible on light and on dark.
        colors = ((QColor(0, 0, 0), 3.0), (QColor(255, 255, 255), 1.0))
        tool = self.tools.get(self._kind)
        if tool is not None and tool.is_active and not isinstance(tool, BrushTool):
            painter.save()
            painter.translate(self.target_rect().topLeft())
            painter.scale(self.factor, self.factor)
            for color, width in colors:
                pen = QPen(color, width)
                pen.setCosmetic(True)
                painter.setPen(pen)
                painter.drawPath(tool.outline())
            painter.restore()
        if self._cursor is not None and isinstance(tool, BrushTool):
            for color, width in colors:
                painter.setPen(QPen(color, width))
                painter.drawEllipse(self._cursor, self.brush / 2, self.brush / 2)
