"""The queue's undoable commands: moves, cancellations and removals."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QUndoCommand

from studio.core.jobs import Job
from studio.jobs.queue import JobQueue
from studio.jobs.schedule import Places


class Move(QUndoCommand):
    """Moves waiting jobs."""

    def __init__(self, queue: JobQueue, job_ids: Sequence[str], before: str | None) -> None:
        super().__init__("the move")
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
        super().__init__("the cancellation")
        self._queue = queue
        self._ids = [job.id for job in jobs]

    def redo(self) -> None:
        """Cancel the jobs."""
        self._queue.cancel(self._ids)

    def undo(self) -> None:
        """Let the jobs wait again at their places, except those that began."""
        jobs = (self._queue.job(job_id) for job_id in self._ids)
        self._queue.retry([job.id for job in jobs if job is not None and job.cancelled_unrun])


class Remove(QUndoCommand):
    """Removes jobs from the list; waiting ones do not run."""

    def __init__(self, queue: JobQueue, jobs: Sequence[Job]) -> None:
        super().__init__("the removal")
        self._queue = queue
        self._jobs = list(jobs)

    def redo(self) -> None:
        """Remove the jobs."""
        self._queue.remove([job.id for job in self._jobs])

    def undo(self) -> None:
        """Restore the jobs."""
        self._queue.restore(self._jobs)
