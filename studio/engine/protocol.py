"""What an engine is, and what the runner of a kind offers to it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from studio.core.errors import StudioError
from studio.core.events import Event, Loading, Statistics
from studio.core.jobs import Job
from studio.models.card import ModelCard
from studio.preflight.adapters import ResolvedAdapter

if TYPE_CHECKING:  # the window imports this file, and needs no numpy to start
    from studio.library.results import Result
    from studio.models.memory.load_plan import LoadPlan

Emit = Callable[[Event], None]
Cancelled = Callable[[], bool]
EmitFor = Callable[[str, Event], None]
"""(job id, event)"""
CancelledFor = Callable[[str], bool]
"""Job id → whether it is to end."""
BatchOutcome = tuple[int, "Result | StudioError | JobCancelledError", Statistics]
"""The number of a run, its result or why it has none, and how it went."""

GROUP_FAILED = "jobs could not run as a group"
"""Begins a line in the log. As an error it means a fault in the program, and fails a test
(`tests/conftest.py`).
"""


class Engine(Protocol):
    """Runs jobs, one at a time, in the thread that calls it."""

    def generate(self, job: Job, emit: Emit, cancelled: Cancelled) -> None:
        """Run the job: emit events, the last of which is Finished, Failed or Cancelled. Never
        raises.

        Every artifact is on disk before the event that names it. `cancelled` is asked often (at
        least every step, token or 50 ms) and once it is true the job ends with Cancelled. A job
        with the id of one that failed with
        `Failure.unsaved` is saved to its new target without being generated again.
        """

    def generate_together(
        self, jobs: Sequence[Job], emit: EmitFor, cancelled: CancelledFor
    ) -> None:
        """Run jobs whose `Request.together` is the same, as one batch where their kind can; else
        one after the other.

        Each job's events are those that it would have alone, and so is its result.
        """

    def warm_up(self, kind: str = "", model: str = "") -> None:
        """Begin what takes time (start the child, import, load this model), without waiting for it.
        What fails is not told.
        """

    def close(self) -> None:
        """End everything that the engine started; `generate` in another thread ends with Cancelled.
        May be called twice.
        """


class JobCancelledError(Exception):
    """Raised inside a kind's `generate` when it saw that the job was cancelled."""


@dataclass(frozen=True)
class JobContext:
    """What a kind's file gets to know about the job that it runs."""

    job: Job
    card: ModelCard
    emit: Emit
    cancelled: Cancelled
    adapters: tuple[ResolvedAdapter, ...] = ()
    """What the model runs with; with a card that changes another model, that card first."""
    parts: dict[str, str] = field(default_factory=dict)
    """Name → SHA-256 of the weights that it runs with beside the card's own."""
    done: int = 0
    """How many results are there already, where a part was made before memory ran out; those are
    not made again.
    """
    kept: dict[str, Any] = field(default_factory=dict)
    """What a kind's file wants to find again when the model was loaded in another way meanwhile."""
    notes: list[str] = field(default_factory=list)
    """What was done because memory ran out; written into the recipe."""
    free: Callable[[], None] = lambda: None
    """Makes room by freeing what this job does not need."""

    def tell(self, note: str) -> None:
        """Say what is done because memory ran out, now and in the recipe."""
        if note not in self.notes:
            self.notes.append(note)
        self.emit(Loading(phase=note))

    def check(self) -> None:
        """Raise JobCancelledError where the job was cancelled."""
        if self.cancelled():
            raise JobCancelledError


@dataclass(frozen=True)
class Runner:
    """How the models of one kind are loaded and run; `engine.registry` has one for each kind."""

    load: Callable[[ModelCard, LoadPlan], Any]
    """Returns the model, loaded as the plan says and ready to run. Raises StudioError where it
    cannot be used.
    """
    generate: Callable[[JobContext, Any], Generator[Result, None, Statistics]]
    """Yields each result when it is complete, so that it is saved at once; returns how it went.

    When cancelled: yields what can be kept with `partial=True`, then raises JobCancelledError.
    Where memory runs out, the exception goes up; the model is loaded in a way that takes less, and
    this is called again with the same `run.kept`.
    """
    generate_together: Callable[[Sequence[JobContext], Any], Iterator[BatchOutcome]] | None = None
    """Runs several jobs as one batch: yields each run once, when it is over; the result of a
    cancelled one is partial.
    """


def one_after_the_other(
    engine: Engine, jobs: Sequence[Job], emit: EmitFor, cancelled: CancelledFor
) -> None:
    """Run jobs alone: `Engine.generate_together` where nothing can be gained."""
    for job in jobs:
        engine.generate(job, functools.partial(emit, job.id), functools.partial(cancelled, job.id))
