"""Reading .txt, .csv/.tsv, .jsonl and .json: each row with its line number, as values or as what is wrong with it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.core.errors import Problem, StudioError
from studio.jobs.batch.a1111 import has_tags, read_line
from studio.jobs.batch.decode import decode, read_bytes

MAX_ROWS = 100_000
MAX_LINE_CHARACTERS = 1_000_000
_FENCE = "---"


@dataclass(frozen=True)
class RawRow:
    """One row as it stands in the file. With problems its values mean nothing."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    ignored: tuple[str, ...] = ()
    """Options that stand in it and mean nothing here."""


def read_rows(text: str, suffix: str) -> list[RawRow]:
    """Return the rows of a file by its suffix. Raises StudioError where the file as a whole cannot be read."""
    reader = _READERS.get(suffix.lower())
    if reader is None:
        raise StudioError(
            f"{suffix or 'A file without suffix'} is not a kind of batch file.",
            cause="invalid",
            cure="Use .txt, .csv, .tsv, .jsonl, .json or .xlsx.",
        )
    rows = []
    for row in reader(text):
        rows.append(row)
        if len(rows) > MAX_ROWS:
            raise StudioError(f"The file has more than {MAX_ROWS:,} rows.", cause="invalid", cure="Split it into several files.")
    if not rows:
        raise StudioError("The file holds no prompts.", cause="invalid", cure="Write one prompt a line.")
    return rows


def read_folder(folder: Path, encoding: str = "") -> tuple[list[RawRow], str, str]:
    """Return a row for each .txt file of a folder, its text the prompt, sorted by name; the encodings, and what is in doubt.

    Raises StudioError where there is none. A file that cannot be read is a row with a problem.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".txt")
    except OSError as error:
        raise StudioError(f"The folder {folder.name} cannot be read: {error.strerror}.", cause="invalid") from error
    if not files or len(files) > MAX_ROWS:
        many = f"has more than {MAX_ROWS:,}" if files else "holds no"
        raise StudioError(
            f"The folder {folder.name} {many} .txt files.", cause="invalid", cure="Put one prompt into each .txt file."
        )
    rows, encodings, doubtful = [], set(), []
    for number, path in enumerate(files, start=1):
        try:
            decoded = decode(read_bytes(path), encoding)
        except StudioError as error:
            rows.append(RawRow(number, problems=(Problem(path.name[:80], error.message),)))
            continue
        encodings.add(decoded.encoding)
        doubtful += [path.name] if decoded.warning else []
        rows.append(_prompt(number, decoded.text.strip()))
    doubt = f"Check the encoding of {', '.join(doubtful[:3])}{' …' if len(doubtful) > 3 else ''}." if doubtful else ""
    return rows, ", ".join(sorted(encodings)), doubt


def _lines(text: str) -> Iterator[tuple[int, str]]:
    # Not splitlines(): that also splits on U+2028 and others, which belong to a prompt.
    for number, line in enumerate(text.split("\n"), start=1):
        yield number, line.removesuffix("\r")


def _too_long(line: int) -> RawRow:
    return RawRow(line, problems=(Problem("prompt", f"the line is longer than {MAX_LINE_CHARACTERS:,} characters"),))


def _read_txt(text: str) -> Iterator[RawRow]:
    """A prompt a line; `#` begins a comment line, `\\#` a prompt with `#`; what stands between two lines `---` is one prompt."""
    block: list[str] | None = None
    begun = 0
    for number, line in _lines(text):
        if line.strip() == _FENCE:
            if block is not None and "\n".join(block).strip():
                yield _prompt(begun, "\n".join(block).strip("\n"))
            block, begun = ([], number) if block is None else (None, 0)
        elif block is not None:
            block.append(line)
        elif line.strip() and not line.lstrip().startswith("#"):
            yield _line(number, line.strip())
    if block is not None:
        yield RawRow(begun, problems=(Problem("row", f"begins a block that no further line {_FENCE} ends"),))


def _line(number: int, line: str) -> RawRow:
    if len(line) > MAX_LINE_CHARACTERS or not has_tags(line):
        return _prompt(number, line.removeprefix("\\") if line.startswith("\\#") else line)
    values, ignored, problems = read_line(line)
    return RawRow(number, values, problems, ignored)


def _prompt(number: int, text: str) -> RawRow:
    return _too_long(number) if len(text) > MAX_LINE_CHARACTERS else RawRow(number, {"prompt": text})


def _read_jsonl(text: str) -> Iterator[RawRow]:
    for number, line in _lines(text):
        if not line.strip():
            continue
        if len(line) > MAX_LINE_CHARACTERS:
            yield _too_long(number)
            continue
        try:
            values = _DECODER.decode(line)
        except (RecursionError, ValueError) as error:
            yield _not_json(number, error)
        else:
            yield _object(number, values)


def _read_json(text: str) -> Iterator[RawRow]:
    """A list of objects, or of prompts. What stands behind something that is not JSON cannot be told apart any more."""
    place = _skip(text, 0)
    if text[place : place + 1] != "[":
        raise StudioError("The file is not a JSON list.", cause="invalid", cure="Put the rows into a list: [{…}, {…}].")
    line, counted, place = 1, 0, _skip(text, place + 1)
    while place < len(text) and text[place] != "]":
        line, counted = line + text.count("\n", counted, place), place
        try:
            values, place = _DECODER.raw_decode(text, place)
        except (RecursionError, ValueError) as error:
            yield _not_json(line, error)
            return
        yield _object(line, {"prompt": values} if isinstance(values, str) else values)
        place = _skip(text, place)
        if text[place : place + 1] == ",":
            place = _skip(text, place + 1)
        elif text[place : place + 1] != "]":
            break
    if text[place : place + 1] != "]" or text[place + 1 :].strip():
        yield RawRow(line, problems=(Problem("row", "is not followed by a comma, or by the end of the list"),))


def _skip(text: str, place: int) -> int:
    while place < len(text) and text[place] in " \t\r\n":
        place += 1
    return place


def _object(line: int, values: Any) -> RawRow:
    return RawRow(line, values) if isinstance(values, dict) else RawRow(line, problems=(Problem("row", "is not an object"),))


def _not_json(line: int, error: Exception) -> RawRow:
    why = "is nested too deeply" if isinstance(error, RecursionError) else f"is not JSON: {str(error)[:200]}"
    return RawRow(line, problems=(Problem("row", why),))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("a name stands in it twice")
    return table


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_unique)


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
            header = check_header(cells)
        elif len(cells) > len(header):
            yield RawRow(line, problems=(Problem("row", f"has {len(cells)} cells; the header has {len(header)}"),))
        else:
            yield RawRow(line, {name: cell for name, cell in zip(header, cells, strict=False) if cell.strip()})


def check_header(cells: list[str]) -> list[str]:
    """Return the names of the columns. Raises StudioError where one is missing or stands twice."""
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
    ".json": _read_json,
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
}
SUFFIXES = (*_READERS, ".xlsx")


def is_batch_file(path: Path) -> bool:
    """True where the file's name says that it holds prompts."""
    return path.suffix.lower() in SUFFIXES
