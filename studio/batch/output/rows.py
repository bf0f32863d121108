"""The rows of a finished batch, as reports and collected texts list them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.core.artifact import Artifact
from studio.core.jobs import Batch, BatchRow, Job, JobState
from studio.core.requests import Request
from studio.library.artifacts import read_recipe

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


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


def rows_of(
    batch: Batch, jobs: Iterable[Job], artifacts: dict[str, list[Artifact]]
) -> list[ReportRow]:
    """Return the batch's rows in the order of the file's lines."""
    rows = [
        ReportRow(
            job.row,
            str(job.state),
            job.request,
            job.id,
            tuple(Path(made.path) for made in artifacts.get(job.id, [])),
            batch.rows.get(job.id, BatchRow()),
            _seconds(job),
            job.failure.message if job.failure else "",
            tuple(made.finish_reason for made in artifacts.get(job.id, []) if made.finish_reason),
        )
        for job in jobs
    ]
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
    recipes = [
        read_recipe(folder / name) for name in names if name.lower().endswith((".txt", ".md"))
    ]
    return tuple(
        recipe.finish_reason for recipe in recipes if recipe is not None and recipe.finish_reason
    )


def _seconds(job: Job) -> float | None:
    # A clock that was set back meanwhile says nothing.
    return round(job.ended - job.started, 2) if 0 < job.started <= job.ended else None


def free_stem(folder: Path, stem: str) -> str:
    """Return the stem, with a number where a file of that stem is in the folder."""
    taken = {
        path.stem.lower() for path in folder.iterdir() if path.stem.lower().startswith(stem.lower())
    }
    numbered = (stem if number == 1 else f"{stem}-{number}" for number in range(1, 1_000_000))
    return next(name for name in numbered if name.lower() not in taken)


def table_as_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return a table as CSV that a spreadsheet opens without running or garbling a cell."""
    output = io.StringIO(newline="")
    writer = csv.writer(output, quoting=csv.QUOTE_ALL)
    writer.writerow([_inert(name) for name in header])
    for row in rows:
        writer.writerow(
            [_inert("; ".join(value) if isinstance(value, list) else value) for value in row]
        )
    # With a mark, because spreadsheets take Chinese without one for another encoding.
    return output.getvalue().encode("utf-8-sig", errors="replace")


def _inert(value: Any) -> Any:
    # A cell that begins like a formula is run by a spreadsheet.
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
