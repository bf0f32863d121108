"""The one background worker thread: takes the next job, lets the engine run it, passes events on."""

from __future__ import annotations

import logging
import threading
import traceback

from PySide6.QtCore import QThread

from studio.core.errors import Failure
from studio.core.events import TERMINAL, Cancelled, Event, Failed
from studio.core.jobs import Job
from studio.engine.protocol import Engine
from studio.jobs.awake import Awake
from studio.jobs.queue import JobQueue

log = logging.getLogger(__name__)


class Worker(QThread):
    """Runs the queue's jobs, one at a time, through an engine that it does not know further."""

    def __init__(self, queue: JobQueue, engine: Engine) -> None:
        super().__init__()
        self.setObjectName("worker")
        self._queue = queue
        self._engine = engine
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._cancel = threading.Event()
        self._interrupt = threading.Event()
        self._running = ""
        self._awake = Awake()
        self.keep_awake = False
        """Whether the computer is kept from sleeping while jobs run."""
        queue.attach_worker(self._wake.set, self._cancel_job, self._interrupt.set)

    def run(self) -> None:
        """The thread: until `stop`."""
        while not self._stopping.is_set():
            self._wake.clear()
            job = self._take_next()
            if job is None:
                self._awake.release()
                if not self._stopping.is_set():  # `stop` may have come before `clear`, which took its wake-up away
                    self._wake.wait()
                continue
            if self.keep_awake:
                self._awake.hold()
            self._run_job(job)
        self._awake.release()

    def stop(self) -> None:
        """End the thread: the running job is cancelled in the engine and waits again in the queue. `wait()` follows."""
        self._stopping.set()
        self._wake.set()

    def _take_next(self) -> Job | None:
        # Cleared before the job is marked as running: a cancel that comes after it is never lost.
        self._cancel.clear()
        self._interrupt.clear()
        job = self._queue.take_next()
        self._running = job.id if job else ""
        return job

    def _cancel_job(self, job_id: str) -> None:
        # Called in the journal thread, which also marks jobs as running: a job that it sees running is ours, even where
        # `_running` does not say so yet.
        if self._running in ("", job_id):
            self._cancel.set()

    def _cancelled(self) -> bool:
        return self._cancel.is_set() or self._put_back()

    def _put_back(self) -> bool:
        return self._interrupt.is_set() or self._stopping.is_set()

    def _run_job(self, job: Job) -> None:
        ended = False

        def emit(event: Event) -> None:
            nonlocal ended
            if ended:
                log.error("an event after the end of job %s: %s", job.id, type(event).__name__)
                return
            ended = isinstance(event, TERMINAL)
            if isinstance(event, Failed) and event.failure.cause == "crash" and self._cancel.is_set():
                event = Cancelled(artifacts=event.artifacts)
            self._queue.handle_event(job, event, interrupted=self._put_back() and not self._cancel.is_set())

        try:
            self._engine.generate(job, emit, self._cancelled)
            if not ended:
                emit(Failed(failure=Failure(cause="unknown", message="The engine ended without a result.", cure="Try again.")))
        except Exception as error:  # boundary: one bad job must not end the thread
            log.exception("job %s", job.id)
            if not ended:
                details = "".join(traceback.format_exception(error))
                emit(
                    Failed(
                        failure=Failure(
                            cause="unknown", message=f"Something went wrong: {error}", cure="Try again.", details=details
                        )
                    )
                )
        finally:
            self._running = ""
