"""Shows an image on the whole screen."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QColor, QKeyEvent, QPalette
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.core.translation import tr
from studio.ui.image.image_canvas import ImageCanvas
from studio.ui.image.image_levels import ImageLevels
from studio.ui.widgets.elided_label import ElidedLabel


class FullScreen(QWidget):
    """A window of its own; Esc or F11 closes it, arrow keys step to other results."""

    step_requested = Signal(int)
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
        self.canvas = ImageCanvas("")
        self.caption = ElidedLabel(tr("Result"))
        self.caption.setContentsMargins(12, 4, 12, 6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.caption)
        self.canvas.step_requested.connect(self.step_requested)
        self.canvas.full_screen_requested.connect(self.close)
        self.canvas.setFocus()

    def show_image(self, levels: ImageLevels, caption: str) -> None:
        """Show an image with a line below it."""
        self.canvas.show_image(levels)
        self.caption.set_whole(caption)

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
