"""The table of a batch file's rows: request and file name of each, or why it cannot run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from studio.batch.plan import Row
from studio.core.kinds import KINDS
from studio.core.requests import Request, fields
from studio.core.translation import mark, tr, tr_marked
from studio.ui.batch.preview import BatchPreview
from studio.ui.widgets import theme
from studio.ui.widgets.factory import escape_markup
from studio.ui.widgets.table_model import Index, TableModel

LINE, KIND, PROMPT, SETTINGS, FILE = range(5)
MAX_SHOWN = 300
"""Characters of a prompt in a cell; its tooltip has more."""
MAX_TIP = 3_000


class RowTable(TableModel):
    """The rows of a batch file; cells are computed on demand, for files of 100 000 rows."""

    COLUMNS = (
        mark("Line"),
        mark("Kind"),
        mark("Prompt"),
        mark("Settings or problem"),
        mark("File"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._preview: BatchPreview | None = None
        self._visible: Sequence[int] = ()

    def show_rows(self, preview: BatchPreview | None, only_bad: bool) -> None:
        """Show all rows, or only those that cannot run."""
        self.beginResetModel()
        self._preview = preview
        rows = preview.batch_file.rows if preview else ()
        self._visible = (
            [index for index, row in enumerate(rows) if row.request is None and not row.is_skipped]
            if only_bad
            else range(len(rows))
        )
        self.endResetModel()

    def row_total(self) -> int:
        """See `TableModel`."""
        return len(self._visible)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text, tooltip or color."""
        assert self._preview is not None
        row_index = self._visible[index.row()]
        row = self._preview.batch_file.rows[row_index]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._cell_text(row_index, row, index.column())
        if role == Qt.ItemDataRole.ToolTipRole and index.column() >= PROMPT:
            return escape_markup(self._tooltip(row_index, row, index.column())[:MAX_TIP])
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._color(row_index, row, index.column())
        return None

    def _cell_text(self, index: int, row: Row, column: int) -> str:
        request = row.request
        if column == LINE:
            return str(row.line)
        if request is None:
            problem = tr("Skipped") if row.is_skipped else row.message[:MAX_SHOWN]
            shown = " ".join(row.text[:MAX_SHOWN].split())
            return {PROMPT: shown, SETTINGS: problem}.get(column, "")
        if column == KIND:
            return tr_marked(KINDS[request.kind].title)
        if column == PROMPT:
            return " ".join(request.prompt[:MAX_SHOWN].split())
        if column == SETTINGS:
            task = f"task {row.task}, " if row.task else ""
            return task + settings_text(request)
        return self._file(index, request)

    def _tooltip(self, index: int, row: Row, column: int) -> str:
        if row.request is None:
            return row.text if column == PROMPT else row.message
        return row.request.prompt if column == PROMPT else self._cell_text(index, row, column)

    def _file(self, index: int, request: Request) -> str:
        assert self._preview is not None
        resumed = self._preview.resumed
        if index in resumed.waiting:
            return tr("Waiting in the queue")
        if index in resumed.done:
            return tr("Done: {files}", files=", ".join(resumed.done[index].files))
        return f"{self._preview.stems[index]}.{request.file_format}" if self._preview.stems else ""

    def row_at(self, index: Index) -> Row | None:
        """Return the row of a cell."""
        if self._preview is None or not index.isValid():
            return None
        return self._preview.batch_file.rows[self._visible[index.row()]]

    def _color(self, index: int, row: Row, column: int) -> QColor | None:
        application = QApplication.instance()
        assert self._preview is not None
        if not isinstance(application, QApplication):
            return None
        colors = theme.colors(application)
        if row.is_skipped or index in self._preview.resumed.rows:
            return QColor(colors.muted)
        if row.request is None and column != PROMPT:
            return QColor(colors.error)
        return None


def settings_text(request: Request) -> str:
    """Return all settings of a request in one line, those that differ from the defaults first."""
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
