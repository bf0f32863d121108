"""Write the report of a finished batch, as CSV and JSON lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from studio.batch.output.finished_batch import FinishedBatch
from studio.batch.output.rows import ReportRow, free_stem, rows_of, table_as_csv
from studio.batch.row import key_of
from studio.core.files import write_whole
from studio.core.jobs import Batch

COLUMNS = ("line", "state", "kind", "prompt", "files", "seed", "seconds", "error", "finish", "task")


def write_lines(finished: FinishedBatch) -> list[Path]:
    """Write `report.csv` and `report.jsonl` and return their paths. Raises OSError."""
    batch = finished.batch
    lines = [_line(row) for row in rows_of(finished)]
    lines = sorted([*lines, *_skipped(batch)], key=lambda line: line["line"])
    as_jsonl = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    as_csv = table_as_csv(COLUMNS, ([line[name] for name in COLUMNS] for line in lines))
    # The .jsonl is written last, and its job ids are unique: if it exists, the report is complete.
    paths = write_numbered(finished.folder, "report", {".csv": as_csv, ".jsonl": as_jsonl})
    if batch.report:
        copy = Path(batch.report)
        copy.parent.mkdir(parents=True, exist_ok=True)
        data = as_jsonl if copy.suffix.lower() == ".jsonl" else as_csv
        paths += write_numbered(copy.parent, copy.stem, {copy.suffix: data})
    return paths


def write_numbered(folder: Path, stem: str, contents: Mapping[str, bytes]) -> list[Path]:
    """Write files of one stem (suffix → content) and return the paths; numbers the stem if taken.

    Files from an interrupted call are kept: the first file exists with the same content.
    """
    stem = next(
        (earlier for earlier in _earlier(folder, stem) if _has_content(folder, earlier, contents)),
        free_stem(folder, stem),
    )
    paths = {folder / f"{stem}{suffix}": data for suffix, data in contents.items()}
    for path, data in paths.items():
        if not path.exists():
            write_whole(path, data)
    return list(paths)


def _earlier(folder: Path, stem: str) -> Iterator[str]:
    """Yield the stems of existing files in this series, the newest first."""
    free = free_stem(folder, stem)
    last = 0 if free == stem else int(free.rpartition("-")[2]) - 1
    for number in range(last, 0, -1):
        yield stem if number == 1 else f"{stem}-{number}"


def _has_content(folder: Path, stem: str, contents: Mapping[str, bytes]) -> bool:
    """Return True if the first file has this content, and no other file has different content."""
    first, *others = [
        _is_same(folder / f"{stem}{suffix}", data) for suffix, data in contents.items()
    ]
    return first is True and False not in others


def _is_same(path: Path, data: bytes) -> bool | None:
    """Return whether the file has this content; None if it doesn't exist."""
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except FileNotFoundError:
        return None
    except OSError:  # a folder, or unreadable
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
        "task": row.row.task,
        "job": row.job_id,
        "key": key_of(row.request),
    }


def _skipped(batch: Batch) -> list[dict[str, Any]]:
    empty = dict.fromkeys(COLUMNS, "")
    return [
        {**empty, "line": row.line, "state": "not run", "files": [], "error": row.message}
        for row in batch.skipped
    ]
