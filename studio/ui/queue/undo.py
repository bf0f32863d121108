"""What can be undone in the queue: moves and removals."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QUndoCommand

from studio.core.jobs import Job
from studio.jobs.queue import JobQueue
from studio.jobs.schedule import Places


class Move(QUndoCommand):
    """Waiting jobs get other places."""

    def __init__(self, queue: JobQueue, job_ids: Sequence[str], before: str | None) -> None:
        super().__init__("the move")
        self._queue = queue
        self._ids = list(job_ids)
        self._before = before
        self._places: Places = {}

    def redo(self) -> None:
        """Move them."""
        self._places = self._queue.move(self._ids, self._before)

    def undo(self) -> None:
        """Put all back; what has begun meanwhile stays."""
        self._queue.place(self._places)


class Remove(QUndoCommand):
    """Jobs are taken from the list; waiting ones do not run."""

    def __init__(self, queue: JobQueue, jobs: Sequence[Job]) -> None:
        super().__init__("the removal")
        self._queue = queue
        self._jobs = list(jobs)

    def redo(self) -> None:
        """Remove them."""
        self._queue.remove([job.id for job in self._jobs])

    def undo(self) -> None:
        """List them again."""
        self._queue.restore(self._jobs)
