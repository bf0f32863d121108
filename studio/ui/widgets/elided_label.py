"""A line of text that is elided if it lacks space."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy

from studio.ui.widgets.factory import name_control

MAX_TIP = 2_000
"""Characters in the tooltip, and of the line before it is elided."""


class ElidedLabel(QLabel):
    """One line of plain text, elided where it lacks space; the whole text is in the tooltip."""

    def __init__(self, name: str = "", role: str = "") -> None:
        """`name` is the accessible name; without one, the text is."""
        super().__init__()
        self._name = name
        self.whole = ""
        """The text without the cut."""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        if role:
            self.setProperty("role", role)

    def set_whole(self, text: str, tip: str = "") -> None:
        """Show a text, whose lines become one; the tooltip is `tip` or the whole text."""
        self.whole = text
        shown = text[:MAX_TIP] + ("…" if len(text) > MAX_TIP else "")
        name_control(self, self._name or shown, tip or shown)
        self._elide()

    def minimumSizeHint(self) -> QSize:
        """Qt's override: any width will do."""
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Elide the text again."""
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        line = " ".join(self.whole[:MAX_TIP].split())
        self.setText(
            self.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, max(0, self.width()))
        )


def elided(text: str, tip: str = "") -> ElidedLabel:
    """Create an elided label with a text and a tooltip."""
    result = ElidedLabel()
    result.set_whole(text, tip)
    return result
