"""The engine that runs models in a child process, which it starts, watches and can kill. See
`protocol.Engine`.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from studio.core.artifact import Artifact
from studio.core.errors import Failure
from studio.core.events import (
    TERMINAL,
    AnyEvent,
    Cancelled,
    Event,
    Failed,
    JobEvent,
    Loading,
    Progress,
)
from studio.core.jobs import Job
from studio.core.paths import DataFolder
from studio.core.settings import LoadPreference
from studio.engine.process.launcher import (
    StartMethod,
    WorkerLauncher,
    WorkerProcess,
    default_start_method,
)
from studio.engine.process.message_pipe import GarbledError
from studio.engine.process.messages import Cancel, RunJobs, WarmUp
from studio.engine.protocol import Emit, IsCancelled

log = logging.getLogger(__name__)

POLL_SECONDS = 0.02
"""How often a cancel is looked for while nothing comes from the child."""
OBEY_SECONDS = 3.0
"""A child that has not ended a cancelled job by then is killed."""
CHECK_SECONDS = 1.0
"""How often it is checked that the child's process exists."""
RETRY_SECONDS = 0.5
MAX_STARTS = 3
"""So many children in a row that do not come up make a job fail; a fork server that was killed
takes one start.
"""
SILENCE_SECONDS = 1800.0
"""A child that says nothing for this long hangs. One step of a large model on a CPU can take many
minutes.
"""
START_SECONDS = 300.0
"""Importing everything on a slow, busy machine takes a minute; longer means that it never will."""


@dataclass
class _Watch:
    """What is known about the jobs that run."""

    open: dict[str, Job]
    """Those that are not over."""
    emit: Emit
    is_cancelled: IsCancelled
    phase: str = "starting"
    heard: float = field(default_factory=time.monotonic)
    checked: float = field(default_factory=time.monotonic)
    """When the child's process was last looked at."""
    asked_to_end: dict[str, float] = field(default_factory=dict)
    """Job id → when its cancel was passed on."""

    def end(self, job_id: str, event: AnyEvent) -> None:
        """A job is over."""
        if self.open.pop(job_id, None) is not None:
            self.emit(JobEvent(job_id, event))

    def pass_on(self, received: JobEvent) -> None:
        """Emit an event from the child, unless its job is over."""
        self.heard = time.monotonic()
        if isinstance(received.event, TERMINAL):
            self.end(received.job_id, received.event)
        elif received.job_id in self.open:
            self.phase = _phase(received.event, self.phase)
            self.emit(received)


class ProcessEngine:
    """Runs jobs in a child process."""

    def __init__(
        self,
        data: DataFolder,
        start_method: StartMethod | None = None,
        *,
        memory: LoadPreference | None = None,
    ) -> None:
        self._nursery = WorkerLauncher(data, start_method or default_start_method(), memory)
        self._child: WorkerProcess | None = None
        self._closing = threading.Event()
        self._busy = threading.Lock()
        self._decoder = msgspec.msgpack.Decoder(JobEvent)

    def warm_up(self, kind: str = "", model: str = "") -> None:
        """Start the child, without waiting for it; it loads the model before its first job, where
        that does not wait already.
        """
        self._nursery.begin(msgspec.msgpack.encode(WarmUp(kind, model)) if kind else b"")

    def close(self) -> None:
        """End the child; a running job ends with Cancelled."""
        self._closing.set()
        with self._busy:
            self._nursery.close()
            if self._child is not None:
                self._child.end()
                self._child = None

    def run(self, jobs: Sequence[Job], emit: Emit, is_cancelled: IsCancelled) -> None:
        """Run the jobs in the child. If it crashes, each job of the batch runs again alone."""
        with self._busy:
            groups = [list(jobs)]
            while groups:
                group = groups.pop(0)
                watch = _Watch({job.id: job for job in group}, emit, is_cancelled)
                child = self._have_child(watch)
                if isinstance(child, WorkerProcess):
                    groups += self._follow(child, watch)
                    if self._child is None:
                        _sweep(group, child.process.pid or 0)
                else:
                    for job in group:
                        watch.end(job.id, child)

    def _have_child(self, watch: _Watch) -> WorkerProcess | AnyEvent:
        if self._child is not None and self._child.process.is_alive():
            return self._child
        if self._child is not None:  # it died between two jobs
            self._child.end()
            self._child = None
        for job_id in watch.open:
            watch.emit(JobEvent(job_id, Loading(phase="Starting the engine")))
        begun, failed = time.monotonic(), 0
        while time.monotonic() - begun < START_SECONDS:
            if self._closing.is_set() or all(map(watch.is_cancelled, watch.open)):
                return Cancelled()
            try:
                child = self._nursery.take(POLL_SECONDS)
            except (OSError, EOFError, RuntimeError) as error:
                failed += 1
                log.warning("The engine did not start: %s", error)
                if failed == MAX_STARTS:
                    return Failed(failure=_cannot_start(str(error)))
                self._closing.wait(
                    RETRY_SECONDS
                )  # a fork server that dies refuses connections before it is gone
                continue
            if child is not None:
                self._child = child
                return child
        self._nursery.start_over()
        return Failed(failure=_cannot_start("it took too long"))

    def _follow(self, child: WorkerProcess, watch: _Watch) -> list[list[Job]]:
        """Pass the child's events on until all jobs are over; return the groups that have to be run
        again.
        """
        try:
            child.pipe.send(msgspec.msgpack.encode(RunJobs(tuple(watch.open.values()))))
            while watch.open:
                message = child.pipe.receive(POLL_SECONDS)
                if message is not None:
                    watch.pass_on(self._decoder.decode(message))
                if self._look_after(child, watch):
                    # They did nothing wrong: those that are left stay together.
                    return [list(watch.open.values())] if watch.open else []
        except (EOFError, OSError, GarbledError, msgspec.MsgspecError) as error:
            return self._bury(child, watch, error)
        return []

    def _look_after(self, child: WorkerProcess, watch: _Watch) -> bool:
        """See to cancels and silence. True where the child is gone; jobs that are still open then
        have to be run again.
        """
        now = time.monotonic()
        if self._closing.is_set():
            self._replace(child, start_next=False)
            self._end_all(watch)
            return True
        for job_id in list(watch.open):
            if watch.is_cancelled(job_id) and job_id not in watch.asked_to_end:
                watch.asked_to_end[job_id] = now
                child.pipe.send(msgspec.msgpack.encode(Cancel(job_id)))
        asked = [job_id for job_id in watch.open if job_id in watch.asked_to_end]
        if any(now - watch.asked_to_end[job_id] > OBEY_SECONDS for job_id in asked):
            self._replace(child)
            for job_id in asked:
                watch.end(job_id, Cancelled(artifacts=_complete(watch.open[job_id])))
            return True
        if now - watch.checked > CHECK_SECONDS:
            watch.checked = now
            if child.has_ended():  # its pipe may be kept open by another process
                raise EOFError
        if now - watch.heard > SILENCE_SECONDS:
            tail = child.log_tail()
            self._replace(child)
            for job in list(watch.open.values()):
                watch.end(
                    job.id, Failed(failure=_hung(watch.phase, tail), artifacts=_complete(job))
                )
            return True
        return False

    def _bury(self, child: WorkerProcess, watch: _Watch, error: Exception) -> list[list[Job]]:
        child.process.join(1.0)
        if child.process.is_alive():
            failure = _broken_child(f"{error}\n{child.log_tail()}")
        else:
            failure = _crashed(child.process.exitcode, watch.phase, child.log_tail() or str(error))
        self._replace(child, start_next=not self._closing.is_set())
        if self._closing.is_set():
            self._end_all(watch)
        for job in list(watch.open.values()):
            if watch.is_cancelled(job.id):
                watch.end(job.id, Cancelled(artifacts=_complete(job)))
        return self._blame(watch, failure)

    def _blame(self, watch: _Watch, failure: Failure) -> list[list[Job]]:
        """One job alone has failed; of several nobody knows which it was, so each runs again
        alone.
        """
        again = list(watch.open.values())
        if len(again) == 1:
            watch.end(again[0].id, Failed(failure=failure, artifacts=_complete(again[0])))
            return []
        return [[job] for job in again]

    def _end_all(self, watch: _Watch) -> None:
        for job in list(watch.open.values()):
            watch.end(job.id, Cancelled(artifacts=_complete(job)))

    def _replace(self, child: WorkerProcess, *, start_next: bool = True) -> None:
        child.kill()
        self._child = None
        if start_next:
            self._nursery.begin()


def _complete(job: Job) -> tuple[Artifact, ...]:
    from studio.library.artifacts import (
        find_complete,
    )  # brings numpy, which the window can do without

    return tuple(find_complete(job))


def _sweep(jobs: Sequence[Job], writer: int) -> None:
    """Remove the files that a child was writing for these jobs when it died."""
    from studio.library.artifacts import sweep_parts  # see `_complete`

    for folder in {Path(job.target.folder) for job in jobs}:
        sweep_parts(folder, writer)


def _phase(event: Event, before: str) -> str:
    if isinstance(event, Loading):
        return event.phase
    if isinstance(event, Progress):
        return f"{event.unit} {event.step} of {event.total}"
    return before


def _crashed(exit_code: int | None, phase: str, details: str) -> Failure:
    why, cure = (
        "ended unexpectedly",
        "Try again; if it happens again, try smaller settings or another model.",
    )
    if exit_code is not None and exit_code < 0:
        name = (
            signal.Signals(-exit_code).name
            if -exit_code in set(signal.Signals)
            else f"signal {-exit_code}"
        )
        why = f"was ended by the system ({name})"
        if -exit_code == getattr(signal, "SIGKILL", 9):
            cure = (
                "Memory may have run out: choose smaller settings or a smaller model, or close "
                "other programs."
            )
    elif exit_code:
        why = f"ended with exit code {exit_code}"
    return Failure(
        cause="crash",
        message=f"The engine {why} while it was at: {phase}.",
        cure=cure,
        details=details,
    )


def _hung(phase: str, details: str) -> Failure:
    return Failure(
        cause="hung",
        message=f"The engine said nothing for {SILENCE_SECONDS / 60:.0f} minutes while it was at: "
        f"{phase}. It was ended.",
        cure="Try smaller settings or another model.",
        details=details,
    )


def _broken_child(details: str) -> Failure:
    return Failure(
        cause="crash",
        message="The engine said something that cannot be understood. It was ended.",
        cure="Try again.",
        details=details,
    )


def _cannot_start(details: str) -> Failure:
    return Failure(
        cause="unknown",
        message="The engine could not be started.",
        cure="Run `studio doctor`; it says what is missing.",
        details=details,
    )
