"""The table of a batch file's rows: what each will do, under which name, or why it cannot."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from studio.batch.plan import Row
from studio.core.kinds import KINDS
from studio.core.requests import Request, fields
from studio.ui.batch.preview import Understood
from studio.ui.widgets import theme

LINE, KIND, PROMPT, SETTINGS, FILE = range(5)
COLUMNS = ("Line", "Kind", "Prompt", "Settings", "File")
MAX_SHOWN = 300
"""Characters of a prompt in a cell; its tooltip has more."""
MAX_TIP = 3_000
Index = QModelIndex | QPersistentModelIndex


class RowTable(QAbstractTableModel):
    """The rows of a batch file. Cells are made when they are looked at, so that 100 000 rows cost
    nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._found: Understood | None = None
        self._shown: Sequence[int] = ()

    def show_rows(self, found: Understood | None, only_bad: bool) -> None:
        """Show these rows, or those of them that cannot run."""
        self.beginResetModel()
        self._found = found
        rows = found.batch_file.rows if found else ()
        self._shown = (
            [at for at, row in enumerate(rows) if row.request is None]
            if only_bad
            else range(len(rows))
        )
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        """One row a run."""
        return 0 if parent is not None and parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index | None = None) -> int:
        """The five columns."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """The columns' titles."""
        if role == Qt.ItemDataRole.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return COLUMNS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        assert self._found is not None
        at = self._shown[index.row()]
        shown = self._found.batch_file.rows[at]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._cell(at, shown, index.column())
        if role == Qt.ItemDataRole.ToolTipRole and index.column() >= PROMPT:
            return html.escape(self._tip(at, shown, index.column())[:MAX_TIP])
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colour(at, shown)
        return None

    def _cell(self, at: int, shown: Row, column: int) -> str:
        request = shown.request
        if column == LINE:
            return str(shown.line)
        if request is None:
            return {PROMPT: shown.message[:500], SETTINGS: "Cannot run"}.get(column, "")
        if column == KIND:
            return KINDS[request.kind].title
        if column == PROMPT:
            return " ".join(request.prompt[:MAX_SHOWN].split())
        return settings_text(request) if column == SETTINGS else self._file(at, request)

    def _tip(self, at: int, shown: Row, column: int) -> str:
        if shown.request is None:
            return shown.message
        return shown.request.prompt if column == PROMPT else self._cell(at, shown, column)

    def _file(self, at: int, request: Request) -> str:
        assert self._found is not None
        resumed = self._found.resumed
        if at in resumed.waiting:
            return "Waits in the queue"
        if at in resumed.done:
            return f"Done: {', '.join(resumed.done[at].files)}"
        return f"{self._found.stems[at]}.{request.file_format}" if self._found.stems else ""

    def _colour(self, at: int, shown: Row) -> QColor | None:
        application = QApplication.instance()
        assert self._found is not None
        if not isinstance(application, QApplication):
            return None
        if shown.request is None:
            return QColor(theme.colors(application).error)
        return QColor(theme.colors(application).muted) if at in self._found.resumed.rows else None


def settings_text(request: Request) -> str:
    """Return every setting of a request in one line, those that are not as usual first."""
    infos = [info for info in fields(type(request)) if info.name != "prompt"]
    infos.sort(
        key=lambda info: (
            1
            if info.name in ("seed", "model")
            else 2 * bool(getattr(request, info.name) == info.default)
        )
    )
    values = ((info.flag, getattr(request, info.name)) for info in infos)
    return ", ".join(
        f"{flag} {value:g}" if isinstance(value, float) else f"{flag} {value}"
        for flag, value in values
        if value not in ("", None)
    )
