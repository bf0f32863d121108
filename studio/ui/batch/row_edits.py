"""Changes and skips of a batch's rows, from the table of the dialog."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu, QTableView, QWidget

from studio.batch.edits import Edit, Edits
from studio.batch.plan import read_row
from studio.batch.row import Row
from studio.core.translation import tr
from studio.ui import background
from studio.ui.batch.row_editor import RowEditor
from studio.ui.batch.row_table import RowTable
from studio.ui.widgets.shortcut import shortcut_within


class RowEdits(QObject):
    """Keeps what the user changed in the rows of one file, and offers to change it."""

    changed = Signal()

    failed = Signal(object)
    """StudioError or OSError: the row cannot be read."""

    def __init__(
        self, dialog: QWidget, path: Path, reading_options: Callable[[], dict[str, Any]]
    ) -> None:
        """`reading_options`: the encoding and the sheet that the user chose."""
        super().__init__(dialog)
        self._dialog = dialog
        self._path = path
        self._reading_options = reading_options
        self.edits = Edits()

    def attach(self, table: QTableView, rows: RowTable) -> None:
        """Take the keys, the double click and the menu of the table."""
        self._table, self._rows = table, rows
        table.doubleClicked.connect(lambda _index: self.edit_current())
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._show_menu)
        for keys, slot in (
            ("Return", self.edit_current),
            ("Enter", self.edit_current),
            ("F2", self.edit_current),
            ("Delete", self.toggle_skipped),
        ):
            shortcut_within(table, keys, slot)

    def selected(self) -> list[Row]:
        """Return the selected rows."""
        selection = self._table.selectionModel().selectedRows()
        return [row for index in selection if (row := self._rows.row_at(index)) is not None]

    def edit_current(self) -> None:
        """Show the values of the current row, to change them."""
        row = self._rows.row_at(self._table.currentIndex())
        if row is None:
            return
        options, path, line = self._reading_options(), self._path, row.line
        encoding, sheet = options["encoding"] or "", options["sheet"] or ""
        background.run(
            self._dialog,
            lambda: read_row(path, line, encoding=encoding, sheet=sheet),
            lambda values: self._show_editor(row, values),
            self.failed.emit,
        )

    def toggle_skipped(self) -> None:
        """Skip the selected rows, or run them after all."""
        lines = {row.line for row in self.selected()}
        if not lines:
            return
        before = self.edits.skipped
        skipped = before - lines if lines <= before else before | lines
        self.edits = Edits(self.edits.changed, frozenset(skipped))
        self.changed.emit()

    def restore_current(self) -> None:
        """Take the values of the file again."""
        lines = {row.line for row in self.selected()}
        changed = {line: edit for line, edit in self.edits.changed.items() if line not in lines}
        self.edits = Edits(changed, self.edits.skipped - lines)
        self.changed.emit()

    def _show_editor(self, row: Row, values: dict[str, str]) -> None:
        known = self.edits.changed.get(row.line)
        shown = known.after if known is not None and known.before == values else values
        problem = "" if row.is_skipped else row.message
        editor = RowEditor(row.line, shown, problem, self._dialog)
        editor.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        editor.accepted.connect(lambda: self._change(row.line, Edit(values, editor.values())))
        editor.open()

    def _change(self, line: int, edit: Edit) -> None:
        changed = {**self.edits.changed, line: edit}
        if edit.after == edit.before:
            del changed[line]
        self.edits = Edits(changed, self.edits.skipped - {line})
        self.changed.emit()

    def _show_menu(self, position: QPoint) -> None:
        rows = self.selected()
        if not rows:
            return
        menu = QMenu(self._table)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("Change…"), self.edit_current)
        skipped = all(row.is_skipped for row in rows)
        menu.addAction(tr("Run after all") if skipped else tr("Skip"), self.toggle_skipped)
        restore = menu.addAction(tr("As in the file"), self.restore_current)
        restore.setEnabled(any(row.line in self.edits.changed for row in rows))
        menu.popup(self._table.viewport().mapToGlobal(position))
