"""The button of a chat with the menu of its personas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QToolButton

from studio.core.presets import PERSONAS, Preset, own_presets, persona_of, presets
from studio.core.translation import current_language, tr, tr_marked
from studio.models.card import ModelCard
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.tabs.chat.open_chat import OpenChat
from studio.ui.widgets.factory import name_control

KIND = "text"
"""Own personas are presets of this kind."""
WIDTH = 150
_TIP_CHARACTERS = 300


class PersonaButton(QToolButton):
    """Shows the persona of the open chat; its menu chooses, edits, adds and shares personas."""

    def __init__(self, shared: AppState, open_chat: OpenChat) -> None:
        super().__init__()
        self._shared = shared
        self._open_chat = open_chat
        self._own: Sequence[Preset] = ()
        self._model = ""
        """Title of a model that reads no system prompt; empty for others."""
        self.setProperty("flat", True)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setMenu(QMenu(self))
        self.menu().setToolTipsVisible(True)
        self.menu().aboutToShow.connect(self._fill)
        for signal in (open_chat.opened, open_chat.changed):
            signal.connect(self.show_persona)
        shared.presets_changed.connect(lambda kind: self.reload() if kind == KIND else None)
        self.show_persona()
        self.reload()

    def reload(self) -> None:
        """Read the own presets again, in the background."""

        def keep(own: Sequence[Preset]) -> None:
            self._own = [one for one in own if persona_of(one)]

        background.run(self, lambda: own_presets(self._shared.data, KIND), keep)

    def show_persona(self) -> None:
        """Show the persona of the open chat."""
        chosen = tr_marked(self._open_chat.chat.persona) if self._open_chat.chat.persona else ""
        shown = self.fontMetrics().elidedText(
            chosen or tr("Persona"), Qt.TextElideMode.ElideRight, WIDTH
        )
        self.setText(f"{shown.replace('&', '&&')}  ▾")
        tip = tr("How the model behaves in this chat, in place of the form's system prompt")
        if self._model:
            tip = tr("{model} reads no system prompt.", model=self._model)
        name_control(self, tr("Persona: {name}", name=chosen or tr("none")), tip)
        self.setEnabled(not self._model)

    def show_card(self, card: ModelCard | None) -> None:
        """Offer personas to models that read a system prompt."""
        model = card.title if card is not None and not card.chat else ""
        if model != self._model:
            self._model = model
            self.show_persona()

    def values(self) -> dict[str, Any]:
        """Return the values that take the place of those of the form."""
        chat = self._open_chat.chat
        return {"system_prompt": chat.system_prompt} if chat.persona else {}

    def edit(self, preset: Preset | None) -> None:
        """Edit an own persona, a copy of one that comes with Studio, or a new one."""
        from studio.ui.tabs.chat.personas.persona_dialog import PersonaDialog

        dialog = PersonaDialog(self._shared, preset, self.window())
        dialog.stored.connect(self._choose)
        dialog.open()

    def _choose(self, preset: Preset) -> None:
        self._open_chat.choose_persona(preset.title, persona_of(preset))
        self._shared.post_toast(
            tr("This chat has the persona {name}", name=tr_marked(preset.title))
        )

    def _current(self) -> Preset | None:
        """Return the persona of the chat as a preset, with the text that the chat has."""
        chat = self._open_chat.chat
        if not chat.persona:
            return None
        return Preset(chat.persona, {"system_prompt": chat.system_prompt})

    def _fill(self) -> None:
        menu = self.menu()
        menu.clear()
        none = menu.addAction(tr("None: the form's system prompt"))
        none.setCheckable(True)
        none.setChecked(not self._open_chat.chat.persona)
        none.triggered.connect(lambda _on=False: self._open_chat.choose_persona("", ""))
        for group in (self._own, *_shipped()):
            menu.addSeparator()
            for preset in group:
                self._add(menu, preset)
        menu.addSeparator()
        current = self._current()
        edit = menu.addAction(tr("Edit this persona…"))
        edit.setEnabled(current is not None)
        edit.triggered.connect(lambda _on=False: self.edit(current))
        menu.addAction(tr("New persona…")).triggered.connect(lambda _on=False: self.edit(None))
        manage = menu.addAction(tr("Manage presets…"))
        manage.setEnabled(bool(self._own))
        manage.triggered.connect(lambda _on=False: self._manage())
        importing = menu.addAction(tr("Import a preset…"))
        importing.triggered.connect(lambda _on=False: self._import())

    def _add(self, menu: QMenu, preset: Preset) -> None:
        title = tr_marked(preset.title)
        action = menu.addAction(title.replace("&", "&&"))
        text = persona_of(preset)
        action.setToolTip(text if len(text) <= _TIP_CHARACTERS else text[:_TIP_CHARACTERS] + "…")
        action.setCheckable(True)
        action.setChecked(preset.title == self._open_chat.chat.persona)
        action.triggered.connect(lambda _on=False: self._choose(preset))

    def _manage(self) -> None:
        from studio.ui.tabs.presets.manage_dialog import ManageDialog

        ManageDialog(self._shared, KIND, self.window()).open()

    def _import(self) -> None:
        from studio.ui.tabs.presets.import_preset import ask_for_preset

        ask_for_preset(self._shared, self)


def _shipped() -> list[list[Preset]]:
    """Return Studio's personas: those in the language of the window first."""
    english = [one for one in presets(PERSONAS) if one.title.isascii()]
    chinese = [one for one in presets(PERSONAS) if not one.title.isascii()]
    is_chinese = current_language().startswith("zh")
    return [chinese, english] if is_chinese else [english, chinese]
