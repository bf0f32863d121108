"""The table of jobs: one row a job, in the queue's order."""

from __future__ import annotations

import json
import time
from typing import Any

from PySide6.QtCore import (
    QMimeData,
    QModelIndex,
    QSortFilterProxyModel,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from studio.core.jobs import Job, JobState
from studio.core.kinds import KINDS
from studio.core.translation import mark, tr_marked
from studio.jobs.queue import JobQueue
from studio.ui import background
from studio.ui.queue.job_text import job_title, state_key, state_title, time_text, times_text
from studio.ui.queue.progress import JobProgress
from studio.ui.widgets.factory import escape_markup
from studio.ui.widgets.table_model import Index, TableModel

STATE, KIND, MODEL, PROMPT, PROGRESS, TIME = range(6)
SHARE_ROLE = Qt.ItemDataRole.UserRole + 1
RANK_DELAY_MS = 100
RANK_SHARE = 10
"""Wait this many times as long as the last ranking took: 100 000 jobs take a while."""
_JOBS = "application/x-studio-jobs"


class JobTable(TableModel):
    """The queue's jobs; waiting ones can be dragged to other positions."""

    COLUMNS = (
        mark("State"),
        mark("Kind"),
        mark("Model"),
        mark("Prompt"),
        mark("Progress"),
        mark("Time"),
    )

    dropped = Signal(list, object)
    """Job ids, and the id of the job before which they were dropped, or None for the end."""
    ranks_changed = Signal()
    """Cells of waiting jobs must be painted again. `dataChanged` would filter all rows again."""

    def __init__(self, queue: JobQueue) -> None:
        super().__init__()
        self._queue = queue
        self._jobs: list[Job] = []
        self._rows: dict[str, int] = {}
        self._progress = JobProgress(queue, self)
        self._ranks: dict[str, int] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(RANK_DELAY_MS)
        self._timer.timeout.connect(self._update_ranks)
        self._is_ranking = False
        self._reset()
        queue.jobs_added.connect(self._on_added)
        queue.jobs_changed.connect(self._on_changed)
        queue.jobs_removed.connect(lambda _ids: self._reset())
        queue.jobs_moved.connect(lambda _jobs: self._reset())
        self._progress.changed.connect(self._on_progress)

    def row_total(self) -> int:
        """See `TableModel`."""
        return len(self._jobs)

    def job_at(self, row: int) -> Job:
        """Return the job of a row."""
        return self._jobs[row]

    def row_of(self, job_id: str) -> int:
        """Return the row of a listed job."""
        return self._rows[job_id]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text, progress or tooltip."""
        job = self._jobs[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._text(job, index.column())
        if role == SHARE_ROLE and index.column() == PROGRESS:
            return self._progress.of(job.id).share if job.state is JobState.RUNNING else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(job, index.column())
        return None

    def _text(self, job: Job, column: int) -> str:
        if column == STATE:
            rank = self._ranks.get(job.id) if job.state is JobState.QUEUED else None
            return f"{state_title(job)} · {rank}" if rank else state_title(job)
        if column == KIND:
            return tr_marked(KINDS[job.request.kind].title)
        if column == MODEL:
            return job.request.model
        if column == PROMPT:
            return job_title(job)
        if column == PROGRESS:
            if job.state is JobState.RUNNING:
                return self._progress.of(job.id).text
            return job.failure.message[:500] if job.failure else ""
        waits = job.state is JobState.QUEUED
        return time_text(job, self._queue.estimates.seconds(job.request) if waits else None)

    # Queue signals
    # ----------------------------------------------------------------------

    def _reset(self) -> None:
        self.beginResetModel()
        self._jobs = self._queue.jobs()
        self._rows = {job.id: row for row, job in enumerate(self._jobs)}
        self.endResetModel()
        self._timer.start()

    def _on_added(self, jobs: list[Job]) -> None:
        first = len(self._jobs)
        if self._jobs and jobs and jobs[0].position <= self._jobs[-1].position:
            self._reset()  # removed jobs that were restored
            return
        self.beginInsertRows(QModelIndex(), first, first + len(jobs) - 1)
        self._jobs += jobs
        self._rows.update((job.id, first + row) for row, job in enumerate(jobs))
        self.endInsertRows()
        self._timer.start()

    def _on_changed(self, jobs: list[Job]) -> None:
        for job in jobs:
            row = self._rows.get(job.id)
            if row is None:
                continue
            self._jobs[row] = job
            if job.state is not JobState.RUNNING:
                self._progress.forget(job.id)
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(self.COLUMNS) - 1))
        self._timer.start()

    def _update_ranks(self) -> None:
        if self._is_ranking:
            self._timer.start()
            return
        self._is_ranking, order = True, self._queue.order_snapshot()

        def rank() -> tuple[dict[str, int], float]:
            started = time.perf_counter()
            ranks = {job.id: row for row, job in enumerate(order(), start=1)}
            return ranks, time.perf_counter() - started

        background.run(self, rank, self._on_ranked)

    def _on_ranked(self, found: tuple[dict[str, int], float]) -> None:
        self._ranks, seconds = found
        self._is_ranking = False
        self._timer.setInterval(max(RANK_DELAY_MS, int(RANK_SHARE * seconds * 1000)))
        self.ranks_changed.emit()

    def _on_progress(self, job_id: str) -> None:
        row = self._rows.get(job_id)
        if row is not None:
            self.dataChanged.emit(self.index(row, PROGRESS), self.index(row, TIME))

    def update_times(self) -> None:
        """Update the elapsed time of running jobs."""
        for job_id in self._progress.job_ids():
            row = self._rows.get(job_id)
            if row is not None:
                self.dataChanged.emit(self.index(row, TIME), self.index(row, TIME))

    # Drag and drop
    # ----------------------------------------------------------------------

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Let waiting jobs be dragged."""
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        return (
            flags | Qt.ItemFlag.ItemIsDragEnabled
            if self._jobs[index.row()].state is JobState.QUEUED
            else flags
        )

    def supportedDropActions(self) -> Qt.DropAction:
        """Allow moves only."""
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        """Accept jobs of this table."""
        return [_JOBS]

    def mimeData(self, indexes: Any) -> QMimeData:
        """Return the ids of the dragged jobs."""
        rows = sorted({index.row() for index in indexes})
        data = QMimeData()
        data.setData(_JOBS, json.dumps([self._jobs[row].id for row in rows]).encode())
        return data

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        """Emit `dropped`; the queue moves the jobs."""
        if action is not Qt.DropAction.MoveAction or not data.hasFormat(_JOBS):
            return False
        if parent.isValid():
            row = parent.row()
        after = self._jobs[row:] if row >= 0 else []
        before = next((job.id for job in after if job.state is JobState.QUEUED), None)
        self.dropped.emit(json.loads(bytes(data.data(_JOBS).data())), before)
        return True


def _tip(job: Job, column: int) -> str:
    if column == TIME:
        return escape_markup(times_text(job)).replace("\n", "<br>")
    return escape_markup((job.failure.message if job.failure else job.request.prompt)[:500])


class JobFilter(QSortFilterProxyModel):
    """Filters jobs by kind, state, batch and text."""

    def __init__(self, table: JobTable) -> None:
        super().__init__()
        self._table = table
        self._kind, self._state, self._batch, self._text = "", "", "", ""
        self.setSourceModel(table)

    def show_only(self, kind: str, state: str, batch: str, text: str) -> None:
        """Set the filters; an empty one matches everything."""
        self.beginFilterChange()
        self._kind, self._state, self._batch, self._text = kind, state, batch, text.casefold()
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def filterAcceptsRow(self, source_row: int, _parent: Index) -> bool:
        """True if the job matches all filters."""
        job = self._table.job_at(source_row)
        return (
            (not self._kind or job.request.kind == self._kind)
            and (not self._state or state_key(job) == self._state)
            and (not self._batch or job.batch == self._batch)
            and (
                not self._text
                or self._text in job.request.prompt.casefold()
                or self._text in job.request.model.casefold()
            )
        )

    def job_at(self, row: int) -> Job:
        """Return the job of a filtered row."""
        return self._table.job_at(self.mapToSource(self.index(row, 0)).row())


class ProgressDelegate(QStyledItemDelegate):
    """Draws a thin progress bar below the text of a running job."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the text and the bar."""
        super().paint(painter, option, index)
        share = index.data(SHARE_ROLE)
        if share is None:
            return
        area = option.rect.adjusted(6, 0, -6, -2)
        area.setTop(area.bottom() - 2)
        painter.fillRect(area, option.palette.color(QPalette.ColorRole.Mid))
        area.setWidth(int(area.width() * min(1.0, share)))
        painter.fillRect(area, option.palette.color(QPalette.ColorRole.Accent))
