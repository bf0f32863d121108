"""The window of all settings: groups on the left, their settings on the right, one search."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.core.settings_catalog.catalog import BY_KEY, GROUPS, SETTINGS
from studio.core.settings_catalog.values import is_changed, reset_change
from studio.core.translation import tr, tr_marked
from studio.ui.app_state import AppState
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.settings import transfer
from studio.ui.settings.editors import GpuEditor
from studio.ui.settings.group import GroupSection
from studio.ui.widgets.factory import button, confirm, label, name_control, row, search_field

SIZE = (900, 640)
GROUPS_WIDTH = 170


class SettingsWindow(QDialog):
    """Shows every setting of the catalog. Changes apply at once."""

    def __init__(self, shared: AppState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shared = shared
        self.setWindowTitle(tr("Settings"))
        self.setMinimumSize(560, 400)
        resize_to_fit(self, *SIZE)
        self.search = search_field(
            tr("Search"), tr("Find a setting in all groups"), tr("Search settings")
        )
        self.groups = QListWidget()
        self.groups.setFixedWidth(GROUPS_WIDTH)
        self.groups.setSpacing(3)
        name_control(self.groups, tr("Groups"), tr("Groups of settings"))
        self._nothing = label("", "muted", wrap=True)
        self._nothing.hide()
        self._page = QScrollArea()
        self.sections: dict[str, GroupSection] = {}
        self._lay_out()
        for group, title in GROUPS.items():
            item = QListWidgetItem(tr_marked(title))
            item.setData(Qt.ItemDataRole.UserRole, group)
            self.groups.addItem(item)
        self.groups.currentRowChanged.connect(self._show_groups)
        self.search.textChanged.connect(self._on_searched)
        QShortcut(QKeySequence("Ctrl+F"), self, self.search.setFocus)
        shared.settings_changed.connect(self._update_reset)
        self._update_reset()
        self.groups.setCurrentRow(0)
        self.search.setFocus()

    def _lay_out(self) -> None:
        """Place the widgets, the outer ones first; see `theme.add_style_sheet`."""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(12)
        side = QWidget()
        side.setFixedWidth(GROUPS_WIDTH)
        left = QVBoxLayout(side)
        left.setContentsMargins(0, 0, 0, 0)
        left.addWidget(self.search)
        left.addWidget(self.groups, 1)
        layout.addWidget(row(side, self._page), 1)
        self._page.setWidgetResizable(True)
        self._page.setFrameShape(QFrame.Shape.NoFrame)
        self._page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        content = QWidget()
        self._page.setWidget(content)
        column = QVBoxLayout(content)
        column.setContentsMargins(20, 4, 20, 20)
        column.setSpacing(8)
        for group in GROUPS:
            self.sections[group] = GroupSection(self._shared, group, content)
            column.addWidget(self.sections[group])
        column.addWidget(self._nothing)
        column.addStretch(1)
        self.reset_button = button(
            tr("Reset all…"), tr("Use the default of every setting"), self._reset
        )
        export = button(tr("Export…"), tr("Write all settings to a file"), self._export)
        read = button(tr("Import…"), tr("Read settings from a file"), self._import)
        close = button(tr("Close"), tr("Close this window"), self.close)
        layout.addWidget(row(self.reset_button, export, read, None, close))

    def show_setting(self, key: str) -> None:
        """Show one setting and give it the focus."""
        self.search.clear()
        group = BY_KEY[key].group
        self.groups.setCurrentRow(list(GROUPS).index(group))
        control = self.sections[group].control_of(key)
        control.setFocus(Qt.FocusReason.ShortcutFocusReason)
        QTimer.singleShot(0, control, lambda: self._page.ensureWidgetVisible(control, 0, 60))

    def _on_searched(self, _text: str) -> None:
        self._show_groups(self.groups.currentRow())

    def _show_groups(self, at: int) -> None:
        """Show the chosen group; while something is searched, all that matches."""
        words = self.search.text().casefold().split()
        chosen = list(GROUPS)[max(0, at)]
        found = False
        for number, (group, section) in enumerate(self.sections.items()):
            matches = section.filter_rows(words)
            self.groups.item(number).setHidden(not matches)
            section.setVisible(matches if words else group == chosen)
            found |= matches
        self._nothing.setText(
            tr("No setting matches {words}.", words=self.search.text().strip()[:60])
        )
        self._nothing.setVisible(not found)
        if words:
            QTimer.singleShot(0, self, lambda: self._scroll_to(chosen))
        else:
            self._page.verticalScrollBar().setValue(0)
            self.sections[chosen].prepare()

    def _scroll_to(self, group: str) -> None:
        section = self.sections[group]
        is_typing = self.search.hasFocus()
        self._page.verticalScrollBar().setValue(
            0 if is_typing or not section.isVisible() else section.y()
        )

    def _update_reset(self, _names: object = None) -> None:
        changed = [one for one in SETTINGS if is_changed(one, self._shared.settings)]
        self.reset_button.setEnabled(bool(changed))

    def _reset(self) -> None:
        settings = self._shared.settings
        changed = [setting for setting in SETTINGS if is_changed(setting, settings)]
        titles = "\n".join(f"• {tr_marked(setting.title)}" for setting in changed)
        if not confirm(
            self,
            tr("Reset all settings?"),
            tr("These settings change:\n{titles}", titles=titles),
            tr("Reset"),
        ):
            return
        change: dict[str, Any] = {}
        for setting in changed:
            change |= reset_change(setting, settings)
        self._shared.change_settings(**change)

    def _export(self) -> None:
        transfer.export_to_file(self._shared, self)

    def _import(self) -> None:
        transfer.import_from_file(self._shared, self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return ends the input of a field; it must not press the first button of the dialog."""
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Draw the marks of a search in the colors of a new theme."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and self.search.text():
            self._on_searched("")

    def done(self, result: int) -> None:
        """End the search for GPUs with the window."""
        for editor in self.findChildren(GpuEditor):
            editor.stop()
        super().done(result)
