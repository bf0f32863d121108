"""The protocol of an engine, and of the runners that run one kind of request each."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from studio.core.errors import StudioError
from studio.core.events import AnyEvent, JobEvent, Loading, Statistics
from studio.core.jobs import Job
from studio.core.translation import tr_marked
from studio.models.card import ModelCard
from studio.preflight.adapters import ResolvedAdapter

if TYPE_CHECKING:  # the window imports this file, and needs no numpy to start
    from studio.library.results import Result
    from studio.models.memory.load_plan import LoadPlan

Emit = Callable[[JobEvent], None]
"""Passes on an event of one of the jobs that an engine runs."""
IsCancelled = Callable[[str], bool]
"""Job id → whether the job is to end."""
EmitEvent = Callable[[AnyEvent], None]
"""Passes on an event of the one job that a runner runs."""
CancelCheck = Callable[[], bool]
"""True when the one job that a runner runs is to end."""
# not translated: a type
BatchOutcome = tuple[int, "Result | StudioError | JobCancelledError", Statistics]
"""Index of a job in its batch, its result or the reason why it has none, and its statistics."""

BATCH_FAILED = "jobs could not run as a batch"  # not translated: for the log
"""Begins a line in the log. Logged as an error it means a fault in the program, and fails a test
(`tests/conftest.py`).
"""


class UnusableResultError(StudioError):
    """The failure of a job in a batch that made a result nobody can use, which is kept."""

    def __init__(self, error: StudioError, result: Result) -> None:
        super().__init__(error.message, cause=error.cause, cure=error.cure)
        self.result = result


class Engine(Protocol):
    """Runs jobs in the thread that calls it."""

    def run(self, jobs: Sequence[Job], emit: Emit, is_cancelled: IsCancelled) -> None:
        """Run the jobs: emit their events, the last of each Finished, Failed or Cancelled.

        Several jobs have the same model and `Request.batch_key`; they run as one batch if their
        runner can do that, else one after the other. Events and results of a job are the same
        either way. Never raises.

        Every artifact is on disk before the event that names it. `is_cancelled` is called often (at
        least every step, token or 50 ms); once it is true for a job, that job ends with Cancelled.
        A job whose id is that of one that failed with `Failure.unsaved` is saved to its new target
        without being generated again.
        """

    def warm_up(self, kind: str = "", model: str = "") -> None:
        """Start what takes time (the child, imports, this model) without waiting for it.

        Failures are only logged: the job that needs it reports them.
        """

    def close(self) -> None:
        """Stop everything that the engine started; jobs in another thread end with Cancelled.

        May be called twice.
        """


class JobCancelledError(Exception):
    """Raised inside a runner when its job was cancelled."""


@dataclass(frozen=True)
class JobContext:
    """What a runner gets to know about the job that it runs."""

    job: Job
    card: ModelCard
    emit: EmitEvent
    is_cancelled: CancelCheck
    adapters: tuple[ResolvedAdapter, ...] = ()
    """Adapters to apply; if the card changes another model, that card comes first."""
    weight_hashes: dict[str, str] = field(default_factory=dict)
    """Name → SHA-256 of the weights that it runs with besides the card's own."""
    completed_results: int = 0
    """How many results exist already when the job restarts after memory ran out; they are not
    generated again.
    """
    retained: dict[str, Any] = field(default_factory=dict)
    """What the runner keeps for itself while the model is loaded in another way."""
    notes: list[str] = field(default_factory=list)
    """What was done because memory ran out, or left out, in the user's language."""
    recorded_notes: list[str] = field(default_factory=list)
    """The same in English, for the recipe."""
    free_memory: Callable[[], None] = lambda: None
    """Evicts the other models."""
    load_model: Callable[[str, str], tuple[ModelCard, Any]] | None = None
    """Kind and name → card and pipeline of a model that does a part of the job.

    Raises StudioError without it.
    """

    def for_part(self, job: Job, card: ModelCard) -> JobContext:
        """Return the context in which another model runs a part of the job, without adapters."""
        return replace(self, job=job, card=card, adapters=(), retained={}, completed_results=0)

    def note(self, text: str, **values: object) -> None:
        """Report what is done because memory ran out, now and in the recipe.

        `text` is a marked text with placeholders for `values`.
        """
        self.add_note(text, **values)
        self.emit(Loading(phase=tr_marked(text).format(**values)))

    def add_note(self, text: str, **values: object) -> None:
        """Add a marked text with values to the notes and, in English, to the recipe."""
        recorded = text.format(**values)
        if recorded not in self.recorded_notes:
            self.recorded_notes.append(recorded)
            self.notes.append(tr_marked(text).format(**values))

    def check(self) -> None:
        """Raise JobCancelledError if the job was cancelled."""
        if self.is_cancelled():
            raise JobCancelledError


@dataclass(frozen=True)
class Runner:
    """Loads and runs the models of one kind; `engine.registry` has one for each kind."""

    load: Callable[[ModelCard, LoadPlan], Any]
    """Returns the pipeline, loaded as planned. Raises StudioError if it cannot be used."""
    generate: Callable[[JobContext, Any], Generator[Result, None, Statistics]]
    """Yields each result when it is complete, so that it is saved at once; returns the statistics.

    When cancelled: yields what can be kept with `partial=True`, then raises JobCancelledError.
    An out-of-memory error is left to the caller, which loads the model in a way that takes less and
    calls this again with the same `context.retained`.
    """
    run_batch: Callable[[Sequence[JobContext], Any], Iterator[BatchOutcome]] | None = None
    """Runs several jobs as one batch and yields each when it is over; None if it cannot.

    A cancelled job yields a partial result or JobCancelledError.
    """
