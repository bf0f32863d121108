"""The window that lists the keyboard shortcuts, by menu; Settings change them."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.core.translation import mark, tr, tr_marked
from studio.ui.actions import ACTIONS, MENUS, shortcut_of
from studio.ui.app_state import AppState
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.widgets.factory import button, name_control, row, search_field, style_table

SIZE = (560, 600)
OTHER_KEYS = (
    (mark("Everywhere"), mark("Go to the next control"), "Tab"),
    (mark("Everywhere"), mark("Go to a message at the bottom of the window"), "F8"),
    (mark("Settings"), mark("Search"), "Ctrl+F"),
    (mark("Find an action"), mark("Choose and run"), "Up, Down, Return"),
)
"""Keys that are no action of a menu: place, what they do, keys."""


class ShortcutsWindow(QDialog):
    """A table of all shortcuts with a search."""

    change_requested = Signal()
    """The user wants to change shortcuts."""

    def __init__(self, shared: AppState, parent: QWidget) -> None:
        super().__init__(parent)
        self._shared = shared
        self.setWindowTitle(tr("Keyboard shortcuts"))
        self.setMinimumSize(420, 320)
        resize_to_fit(self, *SIZE)
        self.search = search_field(
            tr("Search"), tr("Find a shortcut by action or key"), tr("Search shortcuts")
        )
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels([tr("Menu"), tr("Action"), tr("Keys")])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        style_table(self.table, {0: 110, 2: 150}, (1,))
        name_control(self.table, tr("Shortcuts"), tr("All shortcuts, by menu"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.addWidget(self.search)
        layout.addWidget(self.table, 1)
        change = button(
            tr("Change…"), tr("Change shortcuts in Settings"), self.change_requested.emit
        )
        layout.addWidget(
            row(change, None, button(tr("Close"), tr("Close this window"), self.close))
        )
        change.setAutoDefault(False)  # Return in the search must not press it
        self.search.textChanged.connect(self._filter)
        shared.settings_changed.connect(self._on_settings_changed)
        self._fill()

    def _fill(self) -> None:
        chosen = self._shared.settings.shortcuts
        rows = [
            (tr_marked(action.menu), tr_marked(action.title), _native(keys))
            for action in sorted(ACTIONS, key=lambda action: MENUS.index(action.menu))
            if (keys := shortcut_of(action, chosen))
        ]
        rows += [(tr_marked(place), tr_marked(action), keys) for place, action, keys in OTHER_KEYS]
        self._rows = rows
        self.table.setRowCount(len(rows))
        for at, texts in enumerate(rows):
            for column, text in enumerate(texts):
                self.table.setItem(at, column, QTableWidgetItem(text))
        self._filter(self.search.text())

    def _filter(self, text: str) -> None:
        wanted = text.casefold().split()
        for at, texts in enumerate(self._rows):
            found = " ".join(texts).casefold()
            self.table.setRowHidden(at, not all(word in found for word in wanted))

    def _on_settings_changed(self, names: frozenset[str]) -> None:
        if "shortcuts" in names:
            self._fill()


def _native(keys: str) -> str:
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
