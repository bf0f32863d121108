"""Read .txt, .csv/.tsv, .jsonl and .json into rows of values or problems, with line numbers."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from studio.batch.a1111 import has_tags, read_line
from studio.batch.source_row import (
    MAX_LINE_CHARACTERS,
    MAX_NAMES,
    MAX_ROWS,
    MAX_TEXT,
    SourceRow,
    check_count,
    check_lines,
    lines_of,
    too_long,
)
from studio.batch.tables.cells import IsWanted, wanted_by
from studio.batch.tables.columns import clean
from studio.batch.tables.delimited import read_delimited
from studio.batch.tables.read_file import MAX_FILE_BYTES, read_bytes
from studio.core.errors import Problem, StudioError
from studio.core.translation import tr
from studio.media.text_encoding import decode

__all__ = [
    "MAX_LINE_CHARACTERS",
    "MAX_ROWS",
    "SUFFIXES",
    "SourceRow",
    "is_batch_file",
    "read_folder",
    "read_rows",
]

_FENCE = "---"
_GUESSED_ELEMENT = 4_096
"""The usual maximum size of an element of a JSON list, in characters."""
_MAX_NESTED = 10_000
"""Size in characters above which lists and tables in a row are dropped; no setting is one."""


def read_rows(
    text: str, suffix: str, *, wanted: Iterable[str] = (), notes: list[str] | None = None
) -> list[SourceRow]:
    """Return the rows of a file by its suffix.

    `wanted`: columns besides the prompt that identify a table's header. Appends notes for the user
    to `notes`. Raises StudioError if the whole file cannot be read.
    """
    reader = _READERS.get(suffix.lower())
    if reader is None:
        raise StudioError(
            tr("{suffix} is not a format of batch files.", suffix=suffix)
            if suffix
            else tr("A file without suffix is not a format of batch files."),
            cause="invalid",
            cure=tr("Use .txt, .csv, .tsv, .jsonl, .json or .xlsx."),
        )
    check_lines(text)
    rows = []
    for row in reader(text, wanted_by(wanted), [] if notes is None else notes):
        rows.append(row)
        check_count(len(rows))
    if not rows:
        raise StudioError(
            tr("The file contains no prompts."),
            cause="invalid",
            cure=tr("Write one prompt a line."),
        )
    return rows


def read_folder(folder: Path, encoding: str = "") -> tuple[list[SourceRow], str, str]:
    """Return a row for each .txt file of a folder by name, the encodings, and a warning or "".

    A file that cannot be read becomes a row with a problem. Raises StudioError for a folder without
    .txt files.
    """
    try:
        found = (path for path in folder.iterdir() if path.suffix.lower() == ".txt")
        files = sorted(itertools.islice(found, MAX_ROWS + 1))
    except OSError as error:
        raise StudioError(
            tr(
                "The folder {folder} cannot be read: {reason}.",
                folder=folder.name,
                reason=error.strerror,
            ),
            cause="invalid",
            cure=tr("Check its permissions, or choose another folder."),
        ) from error
    if not files or len(files) > MAX_ROWS:
        raise StudioError(
            tr(
                "The folder {folder} contains more than {maximum:,} .txt files.",
                folder=folder.name,
                maximum=MAX_ROWS,
            )
            if files
            else tr("The folder {folder} contains no .txt files.", folder=folder.name),
            cause="invalid",
            cure=tr("Put one prompt into each .txt file."),
        )
    rows: list[SourceRow] = []
    encodings: set[str] = set()
    uncertain: list[str] = []
    size = 0
    for number, path in enumerate(files, start=1):
        try:
            data = read_bytes(path)
            size += len(data)
            decoded = decode(data, encoding)
        except StudioError as error:
            rows.append(
                SourceRow(number, problems=(Problem(_utf8(path.name)[:80], _utf8(error.message)),))
            )
            continue
        if size > MAX_FILE_BYTES:
            raise StudioError(
                tr(
                    "The .txt files of the folder {folder} add up to more than {maximum} MB.",
                    folder=folder.name,
                    maximum=MAX_FILE_BYTES // 2**20,
                ),
                cause="invalid",
                cure=tr("Split them into several folders."),
            )
        encodings.add(decoded.encoding)
        uncertain += [_utf8(path.name)] if decoded.warning else []
        rows.append(_prompt(number, clean(decoded.text)))
    warning = (
        tr(
            "Check the encoding of {files}.",
            files=", ".join(uncertain[:3]) + (" …" if len(uncertain) > 3 else ""),
        )
        if uncertain
        else ""
    )
    return rows, ", ".join(sorted(encodings)), warning


def _utf8(name: str) -> str:
    """Return a file name of any encoding in a form that reports and the queue can store."""
    return name.encode(errors="replace").decode()


def _read_txt(text: str) -> Iterator[SourceRow]:
    r"""Read one prompt a line, or between lines `---`. `#` starts a comment, `\#` a prompt."""
    block: list[str] | None = None
    begun = 0
    for number, line in lines_of(text):
        if len(line) < 100 and line.strip() == _FENCE:
            if block is not None and any(part.strip() for part in block):
                yield _prompt(begun, "\n".join(block).strip("\n"))
            block, begun = ([], number) if block is None else (None, 0)
        elif block is not None:
            block.append(line)
        elif (prompt := clean(line)) and not prompt.startswith("#"):
            yield _line(number, prompt)
    if block is not None:
        yield SourceRow(
            begun,
            problems=(
                Problem("row", tr("starts a block without a closing line {line}", line=_FENCE)),
            ),
        )


def _line(number: int, line: str) -> SourceRow:
    if len(line) > MAX_LINE_CHARACTERS or not has_tags(line):
        return _prompt(number, line.removeprefix("\\") if line.startswith("\\#") else line)
    values, ignored, problems = read_line(line)
    return SourceRow(number, values, problems, ignored, text=line[:MAX_TEXT] if problems else "")


def _prompt(number: int, text: str) -> SourceRow:
    return (
        too_long(number) if len(text) > MAX_LINE_CHARACTERS else SourceRow(number, {"prompt": text})
    )


def _read_jsonl(text: str) -> Iterator[SourceRow]:
    for number, line in lines_of(text):
        if not line.strip():
            continue
        if len(line) > MAX_LINE_CHARACTERS:
            yield too_long(number)
            continue
        try:
            values = _DECODER.decode(line)
        except (RecursionError, ValueError) as error:
            yield _not_json(number, error, line)
        else:
            yield _object(number, values, len(line))


def _read_json(text: str) -> Iterator[SourceRow]:
    """Read a list of objects or prompts. After invalid JSON, the remaining rows are lost."""
    position = _skip(text, 0)
    if text[position : position + 1] != "[":
        raise StudioError(
            tr("The file is not a JSON list."),
            cause="invalid",
            cure=tr("Put the rows into a list: [{…}, {…}]."),
        )
    line, counted, position = 1, 0, _skip(text, position + 1)
    while position < len(text) and text[position] != "]":
        line, counted = line + _count_lines(text, counted, position), position
        try:
            values, end = _decode_at(text, position)
        except (RecursionError, ValueError) as error:
            yield _not_json(line, error, text[position : position + MAX_TEXT])
            return
        yield _object(
            line, {"prompt": values} if isinstance(values, str) else values, end - position
        )
        position = _skip(text, end)
        if text[position : position + 1] == ",":
            position = _skip(text, position + 1)
        elif text[position : position + 1] != "]":
            break
    if text[position : position + 1] != "]" or text[position + 1 :].strip():
        yield SourceRow(
            line,
            problems=(Problem("row", tr("is not followed by a comma or the end of the list")),),
        )


def _count_lines(text: str, begin: int, end: int) -> int:
    lines = text.count("\n", begin, end)
    return lines if lines or "\r" not in text[begin:end] else text.count("\r", begin, end)


def _decode_at(text: str, position: int) -> tuple[Any, int]:
    """Return the element at a position and its end. Raises ValueError, RecursionError.

    Decodes at most as much text as an element may have: a list of millions of lists takes twenty
    times its length in memory.
    """
    for size in (_GUESSED_ELEMENT, MAX_LINE_CHARACTERS):
        piece = text[position : position + size]
        try:
            values, end = _DECODER.raw_decode(piece)
        except json.JSONDecodeError as error:
            cut_off = error.pos > len(piece) - 20 or error.msg.startswith("Unterminated")
            if len(piece) < size or not cut_off:
                raise
        else:
            return values, position + end
    raise ValueError(f"an element has more than {MAX_LINE_CHARACTERS:,} characters or no end")


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position


def _object(line: int, values: Any, size: int) -> SourceRow:
    if not isinstance(values, dict):
        return SourceRow(line, problems=(Problem("row", tr("is not an object")),))
    if len(values) > MAX_NAMES:
        return SourceRow(
            line, problems=(Problem("row", tr("has more than {maximum} names", maximum=MAX_NAMES)),)
        )
    if size > _MAX_NESTED:  # saves memory: no setting is a list or table
        values = {
            name: type(value)() if isinstance(value, (list, dict)) else value
            for name, value in values.items()
        }
    return SourceRow(line, values)


def _not_json(line: int, error: Exception, text: str) -> SourceRow:
    why = (
        tr("is nested too deeply")
        if isinstance(error, RecursionError)
        else tr("is not JSON: {reason}", reason=str(error)[:200])
    )
    return SourceRow(line, problems=(Problem("row", why),), text=text[:MAX_TEXT])


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError("it has a name twice")
    return table


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_unique)


_Reader = Callable[[str, IsWanted, list[str]], Iterator[SourceRow]]


def _without_columns(reader: Callable[[str], Iterator[SourceRow]]) -> _Reader:
    return lambda text, _is_wanted, _notes: reader(text)


_READERS: dict[str, _Reader] = {
    ".txt": _without_columns(_read_txt),
    ".csv": lambda text, is_wanted, notes: read_delimited(text, "", is_wanted, notes),
    ".tsv": lambda text, is_wanted, notes: read_delimited(text, "\t", is_wanted, notes),
    ".json": _without_columns(_read_json),
    ".jsonl": _without_columns(_read_jsonl),
    ".ndjson": _without_columns(_read_jsonl),
}
SUFFIXES = (*_READERS, ".xlsx")


def is_batch_file(path: Path) -> bool:
    """Return True for a file name with the suffix of a batch file."""
    return path.suffix.lower() in SUFFIXES
