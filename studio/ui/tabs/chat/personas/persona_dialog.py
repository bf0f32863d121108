"""The dialog that edits a persona."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.core.presets import MAX_TITLE, PERSONAS, Preset, find_preset, presets
from studio.core.translation import tr, tr_marked
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.tabs.presets.store_preset import store_preset
from studio.ui.widgets.factory import button, label, name_control
from studio.ui.widgets.long_text_editor import LongTextEditor

SIZE = (520, 340)
KIND = "text"


class PersonaDialog(QDialog):
    """Asks for name and system prompt, and stores them as a preset."""

    stored = Signal(object)
    """The `Preset` that was stored."""

    def __init__(self, shared: AppState, preset: Preset | None, parent: QWidget) -> None:
        """`preset`: what is edited; None for a new persona."""
        super().__init__(parent)
        self._shared = shared
        is_shipped = preset is not None and preset.title in {one.title for one in presets(PERSONAS)}
        self._edited = preset.title if preset is not None and not is_shipped else ""
        """Title of the own persona that is edited; empty for a new one or a copy."""
        self.setWindowTitle(tr("Edit the persona") if self._edited else tr("New persona"))
        self.setModal(True)
        self.resize(*SIZE)
        self.name = QLineEdit()
        self.name.setMaxLength(MAX_TITLE)
        name_control(self.name, tr("Name"), tr("The persona's name in the menu of chats"))
        self.text = LongTextEditor()
        self.text.setTabChangesFocus(True)
        tip = tr("How the model should behave: its role, what to do, in which form to answer.")
        name_control(self.text, tr("System prompt"), tip)
        self.text.setPlaceholderText(tip)
        if preset is not None:
            title = tr_marked(preset.title)
            self.name.setText(tr("My {name}", name=title) if is_shipped else title)
            self.text.setPlainText(str(preset.values.get("system_prompt", "")))
        self._problem = label("", "error", wrap=True)
        self._problem.hide()
        self.save_button = button(
            tr("Save"), tr("Save the persona, and use it in this chat"), self.save, primary=True
        )
        self._lay_out()
        self.name.textChanged.connect(self._show_state)
        self.text.textChanged.connect(self._show_state)
        self._show_state()
        (self.text if preset is not None else self.name).setFocus()

    def _lay_out(self) -> None:
        buttons = QDialogButtonBox()
        buttons.addButton(self.save_button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel).clicked.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(label(tr("Name"), "muted"))
        layout.addWidget(self.name)
        layout.addWidget(label(tr("System prompt"), "muted"))
        layout.addWidget(self.text, 1)
        note = tr("Chats that have this persona already keep the text that they have.")
        layout.addWidget(label(note, "muted", wrap=True))
        layout.addWidget(self._problem)
        layout.addWidget(buttons)

    def _title(self) -> str:
        return " ".join(self.name.text().split())

    def _show_state(self) -> None:
        self.save_button.setEnabled(bool(self._title() and self.text.toPlainText().strip()))

    def save(self) -> None:
        """Store it; settings that an edited preset has besides stay."""
        title, text = self._title(), self.text.toPlainText().strip()
        data = self._shared.data

        def made() -> Preset:
            before = find_preset(data, KIND, title) if title == self._edited else None
            preset = before or Preset(title, {})
            values = {**preset.values, "system_prompt": text}
            return msgspec.structs.replace(preset, values=values)

        background.run(self, made, self._store, self._show_error)

    def _store(self, preset: Preset) -> None:
        def report() -> None:
            self.stored.emit(preset)
            self.accept()

        store_preset(
            self._shared, KIND, preset, self, report, self._show_error, replaces=self._edited
        )

    def _show_error(self, error: Exception) -> None:
        cure = error.cure if isinstance(error, StudioError) else tr("Check the free disk space.")
        self._problem.setText(f"{error} {cure}")
        self._problem.show()
