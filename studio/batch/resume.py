"""Find the rows of a file that a folder contains already, so that a batch can continue.

Reads the recipes inside artifacts and the reports in the folder, and nothing else, so that it works
after a kill at any time. `key_of` its request identifies a row; a row that names a seed also needs
the same seed; a row with drawn alternatives is expanded with the artifact's seed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from studio.batch.batch_file import BatchFile
from studio.batch.row import Redraw, Row, key_of
from studio.core.jobs import Job, JobState, Target
from studio.core.kinds import KINDS
from studio.core.paths import expand_home
from studio.core.requests import MAX_SEED, Request

MAX_REPORT_BYTES = 512 * 2**20
_SUFFIXES = frozenset(f".{suffix}" for kind in KINDS.values() for suffix in kind.media_types)


@dataclass(frozen=True)
class EarlierJob:
    """A job of an earlier run: finished, partly finished, or in the queue."""

    job_id: str
    key: str
    seed: int
    prompt: str
    files: tuple[str, ...] = ()
    """File names in the folder; empty for a job in the queue."""
    stem: str = ""
    """The start of its file names if some of its results are missing, else empty."""


@dataclass(frozen=True)
class DoneJob:
    """A finished row, with its request."""

    job_id: str
    request: Request
    files: tuple[str, ...]


@dataclass(frozen=True)
class PartialJob:
    """A row with some of its results. Its job runs again under its id and names, for the others."""

    job_id: str
    request: Request
    stem: str


@dataclass(frozen=True)
class Resumed:
    """The state of a file's rows, by their index in `BatchFile.rows`."""

    done: dict[int, DoneJob]
    waiting: frozenset[int]
    """Rows with a job in the queue."""
    first_seed: int | None = None
    """The start value of the earlier run's seeds, if its policy has one."""
    waiting_jobs: frozenset[str] = frozenset()
    """The ids of the jobs of `waiting`."""
    partial: Mapping[int, PartialJob] = field(default_factory=dict)
    """Rows that an earlier run finished in part."""

    @property
    def rows(self) -> frozenset[int]:
        """The rows that need no new job."""
        return self.waiting | self.done.keys()


def resume(batch_file: BatchFile, folder: Path, jobs: Iterable[Job] = ()) -> Resumed:
    """Match the rows of the file with the folder's artifacts and with these jobs of the queue.

    Reads every artifact in the folder: not for the GUI thread. Skips files that are unreadable.
    """
    return _match(batch_file, find_earlier_jobs(folder, jobs))


def read_resumed(
    read: Callable[[int | None], BatchFile], folder: Path, jobs: Iterable[Job] = ()
) -> tuple[BatchFile, Resumed]:
    """Read a file with `read(first_seed)`, so that missing rows get the seeds of the first run."""
    batch_file, earlier = read(None), find_earlier_jobs(folder, jobs)
    resumed = _match(batch_file, earlier)
    if resumed.first_seed is None or resumed.first_seed == batch_file.first_seed:
        return batch_file, resumed
    batch_file = read(resumed.first_seed)
    return batch_file, _match(batch_file, earlier)


def find_earlier_jobs(folder: Path, jobs: Iterable[Job] = ()) -> list[EarlierJob]:
    """Return finished, queued, and partly finished jobs of the folder, in this order, each once."""
    found: dict[str, EarlierJob] = {}
    claimed = set[str]()
    folder = expand_home(folder).absolute()
    queued = (
        EarlierJob(job.id, key_of(job.request), job.request.seed or 0, job.request.prompt)
        for job in jobs
        if not job.state.over and Path(job.target.folder) == folder
    )
    from_recipes = list(_read_recipes(folder))
    complete = [job for job in from_recipes if not job.stem]
    partial = [job for job in from_recipes if job.stem]
    for source in (complete, _read_reports(folder), queued, partial):
        for job in source:
            # A report may list a file that was deleted later, and generated again by another job
            # under the same name.
            if job.job_id not in found and claimed.isdisjoint(job.files):
                found[job.job_id] = job
                claimed.update(job.files)
    return list(found.values())


def _read_recipes(folder: Path) -> Iterator[EarlierJob]:
    from studio.library.artifacts import find_complete, read_recipe

    known: set[str] = set()
    for path in _files(folder, _SUFFIXES):
        recipe = read_recipe(path)
        if recipe is None or recipe.job_id in known or recipe.partial:
            continue
        known.add(recipe.job_id)
        several = recipe.request.result_count > 1
        stem = path.stem.removesuffix(f"-{recipe.ordinal + 1}") if several else path.stem
        job = Job(
            id=recipe.job_id, request=recipe.request, target=Target(folder=str(folder), stem=stem)
        )
        try:
            complete = [artifact for artifact in find_complete(job) if not artifact.partial]
        except (OSError, ValueError):  # deleted meanwhile
            continue
        if complete:
            names = tuple(Path(artifact.path).name for artifact in complete)
            expected = recipe.distinct or recipe.request.result_count
            yield EarlierJob(
                job.id,
                key_of(job.request),
                job.request.seed or 0,
                job.request.prompt,
                names,
                stem if len(complete) < expected else "",
            )


class _ReportLine(msgspec.Struct):
    state: str
    files: tuple[str, ...]
    job: str
    key: str
    seed: int
    prompt: str


_REPORT_LINE = msgspec.json.Decoder(_ReportLine)


def _read_reports(folder: Path) -> Iterator[EarlierJob]:
    """Yield completed jobs of reports whose files exist, also texts that the user edited since."""
    for path in _files(folder, {".jsonl"}):
        if not path.stem.startswith("report") or path.stat().st_size > MAX_REPORT_BYTES:
            continue
        for text in path.read_bytes().split(b"\n"):
            try:
                line = _REPORT_LINE.decode(text)
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                continue  # a row that did not run, or another program's line
            exist = all(
                name == Path(name).name and (folder / name).is_file() for name in line.files
            )
            if line.state == JobState.COMPLETED and line.files and exist:
                yield EarlierJob(line.job, line.key, line.seed, line.prompt, line.files)


def _files(folder: Path, suffixes: Iterable[str]) -> list[Path]:
    try:
        return sorted(
            path for path in folder.iterdir() if path.suffix.lower() in suffixes and path.is_file()
        )
    except OSError:  # the folder doesn't exist yet
        return []


def _match(batch_file: BatchFile, earlier: Sequence[EarlierJob]) -> Resumed:
    """Assign earlier jobs to rows; equal rows take one each."""
    done: dict[int, DoneJob] = {}
    waiting: dict[int, str] = {}
    partial: dict[int, PartialJob] = {}
    first_seed = None
    for index, job in _pairs(batch_file.rows, earlier) if earlier else ():
        row = batch_file.rows[index]
        assert row.request is not None
        if row.drawn and first_seed is None and batch_file.first_seed is not None:
            offset = (row.request.seed or 0) - batch_file.first_seed
            first_seed = (job.seed - offset) % (MAX_SEED + 1)
        if not job.files:
            waiting[index] = job.job_id
            continue
        request = row.redraw.request(job.seed) if row.redraw else None
        request = request or msgspec.structs.replace(row.request, seed=job.seed)
        if job.stem:
            partial[index] = PartialJob(job.job_id, request, job.stem)
        else:
            done[index] = DoneJob(job.job_id, request, job.files)
    return Resumed(done, frozenset(waiting), first_seed, frozenset(waiting.values()), partial)


class _Unassigned:
    """Earlier jobs that no row has taken yet."""

    def __init__(self, jobs: Sequence[EarlierJob]) -> None:
        self._jobs = {job.job_id: job for job in jobs}
        self._by_key: dict[str, list[EarlierJob]] = defaultdict(list)
        self._by_seed: dict[tuple[str, int], list[EarlierJob]] = defaultdict(list)
        for job in reversed(jobs):
            self._by_key[job.key].append(job)
            self._by_seed[job.key, job.seed].append(job)

    def take(self, key: str, seed: int | None = None) -> EarlierJob | None:
        """Take the first job with this key, and with this seed if one is passed."""
        jobs = self._by_key.get(key, []) if seed is None else self._by_seed.get((key, seed), [])
        while jobs:
            job = self._jobs.pop(jobs.pop().job_id, None)
            if job is not None:
                return job
        return None

    def take_drawn(self, redraw: Redraw, count: int) -> list[EarlierJob]:
        """Take at most `count` jobs of a row with drawn alternatives."""
        prefix, taken = redraw.prompt_prefix, list[EarlierJob]()
        for job in list(self._jobs.values()):
            if len(taken) >= count:
                break
            if job.prompt.startswith(prefix):
                request = redraw.request(job.seed)
                if request is not None and key_of(request) == job.key:
                    taken.append(self._jobs.pop(job.job_id))
        return taken


def _pairs(rows: Sequence[Row], earlier: Sequence[EarlierJob]) -> Iterator[tuple[int, EarlierJob]]:
    """Yield (index, job). Rows that name a seed choose first, since fewer jobs fit them."""
    unassigned = _Unassigned(earlier)
    templates: dict[Redraw, list[int]] = defaultdict(list)
    plain: list[tuple[int, str]] = []
    for index, row in enumerate(rows):
        if row.request is None:
            continue
        if row.redraw is not None:
            templates[row.redraw].append(index)
        elif row.drawn:
            plain.append((index, key_of(row.request)))
        elif job := unassigned.take(key_of(row.request), row.request.seed or 0):
            yield index, job
    for index, key in plain:
        if job := unassigned.take(key):
            yield index, job
    for redraw, indexes in templates.items():
        yield from zip(indexes, unassigned.take_drawn(redraw, len(indexes)), strict=False)
