"""Read the cells of a sheet from its XML, as the texts that a spreadsheet program shows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from studio.batch.source_row import MAX_LINE_CHARACTERS, check_count
from studio.batch.tables import number_format
from studio.batch.tables.cells import MAX_ABOVE
from studio.batch.tables.columns import clean
from studio.batch.tables.ooxml import Attributes
from studio.batch.tables.workbook import TextCollector
from studio.core.errors import Problem
from studio.core.translation import tr

MAX_MERGED = 100_000
"""Cells that take their value from a merged area."""
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
"""The limits of the format; a file may claim more."""
_PLACE = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})", re.ASCII)


@dataclass(slots=True)
class _Cell:
    """The cell being read. `kind` is its attribute t."""

    line: int
    column: int
    kind: str
    style: int
    value: str = ""
    has_formula: bool = False


@dataclass(slots=True)
class _Row:
    """A row: its cells by position from 0, as texts or numbers of shared strings."""

    line: int
    cells: dict[int, str | int] = field(default_factory=dict)
    problem: Problem | None = None


class MergedArea(NamedTuple):
    """The first and last line and the first and last column of a merge, counted from 1."""

    first_line: int
    last_line: int
    first_column: int
    last_column: int


@dataclass
class SheetData:
    """The contents of a sheet."""

    rows: list[_Row] = field(default_factory=list)
    merged: list[MergedArea] = field(default_factory=list)
    hidden_lines: list[int] = field(default_factory=list)
    hidden_columns: bool = False


class SheetReader(TextCollector):
    """Collects the non-empty cells of a sheet."""

    def __init__(self, formats: list[str], since_1904: bool) -> None:
        super().__init__()
        self.data = SheetData()
        self._formats = formats
        self._since_1904 = since_1904
        self._line = self._column = 0
        self._row: _Row | None = None
        self._cell: _Cell | None = None
        self._in_value = False

    def start(self, name: str, attributes: Attributes) -> None:
        """Handle the start of an element."""
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
            self.data.hidden_columns |= attributes.get("hidden") in ("1", "true")
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def _begin_row(self, attributes: Attributes) -> None:
        self._line = int(attributes.get("r", self._line + 1))
        self._row, self._column = _Row(self._line), 0
        if attributes.get("hidden") in ("1", "true"):
            self.data.hidden_lines.append(self._line)

    def _begin_cell(self, attributes: Attributes) -> None:
        place = _PLACE.fullmatch(attributes["r"]) if "r" in attributes else None
        self._column = _column(place[1]) if place else self._column + 1
        self._cell = _Cell(
            self._line, self._column, attributes.get("t", "n"), int(attributes.get("s", "0"))
        )

    def _merge(self, reference: str) -> None:
        first, _colon, last = reference.partition(":")
        one, other = _PLACE.fullmatch(first), _PLACE.fullmatch(last)
        if one and other and len(self.data.merged) < MAX_MERGED:
            self.data.merged.append(
                MergedArea(int(one[2]), int(other[2]), _column(one[1]), _column(other[1]))
            )

    def text(self, piece: str) -> None:
        """Handle text in an element."""
        if self._in_value:
            self._pieces.append(piece)
        else:
            super().text(piece)

    def end(self, name: str) -> None:
        """Handle the end of an element."""
        super().end(name)
        if name == "v":
            self._in_value = False
            if self._cell is not None:
                self._cell.value = self.pop_text()
        elif name == "c" and self._cell is not None:
            self._end_cell(self._cell)
            self._cell = None
        elif name == "row" and self._row is not None:
            if (self._row.cells or self._row.problem) and 0 < self._line <= _LAST_ROW:
                self.data.rows.append(self._row)
                check_count(len(self.data.rows) - MAX_ABOVE)
            self._row = None

    def _end_cell(self, cell: _Cell) -> None:
        assert self._row is not None
        if cell.kind == "inlineStr":
            cell.value = self.pop_text()
        if not (cell.value or cell.has_formula) or cell.column > _LAST_COLUMN:
            return
        if cell.kind == "s":
            self._row.cells[cell.column - 1] = int(cell.value)
            return
        error, text = self._error(cell), ""
        if not error:
            text = self._text(cell)
            if len(text) > MAX_LINE_CHARACTERS:
                error = tr(
                    "more than {maximum:,} characters in {cell}",
                    maximum=MAX_LINE_CHARACTERS,
                    cell=_name(cell),
                )
        if error:
            self._row.problem = self._row.problem or Problem(
                "row", tr("has {problem}", problem=error)
            )
        elif text:
            self._row.cells[cell.column - 1] = text

    def _error(self, cell: _Cell) -> str:
        if cell.has_formula and not cell.value and cell.kind != "str":
            return tr(
                "a formula in {cell} without a stored value; paste it as a value", cell=_name(cell)
            )
        return (
            tr("the error {error} in {cell}", error=cell.value[:20], cell=_name(cell))
            if cell.kind == "e"
            else ""
        )

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


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _name(cell: _Cell) -> str:
    letters, number = "", cell.column
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{cell.line}"
