"""The queue: all jobs of all kinds, with state and progress."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QKeySequence, QPainter, QPalette, QShortcut
from PySide6.QtWidgets import (
    QDockWidget,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from studio.core.artifact import Artifact
from studio.core.events import TERMINAL, Event, Loading, Progress
from studio.core.jobs import Job, JobState
from studio.jobs.queue import JobQueue
from studio.ui.parts import button, dress_table, label, name_control, row, tell

COLUMNS = ("State", "Kind", "Prompt", "Progress", "Time")
STATE, KIND, PROMPT, PROGRESS, TIME = range(len(COLUMNS))
SHARE_ROLE = Qt.ItemDataRole.UserRole + 1
_WORDS = {
    JobState.QUEUED: "Waiting",
    JobState.RUNNING: "Running",
    JobState.COMPLETED: "Done",
    JobState.FAILED: "Failed",
    JobState.CANCELLED: "Cancelled",
}
Index = QModelIndex | QPersistentModelIndex


class JobTable(QAbstractTableModel):
    """The queue's jobs as a table. A new job is a new row at the end."""

    def __init__(self, queue: JobQueue) -> None:
        super().__init__()
        self._queue = queue
        self._jobs = queue.jobs()
        self._rows = {job.id: number for number, job in enumerate(self._jobs)}
        self._progress: dict[str, tuple[float, str]] = {}
        queue.jobs_added.connect(self._on_added)
        queue.jobs_changed.connect(self._on_changed)
        queue.jobs_removed.connect(self._on_removed)
        queue.job_event.connect(self._on_event)
        queue.cancel_wished.connect(lambda job_id: self._tell(job_id, 0.0, "Stopping…"))

    def rowCount(self, parent: Index | None = None) -> int:
        """One row a job."""
        return 0 if parent is not None and parent.isValid() else len(self._jobs)

    def columnCount(self, parent: Index | None = None) -> int:
        """The five columns."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The columns' titles."""
        if role == Qt.ItemDataRole.DisplayRole and orientation is Qt.Orientation.Horizontal:
            return COLUMNS[section]
        return None

    def job_at(self, row_number: int) -> Job:
        """Return the job of a row."""
        return self._jobs[row_number]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        job = self._jobs[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._text(job, index.column())
        if role == SHARE_ROLE and index.column() == PROGRESS:
            return self._progress.get(job.id, (0.0, ""))[0] if job.state is JobState.RUNNING else None
        if role == Qt.ItemDataRole.ToolTipRole:
            import html

            return html.escape(job.failure.message if job.failure else job.request.prompt[:500])
        return None

    def _text(self, job: Job, column: int) -> str:
        if column == STATE:
            return _WORDS[job.state]
        if column == KIND:
            return job.request.title
        if column == PROMPT:
            return " ".join(job.request.prompt[:300].split())
        if column == PROGRESS:
            if job.state is JobState.RUNNING:
                return self._progress.get(job.id, (0.0, "Preparing"))[1]
            return job.failure.message if job.failure else ""
        if job.ended and job.started:
            return f"{job.ended - job.started:.1f} s"
        return f"{time.time() - job.started:.0f} s" if job.state is JobState.RUNNING and job.started else ""

    def _on_added(self, jobs: list[Job]) -> None:
        first = len(self._jobs)
        self.beginInsertRows(QModelIndex(), first, first + len(jobs) - 1)
        self._jobs += jobs
        self._rows.update((job.id, first + number) for number, job in enumerate(jobs))
        self.endInsertRows()

    def _on_changed(self, jobs: list[Job]) -> None:
        for job in jobs:
            number = self._rows.get(job.id)
            if number is None:
                continue
            self._jobs[number] = job
            if job.state is not JobState.RUNNING:
                self._progress.pop(job.id, None)
            self.dataChanged.emit(self.index(number, 0), self.index(number, len(COLUMNS) - 1))

    def _on_removed(self, job_ids: list[str]) -> None:
        gone = set(job_ids)
        self.beginResetModel()
        self._jobs = [job for job in self._jobs if job.id not in gone]
        self._rows = {job.id: number for number, job in enumerate(self._jobs)}
        self.endResetModel()

    def _on_event(self, job_id: str, event: Event) -> None:
        if isinstance(event, Loading):
            self._tell(job_id, 0.0, event.phase)
        elif isinstance(event, Progress):
            number = self._rows.get(job_id)
            began = self._jobs[number].started if number is not None else 0
            left = (time.time() - began) / event.step * (event.total - event.step) if event.step and began else 0
            self._tell(job_id, event.step / max(1, event.total), f"{event.step} of {event.total} · {left:.0f} s left")
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
            number = self._rows[job_id]
            self.dataChanged.emit(self.index(number, TIME), self.index(number, TIME))


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


class QueueDock(QDockWidget):
    """The dock with the table and what can be done with jobs."""

    def __init__(self, queue: JobQueue) -> None:
        super().__init__("Queue")
        self.setObjectName("queue")
        self._queue = queue
        self.table_model = JobTable(queue)
        self.table = QTableView()
        self.table.setModel(self.table_model)
        self.table.setItemDelegateForColumn(PROGRESS, ProgressDelegate(self.table))
        dress_table(self.table, {STATE: 90, KIND: 70, PROGRESS: 220, TIME: 70}, [PROMPT])
        name_control(self.table, "Queue", "All jobs. Delete cancels, Enter shows the result's folder")
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._on_menu)
        self.summary = label("", "muted")
        self.cancel_button = button("Cancel", "Cancel the chosen jobs (Delete)", self.cancel_chosen, "stop")
        self.retry_button = button("Try again", "Run the chosen failed or cancelled jobs again", self.retry_chosen, "retry")
        self.cancel_all_button = button("Cancel all", "Cancel everything that waits or runs", queue.cancel_all)
        self.clear_button = button(
            "Clear done", "Take jobs that are over from this list; their files stay", queue.clear_over, "trash"
        )
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(12, 4, 12, 10)
        layout.setSpacing(6)
        layout.addWidget(self.table, 1)
        buttons = (self.cancel_button, self.retry_button, self.cancel_all_button, self.clear_button)
        layout.addWidget(row(self.summary, None, *buttons))
        self.setWidget(holder)
        QShortcut(QKeySequence("Del"), self.table, self.cancel_chosen, context=Qt.ShortcutContext.WidgetShortcut)
        QShortcut(QKeySequence("Return"), self.table, self.show_chosen, context=Qt.ShortcutContext.WidgetShortcut)
        self.table.doubleClicked.connect(lambda _index: self.show_chosen())
        self.table.selectionModel().selectionChanged.connect(lambda *_changes: self._on_changed())
        for signal in (queue.jobs_added, queue.jobs_changed, queue.jobs_removed):
            signal.connect(lambda _jobs: self._on_changed())
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self.table_model.tick)
        self._on_changed()

    def chosen(self) -> list[Job]:
        """Return the jobs that are selected."""
        return [self.table_model.job_at(index.row()) for index in self.table.selectionModel().selectedRows()]

    def cancel_chosen(self) -> None:
        """Cancel the selected jobs."""
        self._queue.cancel([job.id for job in self.chosen() if not job.state.over])

    def retry_chosen(self) -> None:
        """Run the selected failed or cancelled jobs again."""
        self._queue.retry([job.id for job in self.chosen() if job.state in (JobState.FAILED, JobState.CANCELLED)])

    def show_chosen(self) -> None:
        """Show the folder of the selected job's result, or why it failed."""
        jobs = self.chosen()
        if jobs and jobs[0].failure is not None:
            failure = jobs[0].failure
            tell(self, "The job failed", f"{failure.message} {failure.cure}", failure.details)
        elif jobs:
            self._queue.find_artifacts(jobs[0].id, _open_folder)

    def _on_changed(self) -> None:
        jobs = self._queue.jobs()
        running = any(job.state is JobState.RUNNING for job in jobs)
        waiting = sum(job.state is JobState.QUEUED for job in jobs)
        failed = sum(job.state is JobState.FAILED for job in jobs)
        parts = [f"{waiting} waiting"] + (["1 running"] if running else []) + ([f"{failed} failed"] if failed else [])
        self.summary.setText(" · ".join(parts) if jobs else "No jobs yet. Everything that you generate is listed here.")
        chosen = self.chosen()
        self.cancel_button.setEnabled(any(not job.state.over for job in chosen))
        self.retry_button.setEnabled(any(job.state in (JobState.FAILED, JobState.CANCELLED) for job in chosen))
        self.cancel_all_button.setEnabled(running or waiting > 0)
        self.clear_button.setEnabled(any(job.state.over for job in jobs))
        if running != self._timer.isActive():
            (self._timer.start if running else self._timer.stop)()

    def _on_menu(self, position: Any) -> None:
        menu = QMenu(self)
        menu.addAction("Show result", self.show_chosen)
        menu.addAction("Cancel", self.cancel_chosen).setEnabled(self.cancel_button.isEnabled())
        menu.addAction("Try again", self.retry_chosen).setEnabled(self.retry_button.isEnabled())
        menu.exec(self.table.viewport().mapToGlobal(position))


def _open_folder(artifacts: list[Artifact]) -> None:
    from pathlib import Path

    if artifacts:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(artifacts[0].path).parent)))
