"""The page that assigns a batch file's columns to fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QTableWidget,
    QTableWidgetItem,
)

from studio.core.kinds import KINDS
from studio.core.requests import fields
from studio.core.translation import tr
from studio.ui.batch.page import Page, combo_box
from studio.ui.widgets.factory import label, name_control, style_table

AS_NAMED = "\0as named"


class ColumnsPage(Page):
    """The field that each column of the file fills."""

    def __init__(self) -> None:
        super().__init__()
        self._header: Mapping[str, str] = {}
        self._kind = ""
        self._boxes: dict[str, QComboBox] = {}
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels([tr("Column"), tr("First value"), tr("Field")])
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        style_table(self.table, {0: 160, 2: 260}, (1,))
        self.table.verticalHeader().setDefaultSectionSize(34)
        name_control(
            self.table, tr("Columns"), tr("The file's columns and the field that each one fills")
        )
        self.empty = label(tr("The file has no columns: each line is a prompt."), "muted")
        self.grid.setRowStretch(9, 0)
        self.grid.addWidget(self.table, 0, 0)
        self.grid.addWidget(self.empty, 1, 0, Qt.AlignmentFlag.AlignCenter)
        self.table.hide()

    def show_columns(self, header: Mapping[str, str], kind: str) -> None:
        """Show the file's columns; keep the choices of those that are still there."""
        if header == self._header and kind == self._kind:
            return
        previous = self.mapping()
        self._header, self._kind = dict(header), kind
        self._boxes.clear()
        self.table.setRowCount(len(header))
        for number, (column, value) in enumerate(header.items()):
            self.table.setItem(number, 0, QTableWidgetItem(column))
            self.table.setItem(number, 1, QTableWidgetItem(" ".join(value[:200].split())))
            box = self._boxes[column] = _field_box(column, kind)
            box.setCurrentIndex(max(0, box.findData(previous.get(column, AS_NAMED))))
            self.emit_changed_on(box.currentIndexChanged)
            self.table.setCellWidget(number, 2, box)
        self.table.setVisible(bool(header))
        self.empty.setVisible(not header)

    def ignore(self, columns: Iterable[str]) -> None:
        """Fill no field from these columns."""
        for column in columns:
            if column in self._boxes:
                box = self._boxes[column]
                box.setCurrentIndex(box.findData(""))

    def mapping(self) -> dict[str, str]:
        """Return column → field for columns with another field than their name; "" for none."""
        return {
            column: box.currentData()
            for column, box in self._boxes.items()
            if box.currentData() != AS_NAMED
        }


def _field_box(column: str, kind: str) -> QComboBox:
    infos = fields(KINDS[kind].request_type)
    own = next((info for info in infos if column in (info.name, info.flag)), None)
    as_named = (
        tr("{field} (by its name)", field=own.title) if own else tr("Only in templates and names")
    )
    box = combo_box(
        {AS_NAMED: tr("Kind (by its name)") if column == "kind" else as_named},
        tr("Field of {column}", column=column),
        tr("The field that this column fills"),
    )
    for info in infos:
        if info is not own:
            box.addItem(info.title, info.name)
    box.addItem(tr("Ignore"), "")
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return box
