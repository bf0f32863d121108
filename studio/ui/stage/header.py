"""The line above a result: its prompt, and with which model and seed, when and from which batch."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from studio.ui.widgets.factory import button, label, name_control, row

MAX_TIP = 2_000
"""Characters of a prompt in its tooltip."""


class ElidedLabel(QLabel):
    """One line of plain text, elided where it lacks space; the whole text is in the tooltip."""

    def __init__(self, name: str, role: str = "") -> None:
        super().__init__()
        self._name = name
        self.whole = ""
        """The text without the cut."""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        if role:
            self.setProperty("role", role)

    def set_whole(self, text: str) -> None:
        """Show a text; its lines become one."""
        self.whole = text
        shown = text[:MAX_TIP] + ("…" if len(text) > MAX_TIP else "")
        name_control(self, self._name, shown)
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


class StageHeader(QWidget):
    """Names the result that is shown, and whether the form has other settings."""

    load_requested = Signal()
    """The user wants the settings of the result in the form."""
    return_requested = Signal()
    """The user wants to see what runs, or the whole batch."""

    def __init__(self) -> None:
        super().__init__()
        self.prompt = ElidedLabel("Prompt of the result", "title")
        self.facts = ElidedLabel("Settings of the result", "muted")
        self._difference = label("The form has other settings.", "muted")
        self.load_button = button(
            "Load these into the form",
            "Fill the form with the prompt and the settings of this result",
            self.load_requested.emit,
        )
        self.return_button = button("", "Show", self.return_requested.emit)
        self._difference_row = row(self._difference, self.load_button, None)
        self._titles = row(self.prompt, self.return_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._titles)
        layout.addWidget(self.facts)
        layout.addWidget(self._difference_row)
        self.show_difference(False)
        self.offer_return("", "")
        self.clear()

    def show_result(self, prompt: str, facts: str) -> None:
        """Show the texts of a result."""
        self.prompt.set_whole(prompt)
        self.facts.set_whole(facts)
        self.show()

    def clear(self) -> None:
        """Show nothing."""
        self.hide()

    def show_difference(self, is_different: bool) -> None:
        """Show or hide that the form has other settings than the result."""
        self._difference_row.setVisible(is_different)

    def offer_return(self, title: str, tip: str) -> None:
        """Offer a button that leaves this result, or none for an empty title."""
        self.return_button.setText(title)
        name_control(self.return_button, title or "Back", tip or "Back")
        self.return_button.setVisible(bool(title))
