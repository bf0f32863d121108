"""Shows an image on the whole screen."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from studio.core.translation import tr
from studio.ui.image.image_canvas import ImageCanvas
from studio.ui.image.image_levels import ImageLevels
from studio.ui.widgets.elided_label import ElidedLabel
from studio.ui.widgets.full_screen import FullScreenWindow


class FullScreenImage(FullScreenWindow):
    """Shows a result; arrow keys step to other ones."""

    step_requested = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.canvas = ImageCanvas("")
        self.caption = ElidedLabel(tr("Result"))
        self.caption.setContentsMargins(12, 4, 12, 6)
        self.column.addWidget(self.canvas, 1)
        self.column.addWidget(self.caption)
        self.canvas.step_requested.connect(self.step_requested)
        self.canvas.full_screen_requested.connect(self.close)
        self.canvas.setFocus()

    def show_image(self, levels: ImageLevels, caption: str) -> None:
        """Show an image with a line below it."""
        self.canvas.show_image(levels)
        self.caption.set_whole(caption)
