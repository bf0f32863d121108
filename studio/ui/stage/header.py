"""The line above a result: its prompt, and with which model and seed, when and from which batch."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.core.translation import tr
from studio.ui.widgets.elided_label import ElidedLabel
from studio.ui.widgets.factory import button, label, name_control, row


class StageHeader(QWidget):
    """Names the result that is shown, and whether the form has other settings."""

    load_requested = Signal()
    """The user wants the settings of the result in the form."""
    return_requested = Signal()
    """The user wants to see what runs, or the whole batch."""

    def __init__(self) -> None:
        super().__init__()
        self.prompt = ElidedLabel(tr("Prompt of the result"), "title")  # not translated: a role
        self.facts = ElidedLabel(tr("Settings of the result"), "muted")  # not translated: a role
        self._difference = label(tr("The form has other settings."), "muted")
        self.load_button = button(
            tr("Load these into the form"),
            tr("Fill the form with the prompt and the settings of this result"),
            self.load_requested.emit,
        )
        self.return_button = button("", tr("Show"), self.return_requested.emit)
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
        name_control(self.return_button, title or tr("Back"), tip or tr("Back"))
        self.return_button.setVisible(bool(title))
