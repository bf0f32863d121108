"""The queue's signals, and callbacks that emit them in the GUI thread."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer, Signal, Slot

T = TypeVar("T")
SLICE_SECONDS = 0.002
"""How long callbacks run before the event loop continues."""


class QueueSignals(QObject):
    """Signals of a job queue."""

    jobs_added = Signal(list)
    """list[Job], stored on disk."""
    jobs_changed = Signal(list)
    """list[Job], each in its new state, stored on disk."""
    jobs_removed = Signal(list)
    """list[str], the ids of jobs that are no longer listed."""
    jobs_moved = Signal(list)
    """list[Job], with their new positions; `jobs()` has the new order."""
    pause_changed = Signal(str)
    """The reason why no further job starts; empty while jobs run."""
    disk_refused = Signal(str)
    """The folder that cannot be written, if `pause_on_disk` pauses; before `pause_changed`."""
    job_event = Signal(str, object)
    """(job id, Event) of the running job.

    A terminal event follows after the job's new state and its artifacts are stored, and after
    `jobs_changed`.
    """
    cancel_requested = Signal(str)
    """Job id: the engine has received the cancel of the running job, which ends soon."""
    batch_finished = Signal(object)
    """Batch whose last job is over and whose report is written."""
    idle_reached = Signal()
    """The last waiting job is over."""
    failed = Signal(str, list)
    """The queue could not store or read something (disk full, database damaged).

    (message for the user, ids of jobs that will not run): submitted jobs that are not in the queue,
    or all waiting jobs if the queue is unreadable.
    """


class GuiCalls(QObject):
    """Runs callbacks of other threads in the GUI thread, in order, a few at a time."""

    _posted = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._calls: deque[Callable[[], object]] = deque()
        self._is_scheduled = False
        self._is_closed = False
        self._posted.connect(self._on_posted)

    def post(self, call: Callable[[], object]) -> None:
        """Run `call` in the GUI thread soon. Any thread may call this."""
        self._posted.emit(call)

    def close(self) -> None:
        """Run no call any more: what receives them, such as a window, is about to be deleted."""
        self._is_closed = True
        self._calls.clear()

    @Slot(object)
    def _on_posted(self, call: Callable[[], object]) -> None:
        if not self._is_closed:
            self._calls.append(call)
            self._schedule()

    def _schedule(self) -> None:
        if self._calls and not self._is_scheduled:
            self._is_scheduled = True
            QTimer.singleShot(0, self, self._run)

    def _run(self) -> None:
        self._is_scheduled = False
        start = time.perf_counter()
        try:
            while self._calls and time.perf_counter() - start < SLICE_SECONDS:
                self._calls.popleft()()
        finally:
            self._schedule()


def bind(function: Callable[[T], object], argument: T) -> Callable[[], None]:
    """Return a call of `function(argument)`."""
    # A lambda in a loop would use the loop's last value.
    return lambda: (function(argument), None)[1]
