"""Read .csv and .tsv: cells separated by commas, semicolons, tabs or bars.

A misplaced quote affects its own row only. After an unclosed quote, rows start again at the first
line with as many cells as the header. Lines that cannot be separated are reported with their
numbers, and never become a prompt.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator

from studio.batch.source_row import MAX_LINE_CHARACTERS, SourceRow, lines_of
from studio.batch.tables.cells import MAX_ABOVE, Cells, IsWanted, read_table, score
from studio.batch.tables.columns import clean
from studio.core.errors import Problem
from studio.core.translation import tr

MAX_RECORD_CHARACTERS = 4_000_000
"""Of one row, over all its lines."""
MAX_READ_AGAIN = 40_000_000
"""Characters that are parsed again because of unclosed quotes."""
_DELIMITERS = ",;\t|"
_SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
"""Excel's line that names the delimiter."""


class _TooLongError(Exception):
    """A row above the maximum length."""


class _Source:
    """The file's lines for csv.reader; the lines of the current row can be put back."""

    def __init__(self, text: str) -> None:
        self._lines = lines_of(text)
        self._back: deque[tuple[int, str]] = deque()
        self._spent = 0
        self.record: list[tuple[int, str]] = []
        """The lines of the current row."""
        self._characters = 0

    def begin(self) -> None:
        """Start a row."""
        self.record, self._characters = [], 0

    def next_line(self) -> tuple[int, str] | None:
        """Return the next line with its number, or None at the end."""
        return self._back.popleft() if self._back else next(self._lines, None)

    def put_back(self, lines: list[tuple[int, str]]) -> bool:
        """Queue lines to be read again; return False if that happened too often."""
        self._spent += sum(len(line) + 1 for _number, line in lines)
        self._back.extendleft(reversed(lines))
        return self._spent <= MAX_READ_AGAIN

    def __iter__(self) -> _Source:
        return self

    def __next__(self) -> str:
        found = self.next_line()
        if found is None:
            raise StopIteration
        self._characters += len(found[1]) + 1
        self.record.append(found)
        if self._characters > MAX_RECORD_CHARACTERS:
            raise _TooLongError
        return f"{found[1]}\n"


def read_delimited(
    text: str, delimiter: str, is_wanted: IsWanted, notes: list[str]
) -> Iterator[SourceRow]:
    """Yield the rows of the table; an empty delimiter is detected.

    Raises StudioError for errors of the whole file.
    """
    source = _Source(text)
    named = _separator(source)
    delimiter = named or delimiter or _find_delimiter(text, is_wanted)
    # With a decimal comma, as in German, French or Spanish, Excel separates cells by semicolons or
    # tabs.
    return read_table(
        _records(source, delimiter), is_wanted, notes, decimal_comma=delimiter in ";\t"
    )


def _separator(source: _Source) -> str:
    first = source.next_line()
    found = (
        _SEPARATOR.fullmatch(first[1].lstrip("\ufeff")) if first and len(first[1]) < 20 else None
    )
    if found:
        return found[1]
    if first:
        source.put_back([first])
    return ""


def _find_delimiter(text: str, is_wanted: IsWanted) -> str:
    begin = []
    for _number, line in lines_of(text):
        if line.strip():
            begin.append(line[:100_000])
        if len(begin) == MAX_ABOVE:
            break
    tried = {}
    for delimiter in _DELIMITERS:
        rows = csv.reader(begin, delimiter=delimiter)
        try:
            tried[delimiter] = score([Cells(0, _filled(cells)) for cells in rows], is_wanted)
        except csv.Error:
            tried[delimiter] = (0, 0, 0)
    return max(_DELIMITERS, key=tried.__getitem__)


def _filled(cells: list[str]) -> dict[int, str]:
    return {at: text for at, cell in enumerate(cells) if cell and (text := clean(cell))}


def _records(source: _Source, delimiter: str) -> Iterator[Cells]:
    csv.field_size_limit(MAX_LINE_CHARACTERS)
    reader = csv.reader(source, delimiter=delimiter, strict=True, skipinitialspace=True)
    width = 0
    while True:
        source.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _TooLongError) as error:
            yield from _recover(source, delimiter, width, error)
            reader = csv.reader(source, delimiter=delimiter, strict=True, skipinitialspace=True)
            continue
        filled = _filled(cells)
        width = max(width, len(cells)) if filled else width
        if filled:
            yield Cells(source.record[0][0], filled)


def _recover(source: _Source, delimiter: str, width: int, error: Exception) -> Iterator[Cells]:
    """Yield the unreadable row as a problem, and move the source to the next certain row."""
    if isinstance(error, csv.Error) and (cells := _padded(source, delimiter)):
        yield Cells(source.record[0][0], _filled(cells))
        return
    (first, line), *rest = source.record
    last = first
    if not source.put_back(rest):
        while found := source.next_line():
            last = found[0]
    elif rest or line.count('"') % 2:
        while found := source.next_line():
            if _is_row(found[1], delimiter, width):
                source.put_back([found])
                break
            last = found[0]
            # In a single column, a long cell extends to the line with its closing quote.
            if width < 2 and found[1].count('"') % 2:
                break
    if isinstance(error, _TooLongError):
        reason = tr("has more than {maximum:,} characters", maximum=MAX_RECORD_CHARACTERS)
    else:
        reason = tr("cannot be read: {reason}", reason=error)
    message = tr("{problem}; is a quote not closed, or not doubled?", problem=reason)
    if last != first:
        message += " " + tr("The lines to {line} cannot be separated from it.", line=last)
    yield Cells(first, {}, Problem("row", message))


_MAX_PADDED = 100_000
_PADDED = {
    delimiter: re.compile(
        rf'[ \xa0]*+(?:"((?:[^"]|"")*+)"[ \xa0]*+|([^"{re.escape(delimiter)}\n]*+))'
    )
    for delimiter in _DELIMITERS
}


def _padded(source: _Source, delimiter: str) -> list[str]:
    """Return the cells of a row with spaces after closing quotes, or [] if it has other errors."""
    text = "\n".join(line for _number, line in source.record)
    pattern = _PADDED.get(delimiter) if len(text) <= _MAX_PADDED else None
    cells: list[str] = []
    place = 0
    while pattern and (found := pattern.match(text, place)):
        cells.append(found[2] if found[1] is None else found[1].replace('""', '"'))
        place = found.end()
        if place == len(text):
            return cells
        if text[place] != delimiter:
            break
        place += 1
    return []


def _is_row(line: str, delimiter: str, width: int) -> bool:
    if width < 2 or line.count('"') % 2 or len(line) > MAX_RECORD_CHARACTERS:
        return False
    try:
        return (
            len(
                next(
                    csv.reader([line], delimiter=delimiter, strict=True, skipinitialspace=True), ()
                )
            )
            == width
        )
    except csv.Error:
        return False
