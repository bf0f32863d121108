"""A line of text that is elided if it lacks space."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy

from studio.ui.widgets.factory import name_control


class ElidedLabel(QLabel):
    """Takes any width; its tooltip and accessible name hold the whole text."""

    def __init__(self, text: str = "", tip: str = "") -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.whole_text = ""
        self.set_text(text, tip)

    def set_text(self, text: str, tip: str = "") -> None:
        """Show a text; the tooltip is `tip` or the whole text."""
        self.whole_text = text
        name_control(self, text, tip or text)
        self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Elide the text."""
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        mode = Qt.TextElideMode.ElideRight
        self.setText(self.fontMetrics().elidedText(self.whole_text, mode, self.width()))
