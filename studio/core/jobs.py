"""A job: a request in the queue, with its state and the place of its artifacts."""

from __future__ import annotations

import enum
import threading
import time

import msgspec

from studio.core.errors import Failure
from studio.core.file_names import single_stem
from studio.core.kinds import AnyRequest
from studio.core.requests import Request
from studio.core.requests.random_numbers import draw_number


class JobState(enum.StrEnum):
    """The states of a job. A job that was set aside is FAILED with cause "crash"."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """True if the job does not run any more by itself."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


class Target(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The names of a job's artifacts, fixed before it runs, so that a second run writes the same.

    Artifact number n of a job with several is `<stem>-<n + 1>.<format>`, the only one
    `<stem>.<format>`.
    """

    folder: str
    """Absolute; created when the first artifact is saved."""
    stem: str
    """File name without extension, safe on all systems; with the job's id if generated."""


class Sources(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """SHA-256 of the artifacts that a job was made from; empty for none."""

    prompt: str = ""
    """Its prompt came from this one."""
    variation: str = ""
    """It varies this one."""
    frame: str = ""
    """Its image is a frame of this video."""


NO_SOURCES = Sources()


class Job(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request in the queue. Immutable: a change of state is a new `Job` with the same id."""

    id: str
    request: AnyRequest
    target: Target
    state: JobState = JobState.QUEUED
    position: int = 0
    """Jobs run in the order of position; see `jobs.schedule`."""
    placed: bool = False
    """True if the user moved it there: ordering by model keeps its position."""
    batch: str = ""
    """The batch's id, or empty."""
    row: int = 0
    """The row's line number in the batch's file, from 1; 0 for a single job."""
    crashes: int = 0
    """How often the job crashed the child; set aside at 2."""
    created: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    """Unix times in seconds; 0 before that."""
    failure: Failure | None = None
    sources: Sources = NO_SOURCES
    """Artifacts that it was made from, besides the files in its request."""

    @property
    def set_aside(self) -> bool:
        """True if it crashed the engine too often and waits for the user."""
        return (
            self.state is JobState.FAILED
            and self.failure is not None
            and self.failure.cause == "crash"
        )

    @property
    def cancelled_unrun(self) -> bool:
        """True if it was cancelled before it ran."""
        return self.state is JobState.CANCELLED and not self.started


class SkippedRow(msgspec.Struct, frozen=True):
    """A row of a batch's file that did not become a job."""

    line: int
    message: str


class GridAxis(msgspec.Struct, frozen=True):
    """One axis of a grid: the field that varies, and its values."""

    name: str
    values: tuple[str, ...]


class BatchRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a batch knows about a job beyond the job's own fields."""

    place: tuple[int, ...] = ()
    """The index of its value on each axis."""
    group: int = 0
    """Which of the batch's grids it belongs to."""
    columns: dict[str, str] = {}
    """The row's own columns, for collected output."""
    task: str = ""
    """The guided task that made its prompt; empty for none."""


class DoneRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row that an earlier run completed; listed in the report, and not run again."""

    job_id: str
    line: int
    request: AnyRequest
    """With the seed that was used."""
    files: tuple[str, ...] = ()
    """Names in the batch's folder."""
    row: BatchRow = BatchRow()


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Several requests from one file."""

    id: str
    source: str
    """The file with the rows."""
    folder: str
    """Absolute; artifacts and the report go there."""
    created: float = 0.0
    skipped: tuple[SkippedRow, ...] = ()
    """Invalid rows, for the report."""
    axes: tuple[GridAxis, ...] = ()
    """Of a grid, which gets a contact sheet at the end."""
    rows: dict[str, BatchRow] = {}
    """Job id → further data, for jobs that have any."""
    done: tuple[DoneRow, ...] = ()
    """Rows that earlier runs completed."""
    collect: str = ""
    """Format of a file with all texts, besides a file per row; empty for none."""
    report: str = ""
    """A second place for the report: an absolute path that ends in .csv or .jsonl."""


class _Ids:
    """Draws ids. Counts up within a millisecond, because random digits of many jobs collide."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = (0, 0)

    def draw(self) -> str:
        now = time.time_ns() // 1_000_000
        with self._lock:
            then, number = self._last
            number = number + 1 if now == then else draw_number(_ID_NUMBERS)
            self._last = now, number
        return f"{now:011x}{number % _ID_NUMBERS:06x}"


_ID_NUMBERS = 16**6
_IDS = _Ids()


def new_id() -> str:
    """Return a new id: 11 hex digits of the time in ms, so that ids sort by age, and 6 more."""
    return _IDS.draw()


def new_job(
    request: Request,
    folder: str,
    stem: str = "",
    *,
    template: str = "",
    batch: str = "",
    row: int = 0,
    sources: Sources = NO_SOURCES,
) -> Job:
    """Return a queued job with an id, a seed (drawn now if the request has none) and a name.

    `template`: how a job without a `stem` is named, as in the settings. `sources`: see `Job`.
    """
    job_id = new_id()
    seeded = request.with_seed()
    target = Target(folder=folder, stem=stem or single_stem(seeded, job_id, template))
    return Job(
        id=job_id,
        request=seeded,
        target=target,
        batch=batch,
        row=row,
        created=time.time(),
        sources=sources,
    )
