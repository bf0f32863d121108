"""The base of the window's tables: a fixed list of columns with titles."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from studio.core.translation import tr_marked

Index = QModelIndex | QPersistentModelIndex


class TableModel(QAbstractTableModel):
    """A table of rows without children, with `COLUMNS` as titles, marked."""

    COLUMNS: ClassVar[tuple[str, ...]]

    @abstractmethod
    def row_total(self) -> int:
        """Return the number of rows."""

    def rowCount(self, parent: Index | None = None) -> int:
        """See `QAbstractTableModel`."""
        return 0 if parent is not None and parent.isValid() else self.row_total()

    def columnCount(self, parent: Index | None = None) -> int:
        """See `QAbstractTableModel`."""
        return 0 if parent is not None and parent.isValid() else len(self.COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's title."""
        if role == Qt.ItemDataRole.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return tr_marked(self.COLUMNS[section])
        return None
