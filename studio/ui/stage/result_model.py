"""Model and painting of the results in strip and batch grid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
)

from studio.core.file_names import one_line
from studio.core.jobs import JobState
from studio.core.translation import mark, tr_marked
from studio.ui.stage.result_item import ResultItem

ITEM = Qt.ItemDataRole.UserRole
_STATES = {
    JobState.QUEUED: mark(", waiting"),
    JobState.RUNNING: mark(", running"),
    JobState.FAILED: mark(", failed"),
    JobState.CANCELLED: mark(", cancelled"),
}
MAX_TITLE = 120
Index = QModelIndex | QPersistentModelIndex


class ResultModel(QAbstractListModel):
    """Results in order, found by the path of their file or the id of their job."""

    def __init__(self, parent: QObject, *, by_job: bool) -> None:
        super().__init__(parent)
        self._by_job = by_job
        self._items: list[ResultItem] = []
        self._rows: dict[str, int] = {}

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008  # Qt's signature
        """Qt's override."""
        return 0 if parent.isValid() else len(self._items)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's override."""
        item = self._items[index.row()]
        if role == ITEM:
            return item
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.DisplayRole):
            return title_of(item)
        if role == Qt.ItemDataRole.ToolTipRole:
            return item.message or (Path(item.path).name if item.path else "")
        return None

    def key(self, item: ResultItem) -> str:
        """Return what identifies an item in this model."""
        return item.job_id if self._by_job else item.path

    def items(self) -> list[ResultItem]:
        """Return all items in order."""
        return self._items

    def item(self, row: int) -> ResultItem:
        """Return the item of a row."""
        return self._items[row]

    def row_of(self, key: str) -> int:
        """Return the row of a path or job, or −1."""
        return self._rows.get(key, -1)

    def set_items(self, items: Iterable[ResultItem]) -> None:
        """Replace all items."""
        self.beginResetModel()
        self._items = list(items)
        self._number()
        self.endResetModel()

    def insert_first(self, items: Sequence[ResultItem], limit: int) -> None:
        """Put new items before the others, in their order; drop the last ones above a limit."""
        for item in reversed(items):
            row = self.row_of(self.key(item))
            if row >= 0:
                self.remove_rows(row, 1)
            self.beginInsertRows(QModelIndex(), 0, 0)
            self._items.insert(0, item)
            self._number()
            self.endInsertRows()
        if len(self._items) > limit:
            self.remove_rows(limit, len(self._items) - limit)

    def append(self, items: Sequence[ResultItem]) -> None:
        """Put items after the others."""
        if items:
            first = len(self._items)
            self.beginInsertRows(QModelIndex(), first, first + len(items) - 1)
            self._items.extend(items)
            self._number()
            self.endInsertRows()

    def replace(self, item: ResultItem) -> None:
        """Replace the item with the same key; ignore an unknown one."""
        row = self.row_of(self.key(item))
        if row >= 0:
            self._items[row] = item
            self.changed(row)

    def changed(self, row: int) -> None:
        """Let a row be painted again."""
        self.dataChanged.emit(self.index(row), self.index(row))

    def remove(self, key: str) -> None:
        """Remove an item; ignore an unknown one."""
        row = self.row_of(key)
        if row >= 0:
            self.remove_rows(row, 1)

    def remove_rows(self, row: int, count: int) -> None:
        """Remove rows."""
        self.beginRemoveRows(QModelIndex(), row, row + count - 1)
        del self._items[row : row + count]
        self._number()
        self.endRemoveRows()

    def _number(self) -> None:
        self._rows = {self.key(item): row for row, item in enumerate(self._items)}


def title_of(item: ResultItem) -> str:
    """Describe an item in one line: its row, prompt and state."""
    prompt = " ".join(one_line(item.prompt[:MAX_TITLE]).split()) or Path(item.path).name
    row = f"{item.row}: " if item.row else ""
    state = tr_marked(_STATES.get(item.state, ""))
    return f"{row}{prompt}{state}"


def centered(size: QSize, area: QRect) -> QRect:
    """Return a rectangle of a size, scaled down to an area and in its middle."""
    if size.width() > area.width() or size.height() > area.height():
        size = size.scaled(area.size(), Qt.AspectRatioMode.KeepAspectRatio)
    left = area.left() + (area.width() - size.width()) // 2
    top = area.top() + (area.height() - size.height()) // 2
    return QRect(left, top, size.width(), size.height())
