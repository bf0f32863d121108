"""The table of found models, with a check box for each that can be added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QApplication, QTableView

from studio.core.kinds import KINDS
from studio.core.translation import mark, tr, tr_marked
from studio.models.files.folder_check import reason_in
from studio.models.install.scan import FoundModel
from studio.ui.widgets import theme
from studio.ui.widgets.factory import name_control, size_text, style_table
from studio.ui.widgets.table_model import Index, TableModel

NAME, KIND, SIZE, PROGRAM, STATE = range(5)
_BOX_WIDTH = 18
"""Width of a check box with its border, as in `theme.py`."""
_OTHERS = {
    "unknown": mark("unknown"),
    "lora": "LoRA",
    "vae": "VAE",
    "ip_adapter": "IP-Adapter",
    "controlnet": "ControlNet",
}


class FoundList(TableModel):
    """Found models; those that Studio can run and does not have yet can be selected."""

    COLUMNS = (mark("Model"), mark("Kind"), mark("Size"), mark("Program"), mark("State"))
    selection_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._found: list[FoundModel] = []
        self._selected: set[str] = set()
        self._known: dict[str, str] = {}
        self._why_not: dict[str, str] = {}
        self._locked = False

    def clear(self) -> None:
        """Remove all models."""
        self.beginResetModel()
        self._found, self._selected, self._known, self._why_not = [], set(), {}, {}
        self.endResetModel()
        self.selection_changed.emit()

    def append(self, found: Sequence[FoundModel]) -> None:
        """Append found models."""
        first = len(self._found)
        self.beginInsertRows(QModelIndex(), first, first + len(found) - 1)
        self._found.extend(found)
        self.endInsertRows()
        self.selection_changed.emit()

    def set_locked(self, locked: bool) -> None:
        """Disable or enable the check boxes."""
        if locked != self._locked:
            self._locked = locked
            self._emit_changed()

    def set_state(self, found: FoundModel, *, known: str = "", why_not: str = "") -> None:
        """Record that a model was added, or why it was not."""
        path = found.inspection.path
        self._selected.discard(path)
        if known:
            self._known[path] = known
        else:
            self._why_not[path] = why_not
        self._emit_changed()

    def found_at(self, row: int) -> FoundModel | None:
        """Return the model of a row."""
        return self._found[row] if 0 <= row < len(self._found) else None

    def can_be_added(self, found: FoundModel) -> bool:
        """True if Studio can run the model and does not have it."""
        return found.inspection.runs and not (found.known or found.inspection.path in self._known)

    @property
    def addable_count(self) -> int:
        """Number of models that can be added."""
        return sum(self.can_be_added(found) for found in self._found)

    def selected(self) -> list[FoundModel]:
        """Return the selected models."""
        return [found for found in self._found if found.inspection.path in self._selected]

    def select_all(self, selected: bool) -> None:
        """Select all models that can be added, or none."""
        self._selected = {
            found.inspection.path for found in self._found if selected and self.can_be_added(found)
        }
        self._emit_changed()

    def toggle(self, rows: Sequence[int]) -> None:
        """Select these rows, or deselect them if all are selected."""
        paths = {
            found.inspection.path
            for row in rows
            if (found := self.found_at(row)) and self.can_be_added(found)
        }
        if not paths or self._locked:
            return
        self._selected = (
            self._selected - paths if paths <= self._selected else self._selected | paths
        )
        self._emit_changed()

    def _emit_changed(self) -> None:
        if self._found:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._found) - 1, STATE))
        self.selection_changed.emit()

    def state_of(self, found: FoundModel, *, whole: bool = False) -> str:
        """Return a model's state, as a sentence if `whole`."""
        path = found.inspection.path
        known, why_not = found.known or self._known.get(path, ""), self._why_not.get(path, "")
        if known:
            return tr("Already added as {known}.", known=known) if whole else tr("already added")
        if found.inspection.runs and not why_not:
            return tr("Can be added.") if whole else tr("can be added")
        why_not = why_not or found.inspection.why_not
        reason = reason_in(why_not)  # the row names the model
        return tr("Cannot be added: {reason}", reason=reason) if whole else reason

    # Qt's model
    # ----------------------------------------------------------------------

    def row_total(self) -> int:
        """See `TableModel`."""
        return len(self._found)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the title of a column, or its alignment."""
        if role == Qt.ItemDataRole.TextAlignmentRole and section == SIZE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return super().headerData(section, orientation, role)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Add a check box to models that can be added."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        found = self._found[index.row()]
        if index.column() == NAME and self.can_be_added(found) and not self._locked:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text, check state or appearance."""
        found = self._found[index.row()]
        inspection, is_addable = found.inspection, self.can_be_added(found)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(found, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.state_of(found, whole=True) if index.column() == STATE else None
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == NAME and is_addable:
            return (
                Qt.CheckState.Checked
                if inspection.path in self._selected
                else Qt.CheckState.Unchecked
            )
        if not is_addable and role in (
            Qt.ItemDataRole.ForegroundRole,
            Qt.ItemDataRole.DecorationRole,
        ):
            return self._disabled_data(index.column(), role)
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == SIZE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == NAME:
            return f"{inspection.title or inspection.path}, {self.state_of(found)}"
        return None

    def _disabled_data(self, column: int, role: int) -> Any:
        """Show a model that cannot be added in gray, indented like those with a check box."""
        if role == Qt.ItemDataRole.ForegroundRole:
            application = QApplication.instance()
            assert isinstance(application, QApplication)
            return QColor(theme.colors(application).muted)
        if column != NAME:
            return None
        spacer = QPixmap(_BOX_WIDTH, 1)
        spacer.fill(Qt.GlobalColor.transparent)
        return spacer

    def _text(self, found: FoundModel, column: int) -> str:
        inspection = found.inspection
        if column == NAME:
            return inspection.title
        if column == KIND:
            kind = KINDS.get(inspection.kind)
            other = _OTHERS.get(inspection.kind, inspection.kind.replace("_", " "))
            return tr_marked(kind.title if kind is not None else other)
        if column == SIZE:
            return size_text(inspection.size) if inspection.size else ""
        return found.program if column == PROGRAM else self.state_of(found)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Check or clear a box."""
        if (
            role != Qt.ItemDataRole.CheckStateRole
            or not self.flags(index) & Qt.ItemFlag.ItemIsUserCheckable
        ):
            return False
        path = self._found[index.row()].inspection.path
        if Qt.CheckState(value) == Qt.CheckState.Checked:
            self._selected.add(path)
        else:
            self._selected.discard(path)
        self._emit_changed()
        return True


class FoundView(QTableView):
    """The table view; Space checks the current rows, in any column."""

    def __init__(self, found: FoundList) -> None:
        super().__init__()
        self._list = found
        self.setModel(found)
        style_table(self, {NAME: 260, KIND: 110, SIZE: 80, PROGRAM: 120}, [STATE])
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        name_control(
            self, tr("Models found"), tr("Models in the searched folders; Space checks a model")
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Check rows with Space."""
        if event.key() == Qt.Key.Key_Space:
            self._list.toggle(
                sorted({index.row() for index in self.selectionModel().selectedRows()})
            )
            return
        super().keyPressEvent(event)
