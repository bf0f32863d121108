"""A black window on the whole screen."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QColor, QKeyEvent, QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget


class FullScreenWindow(QWidget):
    """A window of its own for one content; Esc or F11 closes and deletes it."""

    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle("Studio")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAutoFillBackground(True)
        palette = QPalette(self.palette())
        palette.setColor(QPalette.ColorRole.Window, QColor("black"))
        palette.setColor(QPalette.ColorRole.WindowText, QColor("#c8c8c8"))
        self.setPalette(palette)
        self.column = QVBoxLayout(self)
        """What the window shows, from the top."""
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close the window with Esc or F11."""
        if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_F11):
            self.close()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Report that the window is closed."""
        self.closed.emit()
        super().closeEvent(event)
