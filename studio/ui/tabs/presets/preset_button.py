"""The button of a form with the menu of its presets."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import QMenu, QToolButton

from studio.core.presets import Preset, describe, own_presets, presets
from studio.core.translation import tr, tr_marked
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.widgets.factory import name_control

MENU_CHARACTERS = 60


class PresetButton(QToolButton):
    """Lists own presets and Studio's, and saves the form as a new one."""

    chosen = Signal(object)
    """A `Preset` to fill the form with."""
    example_chosen = Signal(str)
    """An example for the prompt."""

    def __init__(self, shared: AppState, kind: str, form_values: Callable[[], Preset]) -> None:
        """`form_values`: the form as a preset without a title."""
        super().__init__()
        self._shared = shared
        self._kind = kind
        self._form_values = form_values
        self._own: list[Preset] = []
        self._examples: Sequence[str] = ()
        self.setText(tr("Presets"))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setProperty("flat", True)
        name_control(
            self, tr("Presets"), tr("Fill the form for a common task, or save it for later")
        )
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self.setMenu(menu)
        self._fill()
        self._was_shown = False
        shared.presets_changed.connect(self._on_presets_changed)

    def showEvent(self, event: QShowEvent) -> None:
        """Read the own presets when the form is shown for the first time, after it is painted."""
        super().showEvent(event)
        if not self._was_shown:
            self._was_shown = True
            QTimer.singleShot(0, self, self.reload)

    def reload(self) -> None:
        """Read the own presets again, in the background."""
        background.run(self, lambda: own_presets(self._shared.data, self._kind), self._on_read)

    def offer_examples(self, prompts: Sequence[str]) -> None:
        """Offer example prompts in a menu of their own."""
        if self._examples != prompts:
            self._examples = prompts
            self._fill()

    def save_form(self) -> None:
        """Ask for a name and save the form as a preset."""
        from studio.ui.tabs.presets.save_dialog import SaveDialog

        dialog = SaveDialog(self._shared, self._kind, self._form_values(), self.window())
        dialog.open()

    def manage(self) -> None:
        """Rename, delete and share own presets."""
        from studio.ui.tabs.presets.manage_dialog import ManageDialog

        ManageDialog(self._shared, self._kind, self.window()).open()

    def ask_for_import(self) -> None:
        """Choose a file that somebody shared, and store its preset."""
        from studio.ui.tabs.presets.import_preset import ask_for_preset

        ask_for_preset(self._shared, self)

    def _on_presets_changed(self, kind: str) -> None:
        if kind == self._kind:
            self.reload()

    def _on_read(self, own: list[Preset]) -> None:
        self._own = own
        self._fill()

    def _fill(self) -> None:
        menu = self.menu()
        menu.clear()
        for group in (self._own, presets(self._kind)):
            for preset in group:
                menu.addAction(self._action(preset))
            if group:
                menu.addSeparator()
        if self._examples:
            self._add_examples(menu.addMenu(tr("Example prompts")))
            menu.addSeparator()
        menu.addAction(tr("Save as a preset…"), self.save_form)
        manage = menu.addAction(tr("Manage presets…"), self.manage)
        manage.setEnabled(bool(self._own))
        menu.addAction(tr("Import a preset…"), self.ask_for_import)

    def _add_examples(self, menu: QMenu) -> None:
        for prompt in self._examples:
            title = _shortened(prompt).replace("&", "&&")
            menu.addAction(title, functools.partial(self.example_chosen.emit, prompt))

    def _action(self, preset: Preset) -> QAction:
        action = QAction(_shortened(tr_marked(preset.title)).replace("&", "&&"), self.menu())
        action.setToolTip(tr("Sets {settings}", settings=describe(self._kind, preset)))
        action.triggered.connect(functools.partial(self._choose, preset))
        return action

    def _choose(self, preset: Preset, _checked: bool = False) -> None:
        self.chosen.emit(preset)


def _shortened(title: str) -> str:
    return title if len(title) <= MENU_CHARACTERS else title[: MENU_CHARACTERS - 1] + "…"
