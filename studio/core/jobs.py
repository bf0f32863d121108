"""A job: a request in the queue, with where its artifacts go and how far it is."""

from __future__ import annotations

import enum
import secrets
import threading
import time

import msgspec

from studio.core.errors import Failure
from studio.core.file_names import default_stem
from studio.core.kinds import AnyRequest
from studio.core.requests import Request


class JobState(enum.StrEnum):
    """The five states of a job. A job that was set aside is FAILED with cause "crash"."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """True where nothing more happens by itself."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


class Target(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a job's artifacts go; fixed before it runs, so that a run after a crash writes the same
    names.

    Artifact number n of a job with several is `<stem>-<n + 1>.<format>`, the only one
    `<stem>.<format>`.
    """

    folder: str
    """Absolute. Made when the first artifact is saved."""
    stem: str
    """File name without extension, safe on all systems. Holds the job's id unless the person chose
    the name.
    """


class Job(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request in the queue. Immutable: a change of state is a new `Job` with the same id."""

    id: str
    request: AnyRequest
    target: Target
    state: JobState = JobState.QUEUED
    position: int = 0
    """Jobs run in the order of position; see `jobs.order`."""
    placed: bool = False
    """True where the person put it there by hand: ordering by model moves nothing across it."""
    batch: str = ""
    """The batch's id, or empty."""
    row: int = 0
    """The row's line number in the batch's file, from 1; 0 for a single job."""
    crashes: int = 0
    """How often the job took the child down. Set aside at 2."""
    created: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    """Unix times in seconds; 0 while it has not happened."""
    failure: Failure | None = None

    @property
    def set_aside(self) -> bool:
        """True where it took the engine down too often, and waits for a person."""
        return (
            self.state is JobState.FAILED
            and self.failure is not None
            and self.failure.cause == "crash"
        )

    @property
    def cancelled_unrun(self) -> bool:
        """True where it was cancelled while it waited."""
        return self.state is JobState.CANCELLED and not self.started


class SkippedRow(msgspec.Struct, frozen=True):
    """A row of a batch's file that did not become a job."""

    line: int
    message: str


class GridAxis(msgspec.Struct, frozen=True):
    """One axis of a batch that is a grid: what it changes, and the values that it takes."""

    name: str
    values: tuple[str, ...]


class BatchRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a batch knows about one of its jobs that the job does not say itself."""

    place: tuple[int, ...] = ()
    """The index of its value on each axis."""
    group: int = 0
    """Which of the batch's grids it belongs to."""
    columns: dict[str, str] = {}
    """The row's own columns, for collected output."""


class DoneRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row that an earlier run of the same file has made; it stands in the report, and is not run
    again.
    """

    job_id: str
    line: int
    request: AnyRequest
    """With the seed that it had."""
    files: tuple[str, ...] = ()
    """Names in the batch's folder."""
    row: BatchRow = BatchRow()


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Several requests from one file."""

    id: str
    source: str
    """The file that they came from."""
    folder: str
    """Absolute; artifacts and the report go there."""
    created: float = 0.0
    skipped: tuple[SkippedRow, ...] = ()
    """Rows that were not understood; they stand in the report."""
    axes: tuple[GridAxis, ...] = ()
    """Where it is a grid; a contact sheet is written at the end."""
    rows: dict[str, BatchRow] = {}
    """Job id → more about it, where there is more."""
    done: tuple[DoneRow, ...] = ()
    """What earlier runs have made."""
    collect: str = ""
    """Format of the one file that collects all texts, besides a file a row; empty for none."""
    report: str = ""
    """A further place for the report: an absolute path that ends in .csv or .jsonl."""


class _Ids:
    """Draws ids. Within a millisecond it counts on: a batch makes a hundred jobs in one, and random
    digits would meet.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = (0, 0)

    def draw(self) -> str:
        now = time.time_ns() // 1_000_000
        with self._lock:
            then, number = self._last
            number = number + 1 if now == then else secrets.randbelow(_ID_NUMBERS)
            self._last = now, number
        return f"{now:011x}{number % _ID_NUMBERS:06x}"


_ID_NUMBERS = 16**6
_IDS = _Ids()


def new_id() -> str:
    """Return a new id: 11 hex digits of the time in ms, so that ids sort by age, and 6 that begin
    at random in each ms.
    """
    return _IDS.draw()


def new_job(request: Request, folder: str, stem: str = "", *, batch: str = "", row: int = 0) -> Job:
    """Return a job that waits: with an id, a seed drawn now where the request has none, and a name
    that is fixed.
    """
    job_id = new_id()
    target = Target(folder=folder, stem=stem or default_stem(request, job_id))
    return Job(
        id=job_id,
        request=request.with_seed(),
        target=target,
        batch=batch,
        row=row,
        created=time.time(),
    )
