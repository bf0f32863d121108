"""Reading .txt, .csv/.tsv and .jsonl: each row with its line number, as values or as what is wrong with it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.core.errors import Problem, StudioError

MAX_ROWS = 100_000
MAX_LINE_CHARACTERS = 1_000_000
MAX_DEPTH = 32


@dataclass(frozen=True)
class RawRow:
    """One row as it stands in the file. With problems its values mean nothing."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def read_rows(text: str, suffix: str) -> list[RawRow]:
    """Return the rows of a file by its suffix. Raises StudioError where the file as a whole cannot be read."""
    reader = _READERS.get(suffix.lower())
    if reader is None:
        raise StudioError(
            f"{suffix or 'A file without suffix'} is not a kind of batch file.",
            cause="invalid",
            cure="Use .txt, .csv, .tsv or .jsonl.",
        )
    rows = []
    for row in reader(text):
        rows.append(row)
        if len(rows) > MAX_ROWS:
            raise StudioError(f"The file has more than {MAX_ROWS:,} rows.", cause="invalid", cure="Split it into several files.")
    if not rows:
        raise StudioError("The file holds no prompts.", cause="invalid", cure="Write one prompt a line.")
    return rows


def _lines(text: str) -> Iterator[tuple[int, str]]:
    # Not splitlines(): that also splits on U+2028 and others, which belong to a prompt.
    for number, line in enumerate(text.split("\n"), start=1):
        yield number, line.removesuffix("\r")


def _too_long(line: int) -> RawRow:
    return RawRow(line, problems=(Problem("prompt", f"the line is longer than {MAX_LINE_CHARACTERS:,} characters"),))


def _read_txt(text: str) -> Iterator[RawRow]:
    for number, line in _lines(text):
        if line.strip():
            yield _too_long(number) if len(line) > MAX_LINE_CHARACTERS else RawRow(number, {"prompt": line.strip()})


def _read_jsonl(text: str) -> Iterator[RawRow]:
    for number, line in _lines(text):
        if not line.strip():
            continue
        if len(line) > MAX_LINE_CHARACTERS:
            yield _too_long(number)
            continue
        try:
            values = json.loads(line, parse_constant=_refuse_constant, object_pairs_hook=_unique)
        except RecursionError:
            yield RawRow(number, problems=(Problem("row", "is nested too deeply"),))
        except ValueError as error:
            yield RawRow(number, problems=(Problem("row", f"is not JSON: {str(error)[:200]}"),))
        else:
            yield (
                RawRow(number, values)
                if isinstance(values, dict)
                else RawRow(number, problems=(Problem("row", "is not an object"),))
            )


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a name stands in it twice")
    return table


def _read_csv(text: str, delimiter: str = "") -> Iterator[RawRow]:
    csv.field_size_limit(MAX_LINE_CHARACTERS)
    first = text.split("\n", 1)[0]
    delimiter = delimiter or max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # Where a quote is never closed, the rest of the file is inside it: the line where it opened is what helps.
            yield RawRow(line, problems=(Problem("row", f"cannot be read: {error}; is a quote in it not closed?"),))
            return
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = _check_header(cells)
        elif len(cells) > len(header):
            yield RawRow(line, problems=(Problem("row", f"has {len(cells)} cells; the header has {len(header)}"),))
        else:
            yield RawRow(line, {name: cell for name, cell in zip(header, cells, strict=False) if cell.strip()})


def _check_header(cells: list[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    if not all(header):
        raise StudioError("A column of the first line has no name.", cause="invalid", cure="Name every column in the first line.")
    doubled = next((name for name in header if header.count(name) > 1), None)
    if doubled:
        raise StudioError(f"The column {doubled!r} stands twice in the first line.", cause="invalid", cure="Name it once.")
    return header


_READERS: dict[str, Callable[[str], Iterator[RawRow]]] = {
    ".txt": _read_txt,
    ".csv": _read_csv,
    ".tsv": lambda text: _read_csv(text, "\t"),
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
}
SUFFIXES = tuple(_READERS)


def is_batch_file(path: Path) -> bool:
    """True where the file's name says that it holds prompts."""
    return path.suffix.lower() in SUFFIXES
