"""Which rows of a file a folder holds already: told by the recipes inside its artifacts, and by
reports that lie there.

Nothing else is needed, so that it works after a kill at any time. A row is known by `key_of` its
request; one with a seed of its own by that seed too; one whose alternatives are drawn by what they
become with the artifact's seed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from studio.batch.row_key import key_of
from studio.batch.row_parser import Redraw, Row
from studio.core.jobs import Job, JobState, Target
from studio.core.kinds import KINDS
from studio.core.requests import MAX_SEED, Request

if TYPE_CHECKING:
    from studio.batch.batch_file import BatchFile

MAX_REPORT_BYTES = 512 * 2**20
_SUFFIXES = frozenset(f".{suffix}" for kind in KINDS.values() for suffix in kind.media_types)


@dataclass(frozen=True)
class Made:
    """What a row has become: a job's files, or a job that still waits."""

    job_id: str
    key: str
    seed: int
    prompt: str
    files: tuple[str, ...] = ()
    """Names in the folder; empty while it waits."""
    stem: str = ""
    """What the names of its files begin with, where only some of its results are there; else
    empty.
    """


@dataclass(frozen=True)
class DoneJob:
    """A row that is done, with the request that it had."""

    job_id: str
    request: Request
    files: tuple[str, ...]


@dataclass(frozen=True)
class BegunJob:
    """A row of which some results are there. Its job runs again under the same id and names, and
    makes the others.
    """

    job_id: str
    request: Request
    stem: str


@dataclass(frozen=True)
class Resumed:
    """How far a file's rows are, by their index in `BatchFile.rows`."""

    done: dict[int, DoneJob]
    waiting: frozenset[int]
    """Their jobs are in the queue."""
    first_seed: int | None = None
    """What the earlier run's seeds went on from, where they did."""
    waiting_jobs: frozenset[str] = frozenset()
    """The ids of the jobs that `waiting` means."""
    begun: Mapping[int, BegunJob] = field(default_factory=dict)
    """Rows that an earlier run has made in part."""

    @property
    def rows(self) -> frozenset[int]:
        """The rows that need no new job."""
        return self.waiting | self.done.keys()


def resume(batch_file: BatchFile, folder: Path, jobs: Iterable[Job] = ()) -> Resumed:
    """Return which rows of the file are done in this folder, or wait as one of these jobs of the
    queue.

    Reads every artifact in the folder: not for the GUI thread. Raises nothing for files that cannot
    be read.
    """
    return _match(batch_file, find_made(folder, jobs))


def read_resumed(
    read: Callable[[int | None], BatchFile], folder: Path, jobs: Iterable[Job] = ()
) -> tuple[BatchFile, Resumed]:
    """Read a file with `read(first_seed)`, so that its missing rows get the seeds that they would
    have had.
    """
    batch_file, made = read(None), find_made(folder, jobs)
    found = _match(batch_file, made)
    if found.first_seed is None or found.first_seed == batch_file.first_seed:
        return batch_file, found
    batch_file = read(found.first_seed)
    return batch_file, _match(batch_file, made)


def find_made(folder: Path, jobs: Iterable[Job] = ()) -> list[Made]:
    """Return what is complete in the folder, the jobs that wait or run for it, then what is there
    in part; each job once.
    """
    found: dict[str, Made] = {}
    claimed = set[str]()
    folder = folder.expanduser().absolute()
    waiting = (
        Made(job.id, key_of(job.request), job.request.seed or 0, job.request.prompt)
        for job in jobs
        if not job.state.over and Path(job.target.folder) == folder
    )
    by_recipes = list(_by_recipes(folder))
    whole, in_part = (
        [made for made in by_recipes if not made.stem],
        [made for made in by_recipes if made.stem],
    )
    for source in (whole, _by_reports(folder), waiting, in_part):
        for made in source:
            # A report may call a job's own what was deleted and made again since, by another job
            # under the same name.
            if made.job_id not in found and claimed.isdisjoint(made.files):
                found[made.job_id] = made
                claimed.update(made.files)
    return list(found.values())


def _by_recipes(folder: Path) -> Iterator[Made]:
    from studio.library.artifacts import find_complete, read_recipe

    seen: set[str] = set()
    for path in _files(folder, _SUFFIXES):
        recipe = read_recipe(path)
        if recipe is None or recipe.job_id in seen or recipe.partial:
            continue
        seen.add(recipe.job_id)
        several = recipe.request.result_count > 1
        stem = path.stem.removesuffix(f"-{recipe.ordinal + 1}") if several else path.stem
        job = Job(
            id=recipe.job_id, request=recipe.request, target=Target(folder=str(folder), stem=stem)
        )
        try:
            whole = [artifact for artifact in find_complete(job) if not artifact.partial]
        except (OSError, ValueError):  # taken away meanwhile
            continue
        if whole:
            names = tuple(Path(artifact.path).name for artifact in whole)
            rest = stem if len(whole) < (recipe.distinct or recipe.request.result_count) else ""
            yield Made(
                job.id, key_of(job.request), job.request.seed or 0, job.request.prompt, names, rest
            )


class _ReportLine(msgspec.Struct):
    state: str
    files: tuple[str, ...]
    job: str
    key: str
    seed: int
    prompt: str


_REPORT_LINE = msgspec.json.Decoder(_ReportLine)


def _by_reports(folder: Path) -> Iterator[Made]:
    """What a report calls completed and is still there: also a text that a person has changed
    since.
    """
    for path in _files(folder, {".jsonl"}):
        if not path.stem.startswith("report") or path.stat().st_size > MAX_REPORT_BYTES:
            continue
        for text in path.read_bytes().split(b"\n"):
            try:
                line = _REPORT_LINE.decode(text)
            except (
                msgspec.DecodeError,
                UnicodeError,
                RecursionError,
            ):  # a row that did not run, or nobody's line
                continue
            there = all(
                name == Path(name).name and (folder / name).is_file() for name in line.files
            )
            if line.state == JobState.COMPLETED and line.files and there:
                yield Made(line.job, line.key, line.seed, line.prompt, line.files)


def _files(folder: Path, suffixes: Iterable[str]) -> list[Path]:
    try:
        return sorted(
            path for path in folder.iterdir() if path.suffix.lower() in suffixes and path.is_file()
        )
    except OSError:  # none yet
        return []


def _match(batch_file: BatchFile, made: Sequence[Made]) -> Resumed:
    """Find what each row has become; rows that are the same take one after the other."""
    done: dict[int, DoneJob] = {}
    waiting: dict[int, str] = {}
    begun: dict[int, BegunJob] = {}
    first_seed = None
    if made:
        for index, found in _pairs(batch_file.rows, made):
            row = batch_file.rows[index]
            assert row.request is not None
            if row.drawn and first_seed is None and batch_file.first_seed is not None:
                first_seed = (batch_file.first_seed + found.seed - (row.request.seed or 0)) % (
                    MAX_SEED + 1
                )
            if not found.files:
                waiting[index] = found.job_id
                continue
            request = row.redraw.request(found.seed) if row.redraw else None
            request = request or msgspec.structs.replace(row.request, seed=found.seed)
            if found.stem:
                begun[index] = BegunJob(found.job_id, request, found.stem)
            else:
                done[index] = DoneJob(found.job_id, request, found.files)
    return Resumed(done, frozenset(waiting), first_seed, frozenset(waiting.values()), begun)


def _pairs(rows: Sequence[Row], made: Sequence[Made]) -> Iterator[tuple[int, Made]]:
    """Yield (index, what it has become). Rows with a seed of their own choose first, for theirs are
    the least common.
    """
    unused = {one.job_id: one for one in made}
    by_key: dict[str, list[Made]] = defaultdict(list)
    by_seed: dict[tuple[str, int], list[Made]] = defaultdict(list)
    for one in reversed(made):
        by_key[one.key].append(one)
        by_seed[one.key, one.seed].append(one)
    templates: dict[Redraw, list[int]] = defaultdict(list)
    plain: list[tuple[int, str]] = []
    for index, row in enumerate(rows):
        if row.request is None:
            continue
        if row.redraw is not None:
            templates[row.redraw].append(index)
        elif row.drawn:
            plain.append((index, key_of(row.request)))
        elif found := _take(by_seed.get((key_of(row.request), row.request.seed or 0), []), unused):
            yield index, found
    for index, key in plain:
        if found := _take(by_key.get(key, []), unused):
            yield index, found
    for redraw, indexes in templates.items():
        yield from zip(indexes, _drawn(redraw, unused, len(indexes)), strict=False)


def _take(some: list[Made], unused: dict[str, Made]) -> Made | None:
    while some:
        found = unused.pop(some.pop().job_id, None)
        if found is not None:
            return found
    return None


def _drawn(redraw: Redraw, unused: dict[str, Made], count: int) -> list[Made]:
    """Take what a row with drawn alternatives has become, at most `count`."""
    beginning, found = redraw.beginning, list[Made]()
    for one in list(unused.values()):
        if len(found) >= count:
            break
        if one.prompt.startswith(beginning):
            request = redraw.request(one.seed)
            if request is not None and key_of(request) == one.key:
                found.append(unused.pop(one.job_id))
    return found
