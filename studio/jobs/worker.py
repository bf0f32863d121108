"""The one background worker thread: takes jobs from the queue and runs them in the engine."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Sequence

from PySide6.QtCore import QThread

from studio.core.errors import Failure
from studio.core.events import TERMINAL, AnyEvent, Cancelled, Failed, JobEvent
from studio.core.jobs import Job
from studio.core.translation import tr
from studio.engine.protocol import Engine
from studio.jobs.queue import JobQueue
from studio.jobs.sleep_inhibitor import SleepInhibitor

log = logging.getLogger(__name__)


class Worker(QThread):
    """Runs the queue's jobs in an engine: one at a time, or several as one batch."""

    def __init__(self, queue: JobQueue, engine: Engine) -> None:
        super().__init__()
        self.setObjectName("worker")
        self._queue = queue
        self._engine = engine
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._interrupt = threading.Event()
        self._cancelled: set[str] = set()
        self._sleep_inhibitor = SleepInhibitor()
        self.keep_awake = False
        """Keep the computer from sleeping while jobs run."""
        queue.attach_worker(self._wake.set, self._cancelled.add, self._interrupt.set)

    def run(self) -> None:
        """Run jobs until `stop` is called; the thread's body."""
        if self.keep_awake:
            self._sleep_inhibitor.prepare()
        while not self._stopping.is_set():
            self._wake.clear()
            # Cleared before jobs are marked as running. The journal thread does that and sends
            # cancels too, so no cancel is lost.
            self._cancelled.clear()
            self._interrupt.clear()
            jobs = self._queue.take_next()
            if not jobs:
                self._sleep_inhibitor.release()
                if not self._stopping.is_set():  # `clear` may have undone the wake-up of `stop`
                    self._wake.wait()
                continue
            if self.keep_awake:
                self._sleep_inhibitor.hold()
            else:  # the setting may have changed since the last job
                self._sleep_inhibitor.release()
            self._run_jobs(jobs)
        self._sleep_inhibitor.release()

    def stop(self) -> None:
        """Make the thread end; running jobs are queued again. Call `wait()` afterwards."""
        self._stopping.set()
        self._queue.stop_waiting()
        self._wake.set()

    def _is_cancelled(self, job_id: str) -> bool:
        return job_id in self._cancelled or self._interrupted()

    def _interrupted(self) -> bool:
        return self._interrupt.is_set() or self._stopping.is_set()

    def _run_jobs(self, jobs: Sequence[Job]) -> None:
        running = {job.id: job for job in jobs}

        def emit(job_event: JobEvent) -> None:
            job_id = job_event.job_id
            event: AnyEvent = job_event.event
            job = running.get(job_id)
            if job is None:
                log.error("event after the end of job %s: %s", job_id, type(event).__name__)
                return
            user_cancelled = job_id in self._cancelled
            if isinstance(event, TERMINAL):
                del running[job_id]
            if isinstance(event, Failed) and event.failure.cause == "crash" and user_cancelled:
                event = Cancelled(artifacts=event.artifacts)
            interrupted = self._interrupted() and not user_cancelled
            self._queue.handle_event(job, event, interrupted=interrupted, batch_size=len(jobs))

        failure = Failure(
            cause="unknown", message=tr("The engine ended without a result."), cure=tr("Try again.")
        )
        try:
            self._engine.run(jobs, emit, self._is_cancelled)
        except Exception as error:  # boundary: one bad job must not end the thread
            log.exception("jobs %s", ", ".join(running))
            details = "".join(traceback.format_exception(error))
            failure = Failure(
                cause="unknown",
                message=tr("The engine failed: {error}", error=error),
                cure=tr("Try again."),
                details=details,
            )
        for job_id in list(running):
            emit(JobEvent(job_id, Failed(failure=failure)))
