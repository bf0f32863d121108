"""The queue's undoable commands: moves, cancellations and removals."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QUndoCommand, QUndoStack

from studio.core.jobs import Job, JobState
from studio.core.translation import tr, tr_plural
from studio.jobs.queue import JobQueue
from studio.jobs.schedule import Places
from studio.ui.app_state import AppState


class Move(QUndoCommand):
    """Moves waiting jobs."""

    def __init__(self, queue: JobQueue, job_ids: Sequence[str], before: str | None) -> None:
        super().__init__(tr("the move"))
        self._queue = queue
        self._ids = list(job_ids)
        self._before = before
        self._places: Places = {}

    def redo(self) -> None:
        """Move the jobs."""
        self._places = self._queue.move(self._ids, self._before)

    def undo(self) -> None:
        """Restore the positions of jobs that still wait."""
        self._queue.place(self._places)


class Cancel(QUndoCommand):
    """Cancels waiting jobs."""

    def __init__(self, queue: JobQueue, jobs: Sequence[Job]) -> None:
        super().__init__(tr("the cancellation"))
        self._queue = queue
        self._ids = [job.id for job in jobs]

    def redo(self) -> None:
        """Cancel the jobs."""
        self._queue.cancel(self._ids)

    def undo(self) -> None:
        """Let the jobs wait again at their places, except those that began."""
        jobs = ((job_id, self._queue.job(job_id)) for job_id in self._ids)
        # A job may be unknown for a moment, while the undo of its removal is being stored.
        self._queue.retry([job_id for job_id, job in jobs if job is None or job.cancelled_unrun])


class Remove(QUndoCommand):
    """Removes jobs from the list; waiting ones do not run."""

    def __init__(self, queue: JobQueue, jobs: Sequence[Job]) -> None:
        super().__init__(tr("the removal"))
        self._queue = queue
        self._jobs = list(jobs)

    def redo(self) -> None:
        """Remove the jobs."""
        self._queue.remove([job.id for job in self._jobs])

    def undo(self) -> None:
        """Restore the jobs."""
        self._queue.restore(self._jobs)


def cancel_jobs(shared: AppState, jobs: Sequence[Job], undo_stack: QUndoStack | None) -> None:
    """Cancel jobs. A toast, and the stack if there is one, restores those that have not begun."""
    waiting = [job for job in jobs if job.state is JobState.QUEUED]
    if waiting:  # first, so that none of them starts when the running one stops
        done = tr_plural("1 job cancelled", "{count:,} jobs cancelled", len(waiting))
        push(shared, Cancel(shared.queue, waiting), done, undo_stack)
    running = [job.id for job in jobs if job.state is JobState.RUNNING]
    if running:
        shared.queue.cancel(running)


def push(
    shared: AppState, command: Cancel | Remove, done: str, undo_stack: QUndoStack | None
) -> None:
    """Do something that can be undone, in the list and for a while in a toast."""
    if undo_stack is None:
        command.redo()
        shared.post_toast(done, tr("Undo"), command.undo)
        return
    undo_stack.push(command)
    place = undo_stack.index()

    def undo() -> None:
        if undo_stack.index() == place:
            undo_stack.undo()
        else:  # something else was done since
            command.undo()

    shared.post_toast(done, tr("Undo"), undo)
