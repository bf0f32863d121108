"""A group of the settings window: its title, its rows, and a panel of its own in some groups."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from studio.core.settings_catalog.catalog import GROUPS, SETTINGS
from studio.core.translation import tr_marked
from studio.ui.app_state import AppState
from studio.ui.settings.editors import AudioDeviceEditor, GpuEditor
from studio.ui.settings.row import SettingRow
from studio.ui.settings.shortcuts import ShortcutTable
from studio.ui.settings.stored_data import StoredDataPanel
from studio.ui.settings.token import TokenPanel
from studio.ui.widgets.factory import label


class GroupSection(QFrame):
    """The settings of one group."""

    def __init__(self, shared: AppState, group: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows = {
            setting.key: SettingRow(shared, setting, self)
            for setting in SETTINGS
            if setting.group == group and setting.editor != "shortcuts"
        }
        self.shortcuts = ShortcutTable(shared) if group == "shortcuts" else None
        self.token = TokenPanel(shared) if group == "hub" else None
        self.stored = StoredDataPanel(shared) if group == "privacy" else None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(label(tr_marked(GROUPS[group]), "title"))
        for widget in (*self.rows.values(), self.shortcuts, self.token, self.stored):
            if widget is not None:
                layout.addWidget(widget)

    def control_of(self, key: str) -> QWidget:
        """Return the widget that gets the focus for a setting."""
        if key in self.rows:
            return self.rows[key].editor.control
        assert self.shortcuts is not None
        return self.shortcuts.table

    def filter_rows(self, words: Sequence[str]) -> bool:
        """Show the rows that have all words, and mark them; return False if none has."""
        found = False
        panels = [panel for panel in (self.token, self.stored) if panel is not None]
        for part in (*self.rows.values(), *panels):
            matches = part.matches(words)
            part.setVisible(matches)
            part.highlight(words)
            found |= matches
        if self.shortcuts is not None:
            matches = self.shortcuts.filter_rows(words)
            self.shortcuts.setVisible(matches)
            found |= matches
        return found

    def prepare(self) -> None:
        """Look up what takes a moment, when the group is shown."""
        if self.token is not None:
            self.token.look_up()
        for part in self.rows.values():
            if isinstance(part.editor, GpuEditor):
                part.editor.list_gpus()
            elif isinstance(part.editor, AudioDeviceEditor):
                part.editor.list_devices()
