"""The page of shortcuts: a table of the window's actions, and an editor for the selected one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QKeySequenceEdit,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.core.translation import tr, tr_marked
from studio.ui.actions import ACTIONS, ACTIONS_BY_KEY, Action, Shortcuts, shortcut_of
from studio.ui.app_state import AppState
from studio.ui.settings.row import contains
from studio.ui.widgets.factory import Notice, button, label, name_control, row, style_table

_KEY = Qt.ItemDataRole.UserRole
EDITING = ("Ctrl+C", "Ctrl+V", "Ctrl+X", "Ctrl+Z", "Ctrl+Shift+Z", "Ctrl+Y", "Ctrl+A")
"""Keys of every text field."""
HEIGHT = 320


class ShortcutTable(QWidget):
    """Shows all actions; the selected one's shortcut is recorded, cleared or reset."""

    def __init__(self, shared: AppState) -> None:
        super().__init__()
        self._shared = shared
        self.table = QTableWidget(len(ACTIONS), 3)
        self.table.setHorizontalHeaderLabels([tr("Menu"), tr("Action"), tr("Shortcut")])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        style_table(self.table, {0: 90, 2: 150}, (1,))
        self.table.setMinimumHeight(HEIGHT)
        name_control(
            self.table, tr("Shortcuts"), tr("Return records a new shortcut for the selected row")
        )
        self.keys = QKeySequenceEdit()
        self.keys.setMaximumSequenceLength(1)
        self.keys.setClearButtonEnabled(True)
        name_control(self.keys, tr("New shortcut"), tr("Press the keys; Backspace clears them"))
        for clear in self.keys.findChildren(QToolButton):
            name_control(clear, tr("Clear"), tr("Clear the keys"))
        self.notice = Notice("banner")
        self._name = label()
        self.reset_button = button(tr("Reset"), tr("Use the standard shortcut"), self._reset)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 8)
        layout.setSpacing(8)
        layout.addWidget(self.table)
        layout.addWidget(row(self._name, None, self.keys, self.reset_button))
        layout.addWidget(self.notice)
        self._connect()
        self._fill()
        self.table.selectRow(0)

    def _connect(self) -> None:
        self.table.itemSelectionChanged.connect(self._show_selected)
        self.table.itemActivated.connect(lambda _item: self.keys.setFocus())
        self.keys.editingFinished.connect(self._on_recorded)
        self._shared.settings_changed.connect(self._on_settings_changed)

    def filter_rows(self, words: Sequence[str]) -> bool:
        """Show the actions that have all words; return False if none has."""
        shown = 0
        for at, action in enumerate(ACTIONS):
            keys = shortcut_of(action, self._shared.settings.shortcuts)
            texts = (tr_marked(text) for text in (action.menu, action.title, action.tip))
            matches = contains(" ".join((tr("Shortcuts"), *texts, keys)), words)
            self.table.setRowHidden(at, not matches)
            shown += matches
        return bool(shown)

    @property
    def _selected(self) -> Action:
        return ACTIONS[max(0, self.table.currentRow())]

    def _fill(self) -> None:
        chosen = self._shared.settings.shortcuts
        for at, action in enumerate(ACTIONS):
            keys = shortcut_of(action, chosen)
            is_changed = keys != action.shortcut
            texts = (tr_marked(action.menu), tr_marked(action.title), _native(keys))
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setData(_KEY, action.key)
                font = item.font()
                font.setBold(is_changed and column == 2)
                item.setFont(font)
                self.table.setItem(at, column, item)

    def _show_selected(self) -> None:
        action = self._selected
        keys = shortcut_of(action, self._shared.settings.shortcuts)
        self.notice.clear()
        self._name.setText(tr("Shortcut of {action}", action=tr_marked(action.title)))
        self.keys.setKeySequence(QKeySequence(keys))
        self.reset_button.setEnabled(keys != action.shortcut)

    def _on_settings_changed(self, names: frozenset[str]) -> None:
        if "shortcuts" in names:
            self._fill()
            self._show_selected()

    def _on_recorded(self) -> None:
        action, keys = self._selected, _portable(self.keys.keySequence())
        chosen = self._shared.settings.shortcuts
        if keys == shortcut_of(action, chosen):
            return
        if problem := refusal(keys):
            self.notice.show_message(problem)
        elif other := conflict(action, keys, chosen):
            use = button(tr("Use it here"), tr("Take it from the other action"), self._take)
            keep = button(tr("Keep as it was"), tr("Change nothing"), self._show_selected)
            self.notice.show_message(
                tr(
                    "{keys} is the shortcut of {action}.",
                    keys=_native(keys),
                    action=tr_marked(other.title),
                ),
                "",
                [use, keep],
            )
        else:
            self._choose(action, keys)

    def _take(self) -> None:
        """Give the recorded keys to the selected action, and take them from any other."""
        action, keys = self._selected, _portable(self.keys.keySequence())
        other = conflict(action, keys, self._shared.settings.shortcuts)
        change = {action.key: keys if keys != action.shortcut else None}
        if other is not None:
            change[other.key] = "" if other.shortcut else None
        self._shared.change_settings(shortcuts=change)

    def _choose(self, action: Action, keys: str) -> None:
        self._shared.change_settings(
            shortcuts={action.key: keys if keys != action.shortcut else None}
        )

    def _reset(self) -> None:
        action = self._selected
        self.keys.setKeySequence(QKeySequence(action.shortcut))
        self._on_recorded()
        self.table.setFocus()


def refusal(keys: str) -> str:
    """Return why keys cannot be a shortcut, or an empty string."""
    if keys in EDITING:
        return tr("{keys} edits text in every field. Choose other keys.", keys=_native(keys))
    sequence = QKeySequence(keys)
    if sequence.isEmpty():
        return ""
    combination = sequence[0]  # type: ignore[index]  # PySide has it, its types do not
    modifiers = combination.keyboardModifiers() & ~Qt.KeyboardModifier.ShiftModifier
    is_typed = combination.key() < Qt.Key.Key_Escape or combination.key() in (
        Qt.Key.Key_Backspace,
        Qt.Key.Key_Delete,
        Qt.Key.Key_Return,
        Qt.Key.Key_Enter,
        Qt.Key.Key_Tab,
        *range(Qt.Key.Key_Home, Qt.Key.Key_Shift),
    )
    if is_typed and not modifiers.value:
        return tr("{keys} is used for typing. Add Ctrl or Alt.", keys=_native(keys))
    return ""


def usable_shortcuts(chosen: Shortcuts) -> tuple[dict[str, str], list[str]]:
    """Return imported shortcuts without those that cannot be used, and why not.

    Shortcuts of unknown actions stay: they are of another version.
    """
    usable, problems = dict(chosen), []
    for key, keys in chosen.items():
        action = ACTIONS_BY_KEY.get(key)
        if action is None:
            continue
        problem = refusal(keys)
        if not problem and (other := conflict(action, keys, usable)):
            problem = tr(
                "{keys} is the shortcut of {action}.",
                keys=_native(keys),
                action=tr_marked(other.title),
            )
        if problem:
            problems.append(problem)
            del usable[key]
    return usable, problems


def conflict(action: Action, keys: str, chosen: Shortcuts) -> Action | None:
    """Return the other action with these keys, if there is one."""
    if not keys:
        return None
    return next(
        (
            other
            for other in ACTIONS_BY_KEY.values()
            if other is not action
            and QKeySequence(shortcut_of(other, chosen)) == QKeySequence(keys)
        ),
        None,
    )


def _portable(sequence: QKeySequence) -> str:
    return sequence.toString(QKeySequence.SequenceFormat.PortableText)


def _native(keys: str) -> str:
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
