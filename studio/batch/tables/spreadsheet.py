"""Reading .xlsx: the cells as a person sees them, as texts. Never runs or computes anything.

A formula counts as the value that was stored with it. Merged cells have their value in each row
that they span. Hidden rows and columns count, and are named; of sheets the first one that is not
hidden is taken.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from operator import attrgetter

from studio.batch.source_row import MAX_LINE_CHARACTERS, SourceRow, check_count
from studio.batch.tables import number_format
from studio.batch.tables.cells import MAX_ABOVE, Cells, read_table, wanted_by
from studio.batch.tables.columns import clean
from studio.batch.tables.ooxml import DAMAGED, MAX_UNPACKED_BYTES, Package, too_much
from studio.core.errors import Problem, StudioError

__all__ = ["MAX_UNPACKED_BYTES", "SUFFIX", "read_spreadsheet", "sheet_names"]

SUFFIX = ".xlsx"
MAX_STYLES = 70_000
"""More than any program writes."""
MAX_MERGED = 100_000
"""Cells that get their value from a merge."""
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
"""What the format allows; a file may claim more."""
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_PLACE = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})", re.ASCII)


@dataclass
class _Sheet:
    name: str
    part: str
    hidden: bool


@dataclass(slots=True)
class _Cell:
    """The cell that is being read: `kind` is its attribute t."""

    line: int
    column: int
    kind: str
    style: int
    value: str = ""
    has_formula: bool = False


@dataclass(slots=True)
class _Row:
    """A row: its cells by their place from 0, as texts or as numbers of shared strings."""

    line: int
    cells: dict[int, str | int] = field(default_factory=dict)
    problem: Problem | None = None


@dataclass
class _Read:
    """What is read of a sheet."""

    rows: list[_Row] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First and last line, first and last column."""
    hidden_lines: list[int] = field(default_factory=list)
    hidden_columns: bool = False


class _Book:
    """A workbook: its sheets, and what cells refer to."""

    def __init__(self, data: bytes) -> None:
        self.package = Package(data)
        top = dict(self.package.relations("").values())
        self._part = top.get("officeDocument", "xl/workbook.xml")
        self._relations = self.package.relations(self._part)
        self.since_1904 = False
        self.sheets: list[_Sheet] = []
        self.package.parse(self._part, self._start)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "workbookPr":
            self.since_1904 = attributes.get("date1904") in ("1", "true")
        elif name == "sheet":
            reference = next(
                (value for key, value in attributes.items() if key.endswith(" id")), ""
            )
            kind, part = self._relations[reference]
            if kind == "worksheet":
                state = attributes.get("state", "visible")
                self.sheets.append(_Sheet(unescape(attributes["name"]), part, state != "visible"))

    def choose(self, wanted: str) -> _Sheet:
        if not self.sheets:
            raise StudioError(
                "The spreadsheet has no sheet.", cause="invalid", cure="Save the sheet as CSV."
            )
        found = next((sheet for sheet in self.sheets if sheet.name == wanted), None)
        if wanted and found is None:
            shown = ", ".join(repr(sheet.name[:40]) for sheet in self.sheets[:10])
            raise StudioError(
                f"There is no sheet {wanted[:40]!r}.", cause="invalid", cure=f"There are: {shown}."
            )
        return found or min(self.sheets, key=attrgetter("hidden"))

    def _referred(self, kind: str) -> str:
        return next((part for other, part in self._relations.values() if other == kind), "")

    def texts(self, wanted: Collection[int]) -> dict[int, str]:
        """Return the shared strings of these numbers, cleaned."""
        part = self._referred("sharedStrings")
        if not wanted or not self.package.has(part):
            return {}
        reader = _SharedStrings(wanted)
        self.package.parse(part, reader.start, reader.end, reader.text)
        return reader.found

    def formats(self) -> list[str]:
        """Return the number format of each style."""
        part = self._referred("styles")
        reader = _Styles()
        if self.package.has(part):
            self.package.parse(part, reader.start, reader.end)
        return reader.codes()


class _Texts:
    """Collects the text of <t> elements; not of <rPh>, which says how a text is spoken."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._in_text = self._spoken = False

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        if name == "rPh":
            self._spoken = True
        elif name == "t":
            self._in_text = not self._spoken

    def end(self, name: str) -> None:
        if name == "rPh":
            self._spoken = False
        elif name == "t":
            self._in_text = False

    def text(self, piece: str) -> None:
        if self._in_text:
            self._pieces.append(piece)

    def take(self) -> str:
        found, self._pieces = "".join(self._pieces), []
        return unescape(found)


class _SharedStrings(_Texts):
    def __init__(self, wanted: Collection[int]) -> None:
        super().__init__()
        self._wanted = wanted
        self._number = -1
        self._is_wanted = False
        self.found: dict[int, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "si":
            self._number += 1
            self._is_wanted = self._number in self._wanted
        elif self._is_wanted:
            super().start(name, attributes)

    def end(self, name: str) -> None:
        if name == "si" and self._is_wanted:
            self.found[self._number] = clean(self.take())
        super().end(name)


class _Styles:
    def __init__(self) -> None:
        self._codes: dict[int, str] = {}
        self._of_style: list[int] = []
        self._inside = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt" and len(self._codes) < MAX_STYLES:
            self._codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "")[:200]
        elif name == "cellXfs":
            self._inside = True
        elif name == "xf" and self._inside:
            if len(self._of_style) >= MAX_STYLES:
                raise too_much(f"has more than {MAX_STYLES:,} styles")
            self._of_style.append(int(attributes.get("numFmtId", "0")))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._inside = False

    def codes(self) -> list[str]:
        return [
            self._codes.get(number) or number_format.BUILT_IN.get(number, "")
            for number in self._of_style
        ]


class _SheetReader(_Texts):
    """Collects the cells of a sheet that hold something."""

    def __init__(self, formats: list[str], since_1904: bool) -> None:
        super().__init__()
        self.read = _Read()
        self._formats = formats
        self._since_1904 = since_1904
        self._line = self._column = 0
        self._row: _Row | None = None
        self._cell: _Cell | None = None
        self._in_value = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if self._cell is not None:
            if name == "v":
                self._in_value = True
            elif name == "f":
                self._cell.has_formula = True
            else:
                super().start(name, attributes)
        elif self._row is not None:
            if name == "c":
                self._begin_cell(attributes)
        elif name == "row":
            self._begin_row(attributes)
        elif name == "col":
            self.read.hidden_columns |= attributes.get("hidden") in ("1", "true")
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def _begin_row(self, attributes: dict[str, str]) -> None:
        self._line = int(attributes.get("r", self._line + 1))
        self._row, self._column = _Row(self._line), 0
        if attributes.get("hidden") in ("1", "true"):
            self.read.hidden_lines.append(self._line)

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        place = _PLACE.fullmatch(attributes["r"]) if "r" in attributes else None
        self._column = _column(place[1]) if place else self._column + 1
        self._cell = _Cell(
            self._line, self._column, attributes.get("t", "n"), int(attributes.get("s", "0"))
        )

    def _merge(self, reference: str) -> None:
        first, _colon, last = reference.partition(":")
        one, other = _PLACE.fullmatch(first), _PLACE.fullmatch(last)
        if one and other and len(self.read.merged) < MAX_MERGED:
            self.read.merged.append(
                (int(one[2]), int(other[2]), _column(one[1]), _column(other[1]))
            )

    def text(self, piece: str) -> None:
        if self._in_value:
            self._pieces.append(piece)
        else:
            super().text(piece)

    def end(self, name: str) -> None:
        super().end(name)
        if name == "v":
            self._in_value = False
            if self._cell is not None:
                self._cell.value = self.take()
        elif name == "c" and self._cell is not None:
            self._end_cell(self._cell)
            self._cell = None
        elif name == "row" and self._row is not None:
            if (self._row.cells or self._row.problem) and 0 < self._line <= _LAST_ROW:
                self.read.rows.append(self._row)
                check_count(len(self.read.rows) - MAX_ABOVE)
            self._row = None

    def _end_cell(self, cell: _Cell) -> None:
        assert self._row is not None
        if cell.kind == "inlineStr":
            cell.value = self.take()
        if not (cell.value or cell.has_formula) or cell.column > _LAST_COLUMN:
            return
        if cell.kind == "s":
            self._row.cells[cell.column - 1] = int(cell.value)
            return
        why, text = self._wrong(cell), ""
        if not why:
            text = self._text(cell)
            why = (
                f"more than {MAX_LINE_CHARACTERS:,} characters in {_name(cell)}"
                if len(text) > MAX_LINE_CHARACTERS
                else ""
            )
        if why:
            self._row.problem = self._row.problem or Problem("row", f"has {why}")
        elif text:
            self._row.cells[cell.column - 1] = text

    def _wrong(self, cell: _Cell) -> str:
        if cell.has_formula and not cell.value and cell.kind != "str":
            return f"a formula in {_name(cell)} without a stored value; paste it as a value"
        return f"the error {cell.value[:20]} in {_name(cell)}" if cell.kind == "e" else ""

    def _text(self, cell: _Cell) -> str:
        value = cell.value.strip()
        if cell.kind == "n":
            code = self._formats[cell.style] if cell.style < len(self._formats) else ""
            return number_format.show(float(value), code, since_1904=self._since_1904)
        if cell.kind == "b":
            return "true" if value in ("1", "true") else "false"
        if cell.kind == "d":
            return value.replace("T", " ").removesuffix(" 00:00:00")
        return clean(cell.value)


def unescape(text: str) -> str:
    """Return the text without the escapes of the format: `_x000D_` is a carriage return, `_x005F_`
    an underscore.
    """
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def read_spreadsheet(
    data: bytes, sheet: str = "", *, wanted: Collection[str] = (), notes: list[str] | None = None
) -> tuple[list[SourceRow], str]:
    """Return a row for each row of the first sheet, or of the one of that name, and the sheet's
    name.

    `wanted`, `notes`: see `reader.read_rows`. Raises StudioError.
    """
    told = [] if notes is None else notes
    try:
        book = _Book(data)
        chosen = book.choose(sheet)
        reader = _SheetReader(book.formats(), book.since_1904)
        book.package.parse(chosen.part, reader.start, reader.end, reader.text)
        cells = list(_as_texts(book, reader.read))
    except DAMAGED as error:
        raise StudioError(
            "The spreadsheet cannot be read; it may be damaged or protected.",
            cause="invalid",
            cure="Save it again, or as CSV.",
        ) from error
    rows = list(read_table(_with_merged(cells, reader.read.merged), wanted_by(wanted), told))
    if not rows:
        raise StudioError(
            f"The sheet {chosen.name!r} holds no prompts.",
            cause="invalid",
            cure="Write one prompt a row.",
        )
    _name_hidden(reader.read, rows, told)
    return rows, chosen.name


def sheet_names(data: bytes) -> list[str]:
    """Return the names of the spreadsheet's sheets; none where it cannot be read."""
    try:
        return [sheet.name for sheet in _Book(data).sheets]
    except (StudioError, *DAMAGED):
        return []


def _name_hidden(read: _Read, rows: list[SourceRow], notes: list[str]) -> None:
    hidden = sorted({row.line for row in rows}.intersection(read.hidden_lines))
    if hidden:
        shown = ", ".join(map(str, hidden[:5])) + (" …" if hidden[5:] else "")
        notes.append(f"Hidden rows of the sheet count too: {shown}.")
    if read.hidden_columns:
        notes.append("Hidden columns of the sheet count too.")


def _as_texts(book: _Book, read: _Read) -> Iterator[Cells]:
    shared = {value for row in read.rows for value in row.cells.values() if isinstance(value, int)}
    texts = book.texts(shared)
    read.rows.reverse()
    while read.rows:  # not all rows twice at the same time
        row = read.rows.pop()
        found = {
            column: text
            for column, value in row.cells.items()
            if (text := texts[value] if isinstance(value, int) else value)
        }
        problem = row.problem
        if any(len(text) > MAX_LINE_CHARACTERS for text in found.values()):
            problem = problem or Problem(
                "row", f"has more than {MAX_LINE_CHARACTERS:,} characters in a cell"
            )
        yield Cells(row.line, found, problem)


def _name(cell: _Cell) -> str:
    letters, number = "", cell.column
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{cell.line}"


def _with_merged(rows: list[Cells], merged: list[tuple[int, int, int, int]]) -> list[Cells]:
    """Give each row that a merge spans its value; where nothing else stands in the row, it stays
    empty.
    """
    tall = [area for area in merged if area[1] > area[0]]
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
                raise too_much("has too many merged cells")
    return rows
