"""The report of a finished batch, as CSV and JSON lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from studio.batch.output.rows import ReportRow, free_stem, rows_of, table_as_csv
from studio.batch.row_key import key_of
from studio.core.artifact import Artifact
from studio.core.files import write_whole
from studio.core.jobs import Batch, Job

COLUMNS = ("line", "state", "kind", "prompt", "files", "seed", "seconds", "error", "finish")


def write_lines(batch: Batch, jobs: list[Job], artifacts: dict[str, list[Artifact]]) -> list[Path]:
    """Write `report.csv` and `report.jsonl` and return their paths. Raises OSError."""
    lines = [_line(row) for row in rows_of(batch, jobs, artifacts)]
    lines = sorted([*lines, *_skipped(batch)], key=lambda line: line["line"])
    as_jsonl = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    as_csv = table_as_csv(COLUMNS, ([line[name] for name in COLUMNS] for line in lines))
    # The .jsonl comes last, and its job ids belong to this batch alone: with it, all of the report
    # is there.
    paths = write_numbered(Path(batch.folder), "report", {".csv": as_csv, ".jsonl": as_jsonl})
    if batch.report:
        wanted = Path(batch.report)
        wanted.parent.mkdir(parents=True, exist_ok=True)
        data = as_jsonl if wanted.suffix.lower() == ".jsonl" else as_csv
        paths += write_numbered(wanted.parent, wanted.stem, {wanted.suffix: data})
    return paths


def write_numbered(folder: Path, stem: str, contents: Mapping[str, bytes]) -> list[Path]:
    """Write files of one stem (suffix → content), with a number where files of that stem are in the
    folder; return the paths.

    Where this very call was interrupted before, what it wrote is kept: its first file is there with
    the same content.
    """
    stem = next(
        (earlier for earlier in _earlier(folder, stem) if _holds(folder, earlier, contents)),
        free_stem(folder, stem),
    )
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
    """True where the first file is there with this content, and each of the others too, or nothing
    in its place.
    """
    first, *others = [
        _is_same(folder / f"{stem}{suffix}", data) for suffix, data in contents.items()
    ]
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
    return [
        {**empty, "line": row.line, "state": "not run", "files": [], "error": row.message}
        for row in batch.skipped
    ]
