"""The report of a batch: one line a row, as CSV for people and JSONL for programs, beside the artifacts."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import msgspec

from studio.core.artifact import Artifact
from studio.core.files import write_whole
from studio.core.jobs import Batch, Job

COLUMNS = ("line", "state", "kind", "prompt", "files", "seed", "seconds", "error")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_report(batch: Batch, jobs: list[Job], artifacts: dict[str, list[Artifact]]) -> list[Path]:
    """Write `report.csv` and `report.jsonl` into the batch's folder, numbered where they exist. Returns their paths."""
    lines = sorted(
        [*(_job_line(job, artifacts.get(job.id, [])) for job in jobs), *_skipped(batch)], key=lambda line: line["line"]
    )
    folder = Path(batch.folder)
    folder.mkdir(parents=True, exist_ok=True)
    stem = _free_stem(folder)
    paths = [folder / f"{stem}.csv", folder / f"{stem}.jsonl"]
    write_whole(paths[0], _as_csv(lines))
    write_whole(paths[1], b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return paths


def _job_line(job: Job, artifacts: list[Artifact]) -> dict[str, Any]:
    return {
        "line": job.row,
        "state": str(job.state),
        "kind": job.request.kind,
        "prompt": job.request.prompt,
        "files": [Path(artifact.path).name for artifact in artifacts],
        "seed": job.request.seed,
        "seconds": round(job.ended - job.started, 2) if job.started and job.ended else None,
        "error": job.failure.message if job.failure else "",
    }


def _skipped(batch: Batch) -> list[dict[str, Any]]:
    empty = dict.fromkeys(COLUMNS, "")
    return [{**empty, "line": row.line, "state": "not run", "files": [], "error": row.message} for row in batch.skipped]


def _free_stem(folder: Path) -> str:
    taken = {path.stem for path in folder.glob("report*")}
    return next(stem for number in range(1, 100_000) if (stem := "report" if number == 1 else f"report-{number}") not in taken)


def _as_csv(lines: list[dict[str, Any]]) -> bytes:
    output = io.StringIO(newline="")
    writer = csv.writer(output, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow(
            _inert("; ".join(value) if isinstance(value, list) else value) for value in (line[name] for name in COLUMNS)
        )
    # With a mark, because spreadsheets take Chinese without one for another encoding.
    return output.getvalue().encode("utf-8-sig", errors="replace")


def _inert(value: Any) -> Any:
    # A cell that begins like a formula is run by a spreadsheet.
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
