"""What is written when a batch is over: the report, the collected texts, the contact sheet; beside the artifacts."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from studio.core.artifact import Artifact
from studio.core.errors import StudioError
from studio.core.files import write_whole
from studio.core.jobs import Batch, BatchRow, Job, JobState
from studio.core.requests import Request
from studio.jobs.batch.keys import key_of
from studio.library.artifacts import read_recipe

COLUMNS = ("line", "state", "kind", "prompt", "files", "seed", "seconds", "error", "finish")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReportRow:
    """One row of a batch that is over, whether this run made it or an earlier one."""

    line: int
    state: str
    request: Request
    job_id: str
    files: tuple[Path, ...]
    row: BatchRow
    seconds: float | None = None
    error: str = ""
    finish: tuple[str, ...] = ()
    """Why each text ends (`core.artifact.FinishReason`); empty for what is no text."""


def rows_of(batch: Batch, jobs: Iterable[Job], artifacts: dict[str, list[Artifact]]) -> list[ReportRow]:
    """Return the batch's rows in the order of the file's lines."""
    rows = [
        ReportRow(
            job.row, str(job.state), job.request, job.id, tuple(Path(made.path) for made in artifacts.get(job.id, [])),
            batch.rows.get(job.id, BatchRow()), _seconds(job), job.failure.message if job.failure else "",
            tuple(made.finish_reason for made in artifacts.get(job.id, []) if made.finish_reason),
        )
        for job in jobs
    ]  # fmt: skip
    folder = Path(batch.folder)
    rows += [
        ReportRow(
            done.line,
            str(JobState.COMPLETED),
            done.request,
            done.job_id,
            tuple(folder / name for name in done.files),
            done.row,
            finish=_finish(folder, done.files),
        )
        for done in batch.done
    ]
    return sorted(rows, key=lambda row: (row.line, row.row.group, row.row.place))


def _finish(folder: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Return why texts of an earlier run end, as their recipes state it."""
    recipes = [read_recipe(folder / name) for name in names if name.lower().endswith((".txt", ".md"))]
    return tuple(recipe.finish_reason for recipe in recipes if recipe is not None and recipe.finish_reason)


def _seconds(job: Job) -> float | None:
    # A clock that was set back meanwhile says nothing.
    return round(job.ended - job.started, 2) if 0 < job.started <= job.ended else None


def write_report(batch: Batch, jobs: list[Job], artifacts: dict[str, list[Artifact]]) -> list[Path]:
    """Write what a batch leaves in its folder, numbered where it exists, and return the paths.

    These are `report.csv` and `report.jsonl`, the collected texts, the contact sheet. Called again after a kill it completes what
    is missing: files with the very same content are kept. Raises StudioError where one cannot be written, after the others.
    """
    from studio.jobs.batch.collect import write_collected
    from studio.jobs.batch.contact import write_contact_sheet

    written: list[Path] = []
    problems: list[str] = []
    parts: tuple[tuple[str, Callable[[], list[Path]]], ...] = (
        ("report", lambda: _write_lines(batch, jobs, artifacts)),
        ("collected texts", lambda: write_collected(batch, jobs, artifacts)),
        ("contact sheet", lambda: write_contact_sheet(batch, jobs, artifacts)),
    )
    for name, part in parts:
        try:
            Path(batch.folder).mkdir(parents=True, exist_ok=True)
            written += part()
        except Exception as error:
            log.exception("a batch's %s could not be written", name)
            problems.append(f"{name}: {getattr(error, 'strerror', None) or error or type(error).__name__}")
    if problems:
        raise StudioError(
            f"Not all files of the batch could be written to {batch.folder} ({'; '.join(problems)}).",
            cause="disk",
            cure="The next start tries again.",
        )
    return written


def _write_lines(batch: Batch, jobs: list[Job], artifacts: dict[str, list[Artifact]]) -> list[Path]:
    lines = [_line(row) for row in rows_of(batch, jobs, artifacts)]
    lines = sorted([*lines, *_skipped(batch)], key=lambda line: line["line"])
    as_jsonl = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    as_csv = table_as_csv(COLUMNS, ([line[name] for name in COLUMNS] for line in lines))
    # The .jsonl comes last, and its job ids belong to this batch alone: with it, all of the report is there.
    paths = write_numbered(Path(batch.folder), "report", {".csv": as_csv, ".jsonl": as_jsonl})
    if batch.report:
        wanted = Path(batch.report)
        wanted.parent.mkdir(parents=True, exist_ok=True)
        data = as_jsonl if wanted.suffix.lower() == ".jsonl" else as_csv
        paths += write_numbered(wanted.parent, wanted.stem, {wanted.suffix: data})
    return paths


def write_numbered(folder: Path, stem: str, contents: Mapping[str, bytes]) -> list[Path]:
    """Write files of one stem (suffix → content), with a number where files of that stem are in the folder; return the paths.

    Where this very call was interrupted before, what it wrote is kept: its first file is there with the same content.
    """
    stem = next((earlier for earlier in _earlier(folder, stem) if _holds(folder, earlier, contents)), free_stem(folder, stem))
    paths = {folder / f"{stem}{suffix}": data for suffix, data in contents.items()}
    for path, data in paths.items():
        if not path.exists():
            write_whole(path, data)
    return list(paths)


def _earlier(folder: Path, stem: str) -> Iterator[str]:
    """Yield the stems that such files were written under, the last one first."""
    free = free_stem(folder, stem)
    last = 0 if free == stem else int(free.rpartition("-")[2]) - 1
    for number in range(last, 0, -1):
        yield stem if number == 1 else f"{stem}-{number}"


def _holds(folder: Path, stem: str, contents: Mapping[str, bytes]) -> bool:
    """True where the first file is there with this content, and each of the others too, or nothing in its place."""
    first, *others = [_is_same(folder / f"{stem}{suffix}", data) for suffix, data in contents.items()]
    return first is True and False not in others


def _is_same(path: Path, data: bytes) -> bool | None:
    """Return whether the file has this content; None where there is no file."""
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except FileNotFoundError:
        return None
    except OSError:  # a folder, or nothing that can be read
        return False


def _line(row: ReportRow) -> dict[str, Any]:
    return {
        "line": row.line,
        "state": row.state,
        "kind": row.request.kind,
        "prompt": row.request.prompt,
        "files": [path.name for path in row.files],
        "seed": row.request.seed,
        "seconds": row.seconds,
        "error": row.error,
        "finish": list(row.finish),
        "job": row.job_id,
        "key": key_of(row.request),
    }


def _skipped(batch: Batch) -> list[dict[str, Any]]:
    empty = dict.fromkeys(COLUMNS, "")
    return [{**empty, "line": row.line, "state": "not run", "files": [], "error": row.message} for row in batch.skipped]


def free_stem(folder: Path, stem: str) -> str:
    """Return the stem, with a number where a file of that stem is in the folder."""
    taken = {path.stem.lower() for path in folder.iterdir() if path.stem.lower().startswith(stem.lower())}
    numbered = (stem if number == 1 else f"{stem}-{number}" for number in range(1, 1_000_000))
    return next(name for name in numbered if name.lower() not in taken)


def table_as_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return a table as CSV that a spreadsheet opens without running or garbling a cell."""
    output = io.StringIO(newline="")
    writer = csv.writer(output, quoting=csv.QUOTE_ALL)
    writer.writerow([_inert(name) for name in header])
    for row in rows:
        writer.writerow([_inert("; ".join(value) if isinstance(value, list) else value) for value in row])
    # With a mark, because spreadsheets take Chinese without one for another encoding.
    return output.getvalue().encode("utf-8-sig", errors="replace")


def _inert(value: Any) -> Any:
    # A cell that begins like a formula is run by a spreadsheet.
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
