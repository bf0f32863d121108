"""Reading .csv and .tsv: cells between commas, semicolons, tabs or bars, as spreadsheets and people
write them.

A quote that is wrong costs its own row. Where it opened and was not closed, the lines behind it are
rows again from the first one that has as many cells as the header; what cannot be told apart is
named with its lines, and never becomes a prompt.
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

MAX_RECORD_CHARACTERS = 4_000_000
"""Of one row, however many lines it has."""
MAX_READ_AGAIN = 40_000_000
"""Characters that are read once more because of quotes that were not closed."""
_DELIMITERS = ",;\t|"
_SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
"""How Excel is told the delimiter, in a line of its own."""


class _TooLongError(Exception):
    """A row that is longer than a row can be."""


class _Source:
    """The file's lines for csv.reader; those of the row that is being read can be put back."""

    def __init__(self, text: str) -> None:
        self._lines = lines_of(text)
        self._back: deque[tuple[int, str]] = deque()
        self._spent = 0
        self.record: list[tuple[int, str]] = []
        """The lines of the row so far."""
        self._characters = 0

    def begin(self) -> None:
        """Begin with a row."""
        self.record, self._characters = [], 0

    def take(self) -> tuple[int, str] | None:
        """Return the next line with its number; None at the end."""
        return self._back.popleft() if self._back else next(self._lines, None)

    def put_back(self, lines: list[tuple[int, str]]) -> bool:
        """Let these be the next lines; False where that happened too often."""
        self._spent += sum(len(line) + 1 for _number, line in lines)
        self._back.extendleft(reversed(lines))
        return self._spent <= MAX_READ_AGAIN

    def __iter__(self) -> _Source:
        return self

    def __next__(self) -> str:
        found = self.take()
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
    """Yield the rows of the table; without a delimiter it is found. Raises StudioError for the file
    as a whole.
    """
    source = _Source(text)
    named = _separator(source)
    delimiter = named or delimiter or _find_delimiter(text, is_wanted)
    # Excel in German, French, Spanish … writes ; between cells, because its decimal sign is the
    # comma; tabs go with both.
    return read_table(
        _records(source, delimiter), is_wanted, notes, decimal_comma=delimiter in ";\t"
    )


def _separator(source: _Source) -> str:
    first = source.take()
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
    """Yield the row that cannot be read, and leave the source at the next line that surely is a
    row.
    """
    if isinstance(error, csv.Error) and (cells := _padded(source, delimiter)):
        yield Cells(source.record[0][0], _filled(cells))
        return
    (first, line), *behind = source.record
    last = first
    again = source.put_back(behind)
    if not again:
        while found := source.take():
            last = found[0]
    elif behind or line.count('"') % 2:
        while found := source.take():
            if _is_row(found[1], delimiter, width):
                source.put_back([found])
                break
            last = found[0]
            if (
                width < 2 and found[1].count('"') % 2
            ):  # in a single column any line may be one of a long cell, up to its end
                break
    if isinstance(error, _TooLongError):
        why = f"has more than {MAX_RECORD_CHARACTERS:,} characters"
    else:
        why = f"cannot be read: {error}"
    beyond = (
        "" if last == first else f"; so are the lines to {last}, which cannot be told apart from it"
    )
    yield Cells(
        first, {}, Problem("row", f"{why}; is a quote in it not closed, or not doubled?{beyond}")
    )


_MAX_PADDED = 100_000
_PADDED = {
    delimiter: re.compile(
        rf'[ \xa0]*+(?:"((?:[^"]|"")*+)"[ \xa0]*+|([^"{re.escape(delimiter)}\n]*+))'
    )
    for delimiter in _DELIMITERS
}


def _padded(source: _Source, delimiter: str) -> list[str]:
    """Return the cells of a row with blanks behind closing quotes; none where something else is
    wrong with it.
    """
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
