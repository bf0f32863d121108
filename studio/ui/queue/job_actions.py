"""What can be done with jobs: the actions of the queue's table, its buttons and menus."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QUndoStack
from PySide6.QtWidgets import QMenu, QTableView

from studio.core.jobs import Job, JobState
from studio.core.kinds import KINDS
from studio.core.translation import tr, tr_plural
from studio.ui.app_state import AppState
from studio.ui.queue.table import JobFilter
from studio.ui.queue.undo import Move, Remove, cancel_jobs, push
from studio.ui.widgets.factory import show_message

_MENU_GROUPS = (
    ("show", "next", "up", "down", "edit", "duplicate"),
    ("cancel", "retry", "remove", "cancel_batch"),
    ("retry_failed", "cancel_waiting", "cancel_all", "clear"),
    ("undo", "redo"),
)


class JobActions(QObject):
    """Actions on the selected jobs and on the whole queue; all but running ones can be undone."""

    edit_requested = Signal(object)
    """Job: a waiting one, to be edited in its form."""

    result_requested = Signal(str)
    """Id of the job whose result the window shows."""

    def __init__(self, shared: AppState, table: QTableView, jobs: JobFilter) -> None:
        super().__init__(table)
        self._shared = shared
        self.undo_stack = QUndoStack(self)
        self._queue = shared.queue
        self._table = table
        self._jobs = jobs
        self.by_name = self._create_actions()

    def _create_actions(self) -> dict[str, QAction]:
        rows: tuple[tuple[str, str, str, Callable[[], object]], ...] = (
            ("show", tr("Show result"), "Return", self.show_selected),
            ("next", tr("Run next"), "Alt+Home", self.run_next),
            ("up", tr("Move up"), "Alt+Up", lambda: self._move_by(-1)),
            ("down", tr("Move down"), "Alt+Down", lambda: self._move_by(1)),
            ("edit", tr("Edit…"), "F2", self.edit_selected),
            ("duplicate", tr("Duplicate"), "Ctrl+D", self.duplicate_selected),
            ("cancel", tr("Cancel"), "Del", self.cancel_selected),
            ("retry", tr("Try again"), "", self.retry_selected),
            ("remove", tr("Remove from list"), "Shift+Del", self.remove_selected),
            ("cancel_batch", tr("Cancel rest of batch"), "", self.cancel_batch),
            ("retry_failed", tr("Try all failed jobs again"), "", self.retry_failed),
            ("cancel_waiting", tr("Cancel all waiting jobs"), "", self.cancel_waiting),
            ("cancel_all", tr("Cancel all jobs"), "", self.cancel_all),
            ("clear", tr("Clear finished jobs"), "", self.clear_finished),
            ("undo", tr("Undo"), "Ctrl+Z", self.undo_stack.undo),
            ("redo", tr("Redo"), "Ctrl+Shift+Z", self.undo_stack.redo),
        )
        actions = {}
        for name, title, keys, method in rows:
            action = QAction(title, self)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(lambda _checked=False, method=method: method())
            self._table.addAction(action)
            actions[name] = action
        return actions

    def create_menu(self) -> QMenu:
        """Create a menu of all actions."""
        menu = QMenu(self._table)
        for names in _MENU_GROUPS:
            menu.addActions([self.by_name[name] for name in names])
            menu.addSeparator()
        return menu

    def update_enabled(self) -> None:
        """Enable the actions that apply to the selected jobs and to the queue."""
        selected, counts = self.selected(), self._queue.counts
        queued = any(job.state is JobState.QUEUED for job in selected)
        enabled = {
            "show": bool(selected),
            "next": queued,
            "up": queued,
            "down": queued,
            "edit": queued,
            "duplicate": bool(selected),
            "cancel": any(not job.state.over for job in selected),
            "retry": any(job.state in (JobState.FAILED, JobState.CANCELLED) for job in selected),
            "remove": any(job.state is not JobState.RUNNING for job in selected),
            "cancel_batch": any(job.batch for job in selected),
            "retry_failed": counts.states[JobState.FAILED] > 0,
            "cancel_waiting": counts.states[JobState.QUEUED] > 0,
            "cancel_all": counts.open > 0,
            "clear": counts.over > 0,
            "undo": self.undo_stack.canUndo(),
            "redo": self.undo_stack.canRedo(),
        }
        for name, is_enabled in enabled.items():
            self.by_name[name].setEnabled(is_enabled)
        undone, redone = self.undo_stack.undoText(), self.undo_stack.redoText()
        undo = tr("Undo {change}", change=undone) if undone else tr("Undo")
        redo = tr("Redo {change}", change=redone) if redone else tr("Redo")
        self.by_name["undo"].setText(undo)
        self.by_name["redo"].setText(redo)

    # Selection
    # ----------------------------------------------------------------------

    def selected(self, *states: JobState) -> list[Job]:
        """Return the selected jobs, only those in `states` if any are passed."""
        rows = sorted(index.row() for index in self._table.selectionModel().selectedRows())
        jobs = [self._jobs.job_at(row) for row in rows]
        return [job for job in jobs if not states or job.state in states]

    def select(self, job_ids: list[str]) -> None:
        """Select jobs."""
        ids = set(job_ids)
        self._table.clearSelection()
        selection = self._table.selectionModel()
        flags = selection.SelectionFlag.Select | selection.SelectionFlag.Rows
        for row in range(self._jobs.rowCount()):
            if self._jobs.job_at(row).id in ids:
                selection.select(self._jobs.index(row, 0), flags)

    # Order
    # ----------------------------------------------------------------------

    def run_next(self) -> None:
        """Move the selected waiting jobs before all others."""
        first = next((job.id for job in self._queue.waiting()), None)
        self._move_selected(first)

    def _move_by(self, step: int) -> None:
        waiting = [job.id for job in self._queue.waiting()]
        positions = [waiting.index(job.id) for job in self.selected(JobState.QUEUED)]
        if not positions:
            return
        target = max(0, positions[0] - 1) if step < 0 else positions[-1] + 2
        self._move_selected(waiting[target] if target < len(waiting) else None)

    def _move_selected(self, before: str | None) -> None:
        ids = [job.id for job in self.selected(JobState.QUEUED)]
        if ids:
            self.move(ids, before)
            self._queue.jobs_moved.connect(
                lambda _jobs: self.select(ids), Qt.ConnectionType.SingleShotConnection
            )

    def move(self, job_ids: list[str], before: str | None) -> None:
        """Move waiting jobs before another job, or to the end for None."""
        self.undo_stack.push(Move(self._queue, job_ids, before))

    # Changes
    # ----------------------------------------------------------------------

    def edit_selected(self) -> None:
        """Open the form of the first selected waiting job."""
        waiting = self.selected(JobState.QUEUED)
        if waiting:
            self.edit_requested.emit(waiting[0])

    def duplicate_selected(self) -> None:
        """Append copies of the selected jobs."""
        self._queue.duplicate([job.id for job in self.selected()])

    def cancel_selected(self) -> None:
        """Cancel the selected jobs."""
        self._cancel([job for job in self.selected() if not job.state.over])

    def cancel_waiting(self) -> None:
        """Cancel all waiting jobs."""
        self._cancel(self._queue.waiting())

    def cancel_all(self) -> None:
        """Cancel all jobs, waiting or running."""
        self._cancel([job for job in self._queue.jobs() if not job.state.over])

    def cancel_batch(self) -> None:
        """Cancel the unfinished jobs of the selected jobs' batches."""
        batches = {job.batch for job in self.selected() if job.batch}
        self._cancel(
            [job for job in self._queue.jobs() if job.batch in batches and not job.state.over]
        )

    def _cancel(self, jobs: list[Job]) -> None:
        cancel_jobs(self._shared, jobs, self.undo_stack)

    def _remove(self, jobs: list[Job]) -> None:
        command = Remove(self._queue, jobs)
        done = tr_plural(
            "1 job removed from the list", "{count:,} jobs removed from the list", len(jobs)
        )
        push(self._shared, command, done, self.undo_stack)

    def retry_selected(self) -> None:
        """Run the selected failed or cancelled jobs again."""
        self._queue.retry([job.id for job in self.selected(JobState.FAILED, JobState.CANCELLED)])

    def retry_failed(self) -> None:
        """Run all failed jobs again."""
        self._queue.retry([job.id for job in self._queue.jobs() if job.state is JobState.FAILED])

    def remove_selected(self) -> None:
        """Remove the selected jobs from the list, except running ones."""
        jobs = [job for job in self.selected() if job.state is not JobState.RUNNING]
        if jobs:
            self._remove(jobs)

    def clear_finished(self) -> None:
        """Remove all jobs that are done, failed or cancelled from the list."""
        jobs = [job for job in self._queue.jobs() if job.state.over]
        if jobs:
            self._remove(jobs)

    def show_selected(self) -> None:
        """Show the result of the first selected job, or why it failed."""
        jobs = self.selected()
        if not jobs:
            return
        failure, kind = jobs[0].failure, KINDS[jobs[0].request.kind]
        if failure is not None and not kind.tab:
            text = f"{failure.message} {failure.cure}"
            show_message(self._table.window(), tr("The job failed"), text, failure.details)
        else:
            self.result_requested.emit(jobs[0].id)
