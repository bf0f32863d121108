"""The table of models that were found: one a row, with a box to choose it where it can be added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QApplication, QTableView

from studio.core.kinds import KINDS
from studio.models.install.scan import Found
from studio.ui.widgets import theme
from studio.ui.widgets.factory import name_control, size_text, style_table

Index = QModelIndex | QPersistentModelIndex
NAME, KIND, SIZE, PROGRAM, STATE = range(5)
_BOX_WIDTH = 18
"""With its frame, as `theme.py` has it."""
_REFUSED = " was not added: "
_OTHERS = {
    "unknown": "not known",
    "lora": "LoRA",
    "vae": "VAE",
    "ip_adapter": "IP-Adapter",
    "controlnet": "ControlNet",
}
_TITLES = ("Model", "For", "Size", "Where", "State")


class FoundList(QAbstractTableModel):
    """What was found. What Studio can run and does not have yet may be chosen."""

    choice_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._found: list[Found] = []
        self._chosen: set[str] = set()
        self._known: dict[str, str] = {}
        self._why_not: dict[str, str] = {}
        self._locked = False

    def clear(self) -> None:
        """Show nothing."""
        self.beginResetModel()
        self._found, self._chosen, self._known, self._why_not = [], set(), {}, {}
        self.endResetModel()
        self.choice_changed.emit()

    def append(self, found: Sequence[Found]) -> None:
        """Show these below the others."""
        first = len(self._found)
        self.beginInsertRows(QModelIndex(), first, first + len(found) - 1)
        self._found.extend(found)
        self.endInsertRows()
        self.choice_changed.emit()

    def set_locked(self, locked: bool) -> None:
        """Let nothing be chosen while something runs, or again."""
        if locked != self._locked:
            self._locked = locked
            self._tell_all()

    def set_state(self, found: Found, *, known: str = "", why_not: str = "") -> None:
        """Show that a model is in the list by now, or why it is not."""
        path = found.inspection.path
        self._chosen.discard(path)
        if known:
            self._known[path] = known
        else:
            self._why_not[path] = why_not
        self._tell_all()

    def found_at(self, number: int) -> Found | None:
        """Return what a row shows."""
        return self._found[number] if 0 <= number < len(self._found) else None

    def can_be_added(self, found: Found) -> bool:
        """True where Studio runs it and does not have it."""
        return found.inspection.runs and not (found.known or found.inspection.path in self._known)

    @property
    def possible(self) -> int:
        """How many can be added."""
        return sum(self.can_be_added(found) for found in self._found)

    def chosen(self) -> list[Found]:
        """Return what is to be added."""
        return [found for found in self._found if found.inspection.path in self._chosen]

    def choose_all(self, wanted: bool) -> None:
        """Choose all that can be added, or nothing."""
        self._chosen = {
            found.inspection.path for found in self._found if wanted and self.can_be_added(found)
        }
        self._tell_all()

    def toggle(self, rows: Sequence[int]) -> None:
        """Choose these rows, or none of them where all are chosen."""
        paths = {
            found.inspection.path
            for row in rows
            if (found := self.found_at(row)) and self.can_be_added(found)
        }
        if not paths or self._locked:
            return
        self._chosen = self._chosen - paths if paths <= self._chosen else self._chosen | paths
        self._tell_all()

    def _tell_all(self) -> None:
        if self._found:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._found) - 1, STATE))
        self.choice_changed.emit()

    def state_of(self, found: Found, *, whole: bool = False) -> str:
        """Return what is to be said about it, in a word or as a sentence."""
        path = found.inspection.path
        known, why_not = found.known or self._known.get(path, ""), self._why_not.get(path, "")
        if known:
            return f"It is in the list as {known}." if whole else "in the list"
        if found.inspection.runs and not why_not:
            return "It can be added." if whole else "can be added"
        why_not = why_not or found.inspection.why_not
        reason = (
            why_not.partition(_REFUSED)[2] or why_not
        )  # the row says already what was not added
        return f"It cannot be added: {reason}" if whole else reason

    # Qt's model
    # ----------------------------------------------------------------------

    def rowCount(self, parent: Index | None = None) -> int:
        """One row a model."""
        return 0 if parent is not None and parent.isValid() else len(self._found)

    def columnCount(self, parent: Index | None = None) -> int:
        """Five columns."""
        return 0 if parent is not None and parent.isValid() else len(_TITLES)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return the title of a column."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _TITLES[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section == SIZE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """The name has a box where the model can be added."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        found = self._found[index.row()]
        if index.column() == NAME and self.can_be_added(found) and not self._locked:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        found = self._found[index.row()]
        seen, can = found.inspection, self.can_be_added(found)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(found, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.state_of(found, whole=True) if index.column() == STATE else None
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == NAME and can:
            return Qt.CheckState.Checked if seen.path in self._chosen else Qt.CheckState.Unchecked
        if not can and role in (Qt.ItemDataRole.ForegroundRole, Qt.ItemDataRole.DecorationRole):
            return self._pale(index.column(), role)
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == SIZE:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == NAME:
            return f"{seen.title or seen.path}, {self.state_of(found)}"
        return None

    def _pale(self, column: int, role: int) -> Any:
        """Return how a model looks that cannot be added: grey, and with the room of a box before
        its name.
        """
        if role == Qt.ItemDataRole.ForegroundRole:
            application = QApplication.instance()
            assert isinstance(application, QApplication)
            return QColor(theme.colors(application).muted)
        if column != NAME:
            return None
        empty = QPixmap(_BOX_WIDTH, 1)
        empty.fill(Qt.GlobalColor.transparent)
        return empty

    def _text(self, found: Found, column: int) -> str:
        seen = found.inspection
        if column == NAME:
            return seen.title
        if column == KIND:
            return (
                KINDS[seen.kind].title
                if seen.kind in KINDS
                else _OTHERS.get(seen.kind, seen.kind.replace("_", " "))
            )
        if column == SIZE:
            return size_text(seen.size) if seen.size else ""
        return found.program if column == PROGRAM else self.state_of(found)

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take a box that was set or cleared."""
        if (
            role != Qt.ItemDataRole.CheckStateRole
            or not self.flags(index) & Qt.ItemFlag.ItemIsUserCheckable
        ):
            return False
        path = self._found[index.row()].inspection.path
        if Qt.CheckState(value) == Qt.CheckState.Checked:
            self._chosen.add(path)
        else:
            self._chosen.discard(path)
        self._tell_all()
        return True


class FoundView(QTableView):
    """The table; Space chooses the selected rows, wherever in them one is."""

    def __init__(self, found: FoundList) -> None:
        super().__init__()
        self._list = found
        self.setModel(found)
        style_table(self, {NAME: 260, KIND: 110, SIZE: 80, PROGRAM: 120}, [STATE])
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        name_control(self, "Models found", "What lies in the folders; Space chooses a model")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space chooses."""
        if event.key() == Qt.Key.Key_Space:
            self._list.toggle(
                sorted({index.row() for index in self.selectionModel().selectedRows()})
            )
            return
        super().keyPressEvent(event)
