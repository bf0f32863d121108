"""Read .xlsx files: the cells as displayed, as texts. Never runs or computes anything.

Formulas count as their stored values. Merged cells have their value in each row that they span.
Hidden rows and columns count, and are reported. The default sheet is the first visible one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from studio.batch.source_row import MAX_LINE_CHARACTERS, SourceRow
from studio.batch.tables.cells import Cells, read_table, wanted_by
from studio.batch.tables.ooxml import DAMAGED, MAX_UNPACKED_BYTES, too_much
from studio.batch.tables.sheet_reader import MAX_MERGED, MergedArea, SheetData, SheetReader
from studio.batch.tables.workbook import Workbook
from studio.core.errors import Problem, StudioError
from studio.core.translation import tr

__all__ = ["MAX_UNPACKED_BYTES", "SUFFIX", "read_spreadsheet", "sheet_names"]

SUFFIX = ".xlsx"


def read_spreadsheet(
    data: bytes, sheet: str = "", *, wanted: Collection[str] = (), notes: list[str] | None = None
) -> tuple[list[SourceRow], str]:
    """Return a row for each row of the named sheet, or the first visible one, and the sheet's name.

    `wanted`, `notes`: see `reader.read_rows`. Raises StudioError.
    """
    notes = [] if notes is None else notes
    try:
        book = Workbook(data)
        chosen = book.choose(sheet)
        reader = SheetReader(book.formats(), book.since_1904)
        book.package.parse(chosen.part, reader.start, reader.end, reader.text)
        cells = list(_as_texts(book, reader.data))
    except DAMAGED as error:
        raise StudioError(
            tr("The spreadsheet cannot be read; it may be damaged or protected."),
            cause="invalid",
            cure=tr("Save it again, or save it as CSV."),
        ) from error
    rows = list(read_table(_with_merged(cells, reader.data.merged), wanted_by(wanted), notes))
    if not rows:
        raise StudioError(
            tr("The sheet {sheet} contains no prompts.", sheet=repr(chosen.name)),
            cause="invalid",
            cure=tr("Write one prompt a row."),
        )
    _note_hidden(reader.data, rows, notes)
    return rows, chosen.name


def sheet_names(data: bytes) -> list[str]:
    """Return the names of the spreadsheet's sheets; [] if it cannot be read."""
    try:
        return [sheet.name for sheet in Workbook(data).sheets]
    except (StudioError, *DAMAGED):
        return []


def _note_hidden(data: SheetData, rows: list[SourceRow], notes: list[str]) -> None:
    hidden = sorted({row.line for row in rows}.intersection(data.hidden_lines))
    if hidden:
        shown = ", ".join(map(str, hidden[:5])) + (" …" if hidden[5:] else "")
        notes.append(tr("The sheet's hidden rows are included: {rows}.", rows=shown))
    if data.hidden_columns:
        notes.append(tr("The sheet's hidden columns are included."))


def _as_texts(book: Workbook, data: SheetData) -> Iterator[Cells]:
    shared = {value for row in data.rows for value in row.cells.values() if isinstance(value, int)}
    texts = book.texts(shared)
    data.rows.reverse()
    while data.rows:  # frees each row at once, so that memory holds the rows only once
        row = data.rows.pop()
        found = {
            column: text
            for column, value in row.cells.items()
            if (text := texts[value] if isinstance(value, int) else value)
        }
        problem = row.problem
        if any(len(text) > MAX_LINE_CHARACTERS for text in found.values()):
            problem = problem or Problem(
                "row",
                tr("has more than {maximum:,} characters in a cell", maximum=MAX_LINE_CHARACTERS),
            )
        yield Cells(row.line, found, problem)


def _with_merged(rows: list[Cells], merged: list[MergedArea]) -> list[Cells]:
    """Copy a merged cell's value to each row that it spans, except to rows that are empty."""
    tall = [area for area in merged if area.last_line > area.first_line]
    if not tall:
        return rows
    by_line = {row.line: row for row in rows}
    filled = 0
    for first, last, column, _last_column in tall:
        above = by_line.get(first)
        if above is None or column - 1 not in above.texts:
            continue
        lines = (
            range(first + 1, last + 1)
            if last - first < len(by_line)
            else (line for line in by_line if first < line <= last)
        )
        for line in lines:
            row = by_line.get(line)
            if row is not None and row.texts:
                row.texts.setdefault(column - 1, above.texts[column - 1])
            filled += 1
            if filled > MAX_MERGED:
                raise too_much(tr("has too many merged cells"))
    return rows
