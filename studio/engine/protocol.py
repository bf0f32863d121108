"""What an engine is: one function that runs one job, and what a kind's file (`engine/<kind>.py`) has to offer."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from studio.core.events import Event, Statistics
from studio.core.jobs import Job
from studio.models.card import ModelCard

if TYPE_CHECKING:  # the window imports this file, and needs no numpy to start
    from studio.library.results import Result

Emit = Callable[[Event], None]
Cancelled = Callable[[], bool]


class Engine(Protocol):
    """Runs jobs, one at a time, in the thread that calls it."""

    def generate(self, job: Job, emit: Emit, cancelled: Cancelled) -> None:
        """Run the job: emit events, the last of which is Finished, Failed or Cancelled. Never raises.

        Every artifact is on disk before the event that names it. `cancelled` is asked often (at least every step, token
        or 50 ms) and once it is true the job ends with Cancelled. A job with the id of one that failed with
        `Failure.unsaved` is saved to its new target without being generated again.
        """

    def warm_up(self) -> None:
        """Begin what takes time (start the child, import), without waiting for it."""

    def close(self) -> None:
        """End everything that the engine started; `generate` in another thread ends with Cancelled. May be called twice."""


class JobCancelledError(Exception):
    """Raised inside a kind's `generate` when it saw that the job was cancelled."""


@dataclass(frozen=True)
class Run:
    """What a kind's file gets to know about the job that it runs."""

    job: Job
    card: ModelCard
    emit: Emit
    cancelled: Cancelled

    def check(self) -> None:
        """Raise JobCancelledError where the job was cancelled."""
        if self.cancelled():
            raise JobCancelledError


class Kind(Protocol):
    """A module `studio.engine.<kind>`."""

    def load(self, card: ModelCard) -> Any:
        """Return the loaded model, ready to run. Raises StudioError where it cannot be used."""

    def generate(self, run: Run, pipeline: Any) -> Generator[Result, None, Statistics]:
        """Yield each result when it is complete, so that it is saved at once; return how it went.

        When cancelled: yield what can be kept with `partial=True`, then raise JobCancelledError.
        """
