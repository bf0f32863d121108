"""The bar below a document: let a model go on, change a part, and decide about its text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QMenu, QToolButton, QVBoxLayout, QWidget

from studio.core.translation import tr, tr_marked
from studio.ui.text.writing.generation import DocumentGeneration
from studio.ui.text.writing.instructions import FORMS, REWRITINGS, TRANSLATIONS, Instruction
from studio.ui.widgets.elided_label import ElidedLabel
from studio.ui.widgets.factory import button, name_control, row


class GenerateBar(QWidget):
    """Shows what can be done in each state of the generation."""

    continue_requested = Signal()
    """The model is to go on from the cursor."""
    instruction_chosen = Signal(object)
    """Instruction: an entry of the menu."""
    instruction_written = Signal(str)
    """The person's own instruction, for once."""
    save_requested = Signal(str)
    """Keep the person's instruction in the menu."""

    def __init__(self, generation: DocumentGeneration) -> None:
        super().__init__()
        self._generation = generation
        self.own: Callable[[Callable[[Sequence[Instruction]], None]], None] = lambda _show: None
        """Reads the person's own instructions for the menu."""
        self.continue_button = button(
            tr("Continue"),
            tr("Let the model go on from the cursor (Ctrl+Enter)"),
            self.continue_requested.emit,
            "play",
        )
        self.menu = QMenu(self)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.change_button = QToolButton()
        self.change_button.setText(tr("Change") + "  ▾")
        name_control(
            self.change_button,
            tr("Change"),
            tr("Let the model change what is selected, or the whole text"),
        )
        self.change_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.change_button.setMenu(self.menu)
        self.instruction = QLineEdit()
        self.instruction.setPlaceholderText(tr("Or say what to change, then press Enter"))
        name_control(
            self.instruction,
            tr("Own instruction"),
            tr("What the model is to do with the selection, or with the whole text"),
        )
        self.instruction.returnPressed.connect(self._on_written)
        self.idle_row = row(self.continue_button, self.change_button, self.instruction)
        name = tr("State of the model's text")
        self.status = ElidedLabel(name, "muted")  # not translated: a role
        self.stop_button = button(
            tr("Stop"), tr("Stop, and keep what is there"), generation.stop, "stop"
        )
        self.more_button = button(
            tr("Continue"), tr("Keep the text, and go on from its end"), self._go_on, "play"
        )
        self.accept_button = button(
            tr("Accept"), tr("Keep the model's text"), generation.accept, primary=True
        )
        self.reject_button = button(
            tr("Reject"), tr("Put back what was there before"), generation.reject
        )
        self.retry_button = button(
            tr("Try again"), tr("Write another text in its place"), generation.retry, "retry"
        )
        self.status_row = row(self.status, self.stop_button)
        self.decision_row = row(
            self.accept_button, self.reject_button, self.retry_button, self.more_button, None
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for one in (self.status_row, self.decision_row, self.idle_row):
            layout.addWidget(one)
        generation.state_changed.connect(self._show_state)
        generation.status_changed.connect(self.status.set_whole)
        self._show_state("idle")

    def _show_state(self, state: str) -> None:
        has_focus = self.isAncestorOf(self.focusWidget()) if self.focusWidget() else False
        self.idle_row.setVisible(state == "idle")
        self.status_row.setVisible(state != "idle")
        self.stop_button.setVisible(state == "running")
        self.decision_row.setVisible(state == "done")
        self.retry_button.setVisible(self._generation.writing is not None)
        self.more_button.setVisible(state == "done" and self._generation.stopped_at_length)
        if has_focus and state == "done":
            self.accept_button.setFocus()

    def _go_on(self) -> None:
        place = self._generation.place
        self._generation.accept()
        self._generation.go_to(place)
        self.continue_requested.emit()

    def _on_written(self) -> None:
        if text := self.instruction.text().strip():
            self.instruction_written.emit(text)

    def _fill_menu(self) -> None:
        menu = self.menu
        menu.clear()
        for one in REWRITINGS:
            self._add(menu, tr_marked(one.title), one)
        menu.addSeparator()
        for one in FORMS:
            self._add(menu, tr_marked(one.title), one)
        languages = menu.addMenu(tr("Translate into"))
        for one in TRANSLATIONS:
            self._add(languages, tr_marked(one.title), one)
        menu.addSeparator()
        written = self.instruction.text().strip()
        keep = menu.addAction(tr("Keep the instruction in this menu"))
        keep.setEnabled(bool(written))
        keep.triggered.connect(lambda _checked=False: self.save_requested.emit(written))

        def show(own: Sequence[Instruction]) -> None:
            for one in own:
                self._add(menu, one.title.replace("&", "&&"), one)

        self.own(show)

    def _add(self, menu: QMenu, title: str, instruction: Instruction) -> None:
        action = menu.addAction(title)
        action.triggered.connect(lambda _checked=False: self.instruction_chosen.emit(instruction))
