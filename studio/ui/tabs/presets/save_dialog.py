"""The dialog that saves a form as a preset."""

from __future__ import annotations

import msgspec
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.core.presets import TASK, Preset, describe
from studio.core.translation import tr
from studio.ui.app_state import AppState
from studio.ui.tabs.presets.store_preset import store_preset
from studio.ui.widgets.factory import button, label, name_control

WIDTH = 420


class SaveDialog(QDialog):
    """Asks for a name and which parts of the form to save."""

    def __init__(self, shared: AppState, kind: str, form: Preset, parent: QWidget) -> None:
        super().__init__(parent)
        self._shared = shared
        self._kind = kind
        self._form = form
        self.setWindowTitle(tr("Save as a preset"))
        self.setModal(True)
        self.setMinimumWidth(WIDTH)
        self.title = QLineEdit()
        name_control(self.title, tr("Name"), tr("The preset's name in the menu"))
        self.with_prompt = self._part(tr("Prompt"), "prompt")
        self.with_model = self._part(tr("Model"), "model")
        self.with_task = self._part(tr("Task with its fields"), TASK)
        self.with_task.setVisible(self.with_task.isEnabled())
        self.with_settings = QCheckBox(tr("Settings that differ from the model's defaults"))
        self.with_settings.setChecked(True)
        self._summary = label("", "muted", wrap=True)
        self._problem = label("", "error", wrap=True)
        self._problem.hide()
        self.save_button = button(tr("Save"), tr("Save the preset"), self.save, primary=True)
        self._lay_out()
        for box in (self.with_task, self.with_prompt, self.with_model, self.with_settings):
            box.toggled.connect(self._show_summary)
        self.title.textChanged.connect(self._show_summary)
        self._show_summary()

    def _part(self, text: str, name: str) -> QCheckBox:
        box = QCheckBox(text)
        box.setEnabled(bool(self._form.values.get(name)))
        box.setChecked(box.isEnabled())
        return box

    def _lay_out(self) -> None:
        buttons = QDialogButtonBox()
        buttons.addButton(self.save_button, QDialogButtonBox.ButtonRole.AcceptRole)
        cancel = buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        cancel.clicked.connect(self.reject)
        self.save_button.setDefault(True)
        layout = QVBoxLayout(self)
        layout.addWidget(label(tr("Name"), "muted"))
        layout.addWidget(self.title)
        layout.addWidget(label(tr("What to save"), "muted"))
        for widget in (self.with_task, self.with_prompt, self.with_model, self.with_settings):
            layout.addWidget(widget)
        layout.addWidget(self._summary)
        layout.addWidget(self._problem)
        layout.addWidget(buttons)

    def preset(self) -> Preset:
        """Return the preset as it would be saved."""
        chosen = {
            "prompt": self.with_prompt.isChecked(),
            "model": self.with_model.isChecked(),
            TASK: self.with_task.isChecked(),
        }
        values = {
            name: value
            for name, value in self._form.values.items()
            if chosen.get(name, self.with_settings.isChecked())
        }
        return msgspec.structs.replace(
            self._form, title=" ".join(self.title.text().split()), values=values
        )

    def _show_summary(self) -> None:
        preset = self.preset()
        self._summary.setText(tr("It sets: {settings}", settings=describe(self._kind, preset)))
        self.save_button.setEnabled(bool(preset.title and preset.values))

    def save(self) -> None:
        """Save it; ask before it replaces another one."""
        store_preset(self._shared, self._kind, self.preset(), self, self.accept, self._show_error)

    def _show_error(self, error: Exception) -> None:
        cure = error.cure if isinstance(error, StudioError) else tr("Check the free disk space.")
        self._problem.setText(f"{error} {cure}")
        self._problem.show()
