"""A row of the settings window: title, description, control, and a button that resets it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.core.settings_catalog.catalog import GROUPS
from studio.core.settings_catalog.setting import Setting
from studio.core.settings_catalog.values import (
    checked_value,
    is_changed,
    reset_change,
    value_change,
)
from studio.core.settings_store import Change
from studio.core.translation import mark, tr, tr_marked
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.settings.editors import EDITORS, WIDTH, SettingEditor
from studio.ui.widgets.factory import escape_markup, label, name_control
from studio.ui.widgets.icons import set_icon

RESTART = mark("Applies when Studio is started again.")


class SettingRow(QWidget):
    """One setting of the catalog. A change applies at once, everywhere in the window."""

    def __init__(self, shared: AppState, setting: Setting, parent: QWidget) -> None:
        super().__init__(parent)
        self.setting = setting
        self._shared = shared
        self.editor: SettingEditor = EDITORS[setting.editor](setting)
        self.editor.setFixedWidth(WIDTH)
        self._title_text = tr_marked(setting.title)
        self._title = label(self._title_text, wrap=True)
        self._title.setBuddy(self.editor.control)
        restart = f" {tr_marked(RESTART)}" if setting.at_restart else ""
        self._about = f"{tr_marked(setting.description)}{restart}"
        self._description = label(self._about, "muted", wrap=True)
        self.reset_button = QToolButton()
        set_icon(self.reset_button, "retry")
        name_control(
            self.reset_button,
            tr("Reset {title}", title=self._title_text),
            tr("Use the default again"),
        )
        policy = self.reset_button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset_button.setSizePolicy(policy)
        self._problem = label(role="error", wrap=True)
        self._problem.hide()
        self._lay_out()
        self.editor.edited.connect(self._on_edited)
        self.reset_button.clicked.connect(self.reset)
        shared.settings_changed.connect(self._on_settings_changed)
        self._show()

    def _lay_out(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(2)
        for widget in (self._title, self._description, self._problem):
            texts.addWidget(widget)
        texts.addStretch(1)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 8, 0, 8)
        layout.setHorizontalSpacing(16)
        layout.addLayout(texts, 0, 0)
        layout.addWidget(self.editor, 0, 1, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.reset_button, 0, 2, Qt.AlignmentFlag.AlignTop)
        layout.setColumnStretch(0, 1)

    def reset(self) -> None:
        """Give the setting its default."""
        self._apply(reset_change(self.setting, self._shared.settings))
        self.editor.setFocus()  # the button is hidden now

    def matches(self, words: Sequence[str]) -> bool:
        """True if each word is in the setting's texts."""
        titles = (tr_marked(title) for _value, title in self.setting.choices)
        texts = (self._title_text, self._about, self.setting.key, *titles)
        return contains(" ".join((*texts, tr_marked(GROUPS[self.setting.group]))), words)

    def highlight(self, words: Sequence[str]) -> None:
        """Mark the words in title and description."""
        mark_words(self._title, self._title_text, words)
        mark_words(self._description, self._about, words)

    def _show(self) -> None:
        self.editor.show_value(getattr(self._shared.settings, self.setting.key))
        self.reset_button.setVisible(is_changed(self.setting, self._shared.settings))
        self._show_problem("")

    def _on_settings_changed(self, names: frozenset[str]) -> None:
        if self.setting.key in names:
            self._show()

    def _on_edited(self, value: Any) -> None:
        if self.setting.editor == "folder":  # it may be on a slow network drive
            background.run(
                self, lambda: checked_value(self.setting, value), self._on_checked, self._on_refused
            )
            return
        try:
            self._on_checked(checked_value(self.setting, value))
        except StudioError as error:
            self._on_refused(error)

    def _on_checked(self, value: Any) -> None:
        self._apply(value_change(self.setting, value, self._shared.settings))

    def _apply(self, change: Change) -> None:
        self._shared.change_settings(**change)
        self._show()  # also where nothing changed: a text in its normal form

    def _on_refused(self, error: Exception) -> None:
        if not isinstance(error, StudioError):
            raise error
        self._show_problem(f"{error.message} {error.cure}".strip())

    def _show_problem(self, message: str) -> None:
        self._problem.setText(message)
        self._problem.setVisible(bool(message))
        self.editor.set_wrong(bool(message))


def contains(text: str, words: Sequence[str]) -> bool:
    """True if each word is in the text, ignoring case."""
    folded = text.casefold()
    return all(word in folded for word in words)


def mark_words(target: QLabel, text: str, words: Sequence[str]) -> None:
    """Show one of our own texts with the words highlighted."""
    if not words:
        target.setTextFormat(Qt.TextFormat.PlainText)
        target.setText(text)
        return
    palette = target.palette()
    color = palette.color(QPalette.ColorRole.Highlight).name()
    on_color = palette.color(QPalette.ColorRole.HighlightedText).name()
    pattern = "|".join(re.escape(word) for word in words)
    parts = re.split(f"({pattern})", text, flags=re.IGNORECASE)
    shown = (
        f'<span style="background:{color};color:{on_color}">{escape_markup(part)}</span>'
        if at % 2
        else escape_markup(part)
        for at, part in enumerate(parts)
    )
    target.setTextFormat(Qt.TextFormat.RichText)
    target.setText("".join(shown))
