"""The engine that runs jobs in a child process, which it starts, supervises and can kill."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from studio.core.artifact import Artifact
from studio.core.errors import Failure
from studio.core.events import TERMINAL, AnyEvent, Cancelled, Failed, JobEvent, Loading
from studio.core.jobs import Job
from studio.core.paths import DataFolder
from studio.core.settings import LoadPreference
from studio.core.translation import tr
from studio.engine.process.failures import crashed, garbled, hung, not_started, phase_of
from studio.engine.process.message_pipe import GarbledError
from studio.engine.process.messages import Cancel, RunJobs, WarmUp
from studio.engine.protocol import Emit, IsCancelled

if TYPE_CHECKING:
    from studio.engine.process.launcher import StartMethod, WorkerLauncher, WorkerProcess

log = logging.getLogger(__name__)

POLL_SECONDS = 0.02
"""How often `is_cancelled` is called while the child sends nothing."""
OBEY_SECONDS = 3.0
"""A child that has not ended a cancelled job by then is killed."""
CHECK_SECONDS = 1.0
"""How often the engine checks that the child's process exists."""
RETRY_SECONDS = 0.5
MAX_STARTS = 3
"""A job fails after this many children in a row did not start; a killed fork server costs one."""
SILENCE_SECONDS = 1800.0
"""A child that sends nothing for so long hangs. A step of a large model on a CPU takes minutes."""
START_SECONDS = 300.0
"""Importing everything on a slow, busy machine takes a minute; a start that takes longer failed."""


@dataclass
class _RunningJobs:
    """The jobs that the child runs."""

    open: dict[str, Job]
    """Job id → job that has not ended."""
    emit: Emit
    is_cancelled: IsCancelled
    phase: str = field(default_factory=lambda: tr("starting"))
    last_message: float = field(default_factory=time.monotonic)
    last_check: float = field(default_factory=time.monotonic)
    """When the engine last checked that the child's process exists."""
    cancel_sent: dict[str, float] = field(default_factory=dict)
    """Job id → when the child was asked to cancel it."""

    def end(self, job_id: str, event: AnyEvent) -> None:
        """Emit a job's terminal event, unless it has ended."""
        if self.open.pop(job_id, None) is not None:
            self.emit(JobEvent(job_id, event))

    def pass_on(self, received: JobEvent) -> None:
        """Emit an event from the child, unless its job has ended."""
        self.last_message = time.monotonic()
        if isinstance(received.event, TERMINAL):
            self.end(received.job_id, received.event)
        elif received.job_id in self.open:
            self.phase = phase_of(received.event, self.phase)
            self.emit(received)


class ProcessEngine:
    """Runs jobs in a child process. See `protocol.Engine`."""

    def __init__(
        self,
        data: DataFolder,
        start_method: StartMethod | None = None,
        *,
        memory: LoadPreference | None = None,
    ) -> None:
        self._data = data
        self._start_method = start_method
        self._memory = memory
        self._child: WorkerProcess | None = None
        self._closing = threading.Event()
        self._busy = threading.Lock()
        self._decoder = msgspec.msgpack.Decoder(JobEvent)

    @cached_property
    def _launcher(self) -> WorkerLauncher:
        """Created in the first call of `warm_up`, `run` or `close`."""
        # Imports multiprocessing, which the first paint does not need.
        from studio.engine.process.launcher import WorkerLauncher, default_start_method

        method = self._start_method or default_start_method()
        return WorkerLauncher(self._data, method, self._memory)

    def warm_up(self, kind: str = "", model: str = "") -> None:
        """Start the child without waiting; it loads the model unless a job comes first."""
        self._launcher.start_next(msgspec.msgpack.encode(WarmUp(kind, model)) if kind else b"")

    def close(self) -> None:
        """End the child; a running job ends with Cancelled."""
        self._closing.set()
        with self._busy:
            self._launcher.close()
            if self._child is not None:
                self._child.end()
                self._child = None

    def run(self, jobs: Sequence[Job], emit: Emit, is_cancelled: IsCancelled) -> None:
        """Run the jobs in the child. If it crashes, each job of the batch runs again alone."""
        with self._busy:
            batches = [list(jobs)]
            while batches:
                batch = batches.pop(0)
                running = _RunningJobs({job.id: job for job in batch}, emit, is_cancelled)
                child = self._ensure_child(running)
                if isinstance(child, (Cancelled, Failed)):
                    for job in batch:
                        running.end(job.id, child)
                else:
                    batches += self._run_in(child, running)
                    if self._child is None:
                        _sweep(batch, child.process.pid or 0)

    def _ensure_child(self, running: _RunningJobs) -> WorkerProcess | Cancelled | Failed:
        """Return the child, started if necessary, or the event that ends all jobs."""
        if self._child is not None and self._child.process.is_alive():
            return self._child
        if self._child is not None:  # it died between two jobs
            self._child.end()
            self._child = None
        for job_id in running.open:
            running.emit(JobEvent(job_id, Loading(phase=tr("Starting the engine"))))
        started, failures = time.monotonic(), 0
        while time.monotonic() - started < START_SECONDS:
            if self._closing.is_set() or all(map(running.is_cancelled, running.open)):
                return Cancelled()
            try:
                child = self._launcher.acquire(POLL_SECONDS)
            except (OSError, EOFError, RuntimeError) as error:
                failures += 1
                log.warning("The engine did not start: %s", error)
                if failures == MAX_STARTS:
                    return Failed(failure=not_started(str(error)))
                # A dying fork server refuses connections before it is gone.
                self._closing.wait(RETRY_SECONDS)
                continue
            if child is not None:
                self._child = child
                return child
        self._launcher.reset()
        return Failed(failure=not_started("it took too long"))  # not translated: details

    def _run_in(self, child: WorkerProcess, running: _RunningJobs) -> list[list[Job]]:
        """Pass the child's events on until all jobs have ended.

        Returns the batches to run again.
        """
        try:
            child.pipe.send(msgspec.msgpack.encode(RunJobs(tuple(running.open.values()))))
            while running.open:
                message = child.pipe.receive(POLL_SECONDS)
                if message is not None:
                    running.pass_on(self._decoder.decode(message))
                if self._supervise(child, running):
                    # The remaining jobs are not to blame: they stay one batch.
                    return [list(running.open.values())] if running.open else []
        except (EOFError, OSError, GarbledError, msgspec.MsgspecError) as error:
            return self._after_crash(child, running, error)
        return []

    def _supervise(self, child: WorkerProcess, running: _RunningJobs) -> bool:
        """Send cancels, kill a child that does not obey or respond; return True if it is gone.

        Jobs that are still open then have to run again. Raises EOFError if the child has ended.
        """
        now = time.monotonic()
        if self._closing.is_set():
            self._replace(child, start_next=False)
            _cancel_all(running)
            return True
        if self._cancel(child, running, now):
            return True
        if now - running.last_check > CHECK_SECONDS:
            running.last_check = now
            if child.has_ended():  # another process may keep its pipe open
                raise EOFError
        if now - running.last_message > SILENCE_SECONDS:
            failure = hung(SILENCE_SECONDS / 60, running.phase, child.log_tail())
            self._replace(child)
            for job in list(running.open.values()):
                running.end(job.id, Failed(failure=failure, artifacts=_complete(job)))
            return True
        return False

    def _cancel(self, child: WorkerProcess, running: _RunningJobs, now: float) -> bool:
        """Send cancels to the child. Return True if it did not obey and was killed."""
        for job_id in list(running.open):
            if running.is_cancelled(job_id) and job_id not in running.cancel_sent:
                running.cancel_sent[job_id] = now
                child.pipe.send(msgspec.msgpack.encode(Cancel(job_id)))
        waiting = [job_id for job_id in running.open if job_id in running.cancel_sent]
        if all(now - running.cancel_sent[job_id] <= OBEY_SECONDS for job_id in waiting):
            return False
        self._replace(child)
        for job_id in waiting:
            running.end(job_id, Cancelled(artifacts=_complete(running.open[job_id])))
        return True

    def _after_crash(
        self, child: WorkerProcess, running: _RunningJobs, error: Exception
    ) -> list[list[Job]]:
        """Replace a child that crashed or broke its pipe. Return the batches to run again."""
        child.process.join(1.0)
        if child.process.is_alive():
            failure = garbled(f"{error}\n{child.log_tail()}")
        else:
            details = child.log_tail() or str(error)
            failure = crashed(child.process.exitcode, running.phase, details)
        self._replace(child, start_next=not self._closing.is_set())
        if self._closing.is_set():
            _cancel_all(running)
        for job in list(running.open.values()):
            if running.is_cancelled(job.id):
                running.end(job.id, Cancelled(artifacts=_complete(job)))
        return _retry_alone(running, failure)

    def _replace(self, child: WorkerProcess, *, start_next: bool = True) -> None:
        child.kill()
        self._child = None
        if start_next:
            self._launcher.start_next()


def _retry_alone(running: _RunningJobs, failure: Failure) -> list[list[Job]]:
    """Fail a job that ran alone; of several, any may be the cause, so each runs again alone."""
    jobs = list(running.open.values())
    if len(jobs) == 1:
        running.end(jobs[0].id, Failed(failure=failure, artifacts=_complete(jobs[0])))
        return []
    return [[job] for job in jobs]


def _cancel_all(running: _RunningJobs) -> None:
    for job in list(running.open.values()):
        running.end(job.id, Cancelled(artifacts=_complete(job)))


def _complete(job: Job) -> tuple[Artifact, ...]:
    # imported late: it brings numpy, which the window can start without
    from studio.library.artifacts import find_complete

    return tuple(find_complete(job))


def _sweep(jobs: Sequence[Job], writer: int) -> None:
    """Remove the unfinished files of a child that died. `writer`: its process id."""
    from studio.library.artifacts import sweep_parts  # see `_complete`

    for folder in {Path(job.target.folder) for job in jobs}:
        sweep_parts(folder, writer)
