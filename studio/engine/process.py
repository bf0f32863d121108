"""The engine that runs models in a child process, which it starts, watches and can kill. See `protocol.Engine`."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import dataclass, field

import msgspec

from studio.core.artifact import Artifact
from studio.core.errors import Failure
from studio.core.events import TERMINAL, AnyEvent, Cancelled, Event, Failed, Loading, Progress
from studio.core.jobs import Job
from studio.core.paths import DataFolder
from studio.engine.messages import MAX_MESSAGE_BYTES, Cancel, Generate
from studio.engine.protocol import Cancelled as CancelledQuestion
from studio.engine.protocol import Emit
from studio.engine.spawn import Child, Nursery, StartMethod, default_start_method

POLL_SECONDS = 0.02
"""How often a cancel is looked for while nothing comes from the child."""
OBEY_SECONDS = 3.0
"""A child that has not ended a cancelled job by then is killed."""
SILENCE_SECONDS = 1800.0
"""A child that says nothing for this long hangs. One step of a large model on a CPU can take many minutes."""
START_SECONDS = 300.0
"""Importing everything on a slow, busy machine takes a minute; longer means that it never will."""


@dataclass
class _Watch:
    """What is known about the running job."""

    job: Job
    phase: str = "starting"
    heard: float = field(default_factory=time.monotonic)
    asked_to_end: float = 0.0


class ProcessEngine:
    """Runs jobs in a child process."""

    def __init__(self, data: DataFolder, start_method: StartMethod | None = None) -> None:
        self._nursery = Nursery(data, start_method or default_start_method())
        self._child: Child | None = None
        self._closing = threading.Event()
        self._busy = threading.Lock()
        self._decoder = msgspec.msgpack.Decoder(AnyEvent)

    def warm_up(self) -> None:
        """Start the child, without waiting for it."""
        self._nursery.begin()

    def close(self) -> None:
        """End the child; a running job ends with Cancelled."""
        self._closing.set()
        with self._busy:
            self._nursery.close()
            if self._child is not None:
                self._child.end()
                self._child = None

    def generate(self, job: Job, emit: Emit, cancelled: CancelledQuestion) -> None:
        """Run the job in the child. See `protocol.Engine.generate`."""
        with self._busy:
            watch = _Watch(job)
            child = self._have_child(emit, cancelled)
            event = self._follow(child, watch, emit, cancelled) if isinstance(child, Child) else child
            emit(event)

    def _have_child(self, emit: Emit, cancelled: CancelledQuestion) -> Child | Event:
        if self._child is not None and self._child.process.is_alive():
            return self._child
        if self._child is not None:  # it died between two jobs
            self._child.end()
            self._child = None
        emit(Loading(phase="Starting the engine"))
        begun = time.monotonic()
        while time.monotonic() - begun < START_SECONDS:
            if self._closing.is_set() or cancelled():
                return Cancelled()
            try:
                child = self._nursery.take(POLL_SECONDS)
            except (OSError, EOFError, RuntimeError) as error:
                return Failed(failure=_cannot_start(str(error)))
            if child is not None:
                self._child = child
                return child
        return Failed(failure=_cannot_start("it took too long"))

    def _follow(self, child: Child, watch: _Watch, emit: Emit, cancelled: CancelledQuestion) -> Event:
        """Pass the child's events on until the job is over; return the event that ends it."""
        try:
            child.connection.send_bytes(msgspec.msgpack.encode(Generate(watch.job)))
            while True:
                if child.connection.poll(POLL_SECONDS):
                    event = self._decoder.decode(child.connection.recv_bytes(MAX_MESSAGE_BYTES))
                    watch.heard = time.monotonic()
                    if isinstance(event, TERMINAL):
                        return event
                    watch.phase = _phase(event, watch.phase)
                    emit(event)
                over = self._look_after(child, watch, cancelled)
                if over is not None:
                    return over
        except (EOFError, OSError) as error:
            return self._bury(child, watch, error, cancelled)
        except msgspec.MsgspecError as error:
            self._replace(child)
            return Failed(failure=_broken_child(str(error)), artifacts=_complete(watch.job))

    def _look_after(self, child: Child, watch: _Watch, cancelled: CancelledQuestion) -> Event | None:
        now = time.monotonic()
        if self._closing.is_set():
            self._replace(child, start_next=False)
            return Cancelled(artifacts=_complete(watch.job))
        if cancelled() and not watch.asked_to_end:
            watch.asked_to_end = now
            child.connection.send_bytes(msgspec.msgpack.encode(Cancel(watch.job.id)))
        if watch.asked_to_end and now - watch.asked_to_end > OBEY_SECONDS:
            self._replace(child)
            return Cancelled(artifacts=_complete(watch.job))
        if now - watch.heard > SILENCE_SECONDS:
            tail = child.log_tail()
            self._replace(child)
            return Failed(failure=_hung(watch.phase, tail), artifacts=_complete(watch.job))
        return None

    def _bury(self, child: Child, watch: _Watch, error: Exception, cancelled: CancelledQuestion) -> Event:
        child.process.join(1.0)
        failure = _crashed(child.process.exitcode, watch.phase, child.log_tail() or str(error))
        self._replace(child, start_next=not self._closing.is_set())
        complete = _complete(watch.job)
        if cancelled() or self._closing.is_set():
            return Cancelled(artifacts=complete)
        return Failed(failure=failure, artifacts=complete)

    def _replace(self, child: Child, *, start_next: bool = True) -> None:
        child.kill()
        self._child = None
        if start_next:
            self._nursery.begin()


def _complete(job: Job) -> tuple[Artifact, ...]:
    from studio.library.artifacts import find_complete  # brings numpy, which the window can do without

    return tuple(find_complete(job))


def _phase(event: Event, before: str) -> str:
    if isinstance(event, Loading):
        return event.phase
    if isinstance(event, Progress):
        return f"{event.unit} {event.step} of {event.total}"
    return before


def _crashed(exit_code: int | None, phase: str, details: str) -> Failure:
    why, cure = "ended unexpectedly", "Try again; if it happens again, try smaller settings or another model."
    if exit_code is not None and exit_code < 0:
        name = signal.Signals(-exit_code).name if -exit_code in set(signal.Signals) else f"signal {-exit_code}"
        why = f"was ended by the system ({name})"
        if -exit_code == getattr(signal, "SIGKILL", 9):
            cure = "Memory may have run out: choose smaller settings or a smaller model, or close other programs."
    elif exit_code:
        why = f"ended with exit code {exit_code}"
    return Failure(cause="crash", message=f"The engine {why} while it was at: {phase}.", cure=cure, details=details)


def _hung(phase: str, details: str) -> Failure:
    return Failure(
        cause="hung",
        message=f"The engine said nothing for {SILENCE_SECONDS / 60:.0f} minutes while it was at: {phase}. It was ended.",
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
