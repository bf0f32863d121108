"""The queue's jobs as a table: one row a job, in the order of their places."""

from __future__ import annotations

import html
import json
import time
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from studio.core.events import TERMINAL, Event, Loading, Progress
from studio.core.jobs import Job, JobState
from studio.core.kinds import KINDS
from studio.jobs.queue import JobQueue
from studio.ui import background

COLUMNS = ("State", "Kind", "Model", "Prompt", "Progress", "Time")
STATE, KIND, MODEL, PROMPT, PROGRESS, TIME = range(len(COLUMNS))
SHARE_ROLE = Qt.ItemDataRole.UserRole + 1
SET_ASIDE = "Set aside"
WORDS = {
    JobState.QUEUED: "Waiting",
    JobState.RUNNING: "Running",
    JobState.COMPLETED: "Done",
    JobState.FAILED: "Failed",
    JobState.CANCELLED: "Cancelled",
}
RANK_DELAY_MS = 100
RANK_SHARE = 10
"""Ranks of 100 000 jobs take a while: so much longer than they took is waited before they are
looked at again.
"""
_JOBS = "application/x-studio-jobs"
Index = QModelIndex | QPersistentModelIndex


def word_for(job: Job) -> str:
    """Return the word for a job's state."""
    return SET_ASIDE if job.set_aside else WORDS[job.state]


def duration(seconds: float) -> str:
    """Return seconds as a person says them: 8 s, 3 min, 2 h 5 min."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


class JobTable(QAbstractTableModel):
    """The queue's jobs. A new job is a new row at the end; rows are dragged to reorder waiting
    jobs.
    """

    dropped = Signal(list, object)
    """(job ids, the id of the job before which they were dropped or None)."""
    ranks_changed = Signal()
    """Cells of waiting jobs want to be painted again. Not `dataChanged`, after which all rows would
    be filtered anew.
    """

    def __init__(self, queue: JobQueue) -> None:
        super().__init__()
        self._queue = queue
        self._jobs: list[Job] = []
        self._rows: dict[str, int] = {}
        self._progress: dict[str, tuple[float, str]] = {}
        self._begun: dict[str, tuple[float, int]] = {}
        self._ranks: dict[str, int] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(RANK_DELAY_MS)
        self._timer.timeout.connect(self._rank)
        self._ranking = False
        self._reset()
        queue.jobs_added.connect(self._on_added)
        queue.jobs_changed.connect(self._on_changed)
        queue.jobs_removed.connect(lambda _ids: self._reset())
        queue.jobs_moved.connect(lambda _jobs: self._reset())
        queue.job_event.connect(self._on_event)
        queue.cancel_wished.connect(lambda job_id: self._tell(job_id, 0.0, "Stopping…"))

    def rowCount(self, parent: Index | None = None) -> int:
        """One row a job."""
        return 0 if parent is not None and parent.isValid() else len(self._jobs)

    def columnCount(self, parent: Index | None = None) -> int:
        """The columns."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """The columns' titles."""
        if role == Qt.ItemDataRole.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return COLUMNS[section]
        return None

    def job_at(self, row_number: int) -> Job:
        """Return the job of a row."""
        return self._jobs[row_number]

    def row_of(self, job_id: str) -> int:
        """Return the row of a job that is listed."""
        return self._rows[job_id]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        job = self._jobs[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._text(job, index.column())
        if role == SHARE_ROLE and index.column() == PROGRESS:
            return (
                self._progress.get(job.id, (0.0, ""))[0] if job.state is JobState.RUNNING else None
            )
        if role == Qt.ItemDataRole.ToolTipRole:
            return html.escape((job.failure.message if job.failure else job.request.prompt)[:500])
        return None

    def _text(self, job: Job, column: int) -> str:
        if column == STATE:
            rank = self._ranks.get(job.id) if job.state is JobState.QUEUED else None
            return f"{word_for(job)} · {rank}" if rank else word_for(job)
        if column == KIND:
            return KINDS[job.request.kind].title
        if column == MODEL:
            return job.request.model
        if column == PROMPT:
            return " ".join(job.request.prompt[:300].split())
        if column == PROGRESS:
            if job.state is JobState.RUNNING:
                return self._progress.get(job.id, (0.0, "Preparing"))[1]
            return job.failure.message[:500] if job.failure else ""
        return self._time(job)

    def _time(self, job: Job) -> str:
        if job.state is JobState.QUEUED:
            likely = self._queue.estimates.seconds(job.request)
            return "" if likely is None else f"≈ {duration(likely)}"
        if job.ended and job.started:
            return duration(job.ended - job.started)
        return (
            duration(time.time() - job.started)
            if job.state is JobState.RUNNING and job.started
            else ""
        )

    # What the queue says
    # ----------------------------------------------------------------------

    def _reset(self) -> None:
        self.beginResetModel()
        self._jobs = self._queue.jobs()
        self._rows = {job.id: number for number, job in enumerate(self._jobs)}
        self.endResetModel()
        self._timer.start()

    def _on_added(self, jobs: list[Job]) -> None:
        first = len(self._jobs)
        if (
            self._jobs and jobs and jobs[0].position <= self._jobs[-1].position
        ):  # removed ones that came back
            self._reset()
            return
        self.beginInsertRows(QModelIndex(), first, first + len(jobs) - 1)
        self._jobs += jobs
        self._rows.update((job.id, first + number) for number, job in enumerate(jobs))
        self.endInsertRows()
        self._timer.start()

    def _on_changed(self, jobs: list[Job]) -> None:
        for job in jobs:
            number = self._rows.get(job.id)
            if number is None:
                continue
            self._jobs[number] = job
            if job.state is not JobState.RUNNING:
                self._progress.pop(job.id, None)
                self._begun.pop(job.id, None)
            self.dataChanged.emit(self.index(number, 0), self.index(number, len(COLUMNS) - 1))
        self._timer.start()

    def _rank(self) -> None:
        if self._ranking:
            self._timer.start()
            return
        self._ranking, order = True, self._queue.order_now()

        def rank() -> tuple[dict[str, int], float]:
            begun = time.perf_counter()
            ranks = {job.id: number for number, job in enumerate(order(), start=1)}
            return ranks, time.perf_counter() - begun

        background.run(self, rank, self._on_ranked)

    def _on_ranked(self, found: tuple[dict[str, int], float]) -> None:
        self._ranks, seconds = found
        self._ranking = False
        self._timer.setInterval(max(RANK_DELAY_MS, int(RANK_SHARE * seconds * 1000)))
        self.ranks_changed.emit()

    def _on_event(self, job_id: str, event: Event) -> None:
        if isinstance(event, Loading):
            self._tell(job_id, 0.0, event.phase)
        elif isinstance(event, Progress):
            begun, first = self._begun.setdefault(job_id, (time.monotonic(), event.step))
            seconds, done = time.monotonic() - begun, event.step - first
            rate = done / seconds if seconds > 0 and done else 0.0
            text = f"{event.step} of {event.total}"
            if rate:
                text += (
                    f" · {rate:.1f} {event.unit}s/s · "
                    f"{duration((event.total - event.step) / rate)} left"
                )
            self._tell(job_id, event.step / max(1, event.total), text)
        elif isinstance(event, TERMINAL):
            self._progress.pop(job_id, None)

    def _tell(self, job_id: str, share: float, text: str) -> None:
        number = self._rows.get(job_id)
        if number is not None:
            self._progress[job_id] = (share, text)
            self.dataChanged.emit(self.index(number, PROGRESS), self.index(number, TIME))

    def tick(self) -> None:
        """Let the running job's time go on."""
        for job_id in self._progress:
            number = self._rows.get(job_id)
            if number is not None:
                self.dataChanged.emit(self.index(number, TIME), self.index(number, TIME))

    # Drag and drop
    # ----------------------------------------------------------------------

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Waiting jobs can be dragged between others."""
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        plain = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        return (
            plain | Qt.ItemFlag.ItemIsDragEnabled
            if self._jobs[index.row()].state is JobState.QUEUED
            else plain
        )

    def supportedDropActions(self) -> Qt.DropAction:
        """Only moves."""
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        """Our own jobs."""
        return [_JOBS]

    def mimeData(self, indexes: Any) -> QMimeData:
        """The ids of the dragged jobs."""
        rows = sorted({index.row() for index in indexes})
        data = QMimeData()
        data.setData(_JOBS, json.dumps([self._jobs[number].id for number in rows]).encode())
        return data

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        """Say where jobs were dropped; the queue moves them."""
        if action is not Qt.DropAction.MoveAction or not data.hasFormat(_JOBS):
            return False
        if parent.isValid():
            row = parent.row()
        after = self._jobs[row:] if row >= 0 else []
        before = next((job.id for job in after if job.state is JobState.QUEUED), None)
        self.dropped.emit(json.loads(bytes(data.data(_JOBS).data())), before)
        return True


class JobFilter(QSortFilterProxyModel):
    """Shows the jobs of a kind, a state, a batch, or with a text in their prompts."""

    def __init__(self, table: JobTable) -> None:
        super().__init__()
        self._table = table
        self._kind, self._state, self._batch, self._text = "", "", "", ""
        self.setSourceModel(table)

    def show_only(self, kind: str, state: str, batch: str, text: str) -> None:
        """Show what fits all of these; empty ones fit everything."""
        self.beginFilterChange()
        self._kind, self._state, self._batch, self._text = kind, state, batch, text.casefold()
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def filterAcceptsRow(self, source_row: int, _parent: Index) -> bool:
        """True for a job that fits."""
        job = self._table.job_at(source_row)
        return (
            (not self._kind or job.request.kind == self._kind)
            and (not self._state or word_for(job) == self._state)
            and (not self._batch or job.batch == self._batch)
            and (
                not self._text
                or self._text in job.request.prompt.casefold()
                or self._text in job.request.model.casefold()
            )
        )

    def job_at(self, row_number: int) -> Job:
        """Return the job of a shown row."""
        return self._table.job_at(self.mapToSource(self.index(row_number, 0)).row())


class ProgressDelegate(QStyledItemDelegate):
    """Draws a thin bar under the words of the running job."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw the cell."""
        super().paint(painter, option, index)
        share = index.data(SHARE_ROLE)
        if share is None:
            return
        area = option.rect.adjusted(6, 0, -6, -2)
        area.setTop(area.bottom() - 2)
        painter.fillRect(area, option.palette.color(QPalette.ColorRole.Mid))
        area.setWidth(int(area.width() * min(1.0, share)))
        painter.fillRect(area, option.palette.color(QPalette.ColorRole.Accent))
