"""What an engine is: one function that runs one job, and what a kind's file (`engine/<kind>.py`) has to offer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from studio.core.errors import StudioError
from studio.core.events import Event, Statistics
from studio.core.jobs import Job
from studio.models.card import ModelCard
from studio.models.fitting import Wanted

if TYPE_CHECKING:  # the window imports this file, and needs no numpy to start
    from studio.library.results import Result

Emit = Callable[[Event], None]
Cancelled = Callable[[], bool]
EmitFor = Callable[[str, Event], None]
"""(job id, event)"""
CancelledFor = Callable[[str], bool]
"""Job id → whether it is to end."""
Together = tuple[int, "Result | StudioError | JobCancelledError", Statistics]
"""The number of a run, its result or why it has none, and how it went."""


class Engine(Protocol):
    """Runs jobs, one at a time, in the thread that calls it."""

    def generate(self, job: Job, emit: Emit, cancelled: Cancelled) -> None:
        """Run the job: emit events, the last of which is Finished, Failed or Cancelled. Never raises.

        Every artifact is on disk before the event that names it. `cancelled` is asked often (at least every step, token
        or 50 ms) and once it is true the job ends with Cancelled. A job with the id of one that failed with
        `Failure.unsaved` is saved to its new target without being generated again.
        """

    def generate_together(self, jobs: Sequence[Job], emit: EmitFor, cancelled: CancelledFor) -> None:
        """Run jobs whose `Request.together` is the same, as one batch where their kind can; else one after the other.

        Each job's events are those that it would have alone, and so is its result.
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
    adapters: tuple[Wanted, ...] = ()
    """What the model runs with; with a card that changes another model, that card first."""
    parts: dict[str, str] = field(default_factory=dict)
    """Name → SHA-256 of the weights that it runs with beside the card's own."""

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

    # A kind that can run several jobs as one batch has a function
    #     generate_together(runs: Sequence[Run], pipeline) -> Iterator[Together]
    # which yields each run once, when it is over; the result of a cancelled one is partial.


def one_after_the_other(engine: Engine, jobs: Sequence[Job], emit: EmitFor, cancelled: CancelledFor) -> None:
    """Run jobs alone: `Engine.generate_together` where nothing can be gained."""
    for job in jobs:
        engine.generate(job, functools.partial(emit, job.id), functools.partial(cancelled, job.id))
