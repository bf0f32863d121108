"""A handle below an editor that changes its height, with the mouse or the arrow keys."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from studio.core.translation import tr
from studio.ui.widgets.factory import name_control

HEIGHT = 8
STEP = 24
MAX_HEIGHT = 900


class ResizeHandle(QWidget):
    """Set `min_height` below the editor's usual height to let it shrink."""

    height_changed = Signal(int)
    """The user chose another height, in pixels."""

    def __init__(self, editor: QWidget, min_height: int) -> None:
        super().__init__()
        self._editor = editor
        self._min_height = min_height
        self._grabbed: tuple[float, int] | None = None
        """Position of the mouse and height of the editor when the button was pressed."""
        self.setFixedHeight(HEIGHT)
        self.setCursor(Qt.CursorShape.SizeVerCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        name_control(
            self,
            tr("Height of {editor}", editor=editor.accessibleName()),
            tr("Drag to make it higher"),
        )

    def set_height(self, height: int) -> None:
        """Give the editor a height, within the limits."""
        self._editor.setFixedHeight(max(self._min_height, min(MAX_HEIGHT, height)))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to drag."""
        self._grabbed = (event.globalPosition().y(), self._editor.height())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the mouse."""
        if self._grabbed is not None:
            start, height = self._grabbed
            self.set_height(height + round(event.globalPosition().y() - start))

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """End the drag."""
        if self._grabbed is not None:
            self._grabbed = None
            self.height_changed.emit(self._editor.height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down change the height."""
        steps = {Qt.Key.Key_Up: -STEP, Qt.Key.Key_Down: STEP}
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        self.set_height(self._editor.height() + step)
        self.height_changed.emit(self._editor.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw three dots; in the accent color with the focus."""
        palette = self.palette()
        color = palette.highlight() if self.hasFocus() else palette.mid()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        middle = self.rect().center()
        for offset in (-8, 0, 8):
            painter.drawEllipse(middle.x() + offset - 1, middle.y() - 1, 3, 3)
        painter.end()
