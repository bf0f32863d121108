"""The parts of a workbook besides its sheets' cells: sheet names, shared strings, styles."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from operator import attrgetter

from studio.batch.tables import number_format
from studio.batch.tables.columns import clean
from studio.batch.tables.ooxml import Attributes, Package, too_much
from studio.core.errors import StudioError
from studio.core.translation import tr

MAX_STYLES = 70_000
"""More than any program writes."""
_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")


@dataclass
class _Sheet:
    name: str
    part: str
    hidden: bool


class Workbook:
    """A workbook: its sheets, shared strings and number formats."""

    def __init__(self, data: bytes) -> None:
        self.package = Package(data)
        top = dict(self.package.relations("").values())
        self._part = top.get("officeDocument", "xl/workbook.xml")
        self._relations = self.package.relations(self._part)
        self.since_1904 = False
        self.sheets: list[_Sheet] = []
        self.package.parse(self._part, self._start)

    def _start(self, name: str, attributes: Attributes) -> None:
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
        """Return the sheet of this name, or the first visible one. Raises StudioError."""
        if not self.sheets:
            raise StudioError(
                tr("The spreadsheet has no sheets."),
                cause="invalid",
                cure=tr("Save the table as CSV."),
            )
        found = next((sheet for sheet in self.sheets if sheet.name == wanted), None)
        if wanted and found is None:
            shown = ", ".join(repr(sheet.name[:40]) for sheet in self.sheets[:10])
            raise StudioError(
                tr("The spreadsheet has no sheet {sheet}.", sheet=repr(wanted[:40])),
                cause="invalid",
                cure=tr("It has: {names}.", names=shown),
            )
        return found or min(self.sheets, key=attrgetter("hidden"))

    def _part_of_type(self, kind: str) -> str:
        return next((part for other, part in self._relations.values() if other == kind), "")

    def texts(self, wanted: Collection[int]) -> dict[int, str]:
        """Return the shared strings with these numbers, cleaned."""
        part = self._part_of_type("sharedStrings")
        if not wanted or not self.package.has(part):
            return {}
        reader = _SharedStrings(wanted)
        self.package.parse(part, reader.start, reader.end, reader.text)
        return reader.found

    def formats(self) -> list[str]:
        """Return the number format of each style."""
        part = self._part_of_type("styles")
        reader = _Styles()
        if self.package.has(part):
            self.package.parse(part, reader.start, reader.end)
        return reader.codes()


class TextCollector:
    """Collects the text of <t> elements, except in <rPh>, which contains pronunciation."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._in_text = self._phonetic = False

    def start(self, name: str, _attributes: Attributes) -> None:
        """Handle the start of an element."""
        if name == "rPh":
            self._phonetic = True
        elif name == "t":
            self._in_text = not self._phonetic

    def end(self, name: str) -> None:
        """Handle the end of an element."""
        if name == "rPh":
            self._phonetic = False
        elif name == "t":
            self._in_text = False

    def text(self, piece: str) -> None:
        """Handle text in an element."""
        if self._in_text:
            self._pieces.append(piece)

    def pop_text(self) -> str:
        """Return the text collected so far, and start again."""
        text, self._pieces = "".join(self._pieces), []
        return unescape(text)


class _SharedStrings(TextCollector):
    def __init__(self, wanted: Collection[int]) -> None:
        super().__init__()
        self._wanted = wanted
        self._number = -1
        self._is_wanted = False
        self.found: dict[int, str] = {}

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "si":
            self._number += 1
            self._is_wanted = self._number in self._wanted
        elif self._is_wanted:
            super().start(name, attributes)

    def end(self, name: str) -> None:
        if name == "si" and self._is_wanted:
            self.found[self._number] = clean(self.pop_text())
        super().end(name)


class _Styles:
    def __init__(self) -> None:
        self._codes: dict[int, str] = {}
        self._of_style: list[int] = []
        self._inside = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "numFmt" and len(self._codes) < MAX_STYLES:
            self._codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "")[:200]
        elif name == "cellXfs":
            self._inside = True
        elif name == "xf" and self._inside:
            if len(self._of_style) >= MAX_STYLES:
                raise too_much(tr("has more than {maximum:,} styles", maximum=MAX_STYLES))
            self._of_style.append(int(attributes.get("numFmtId", "0")))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._inside = False

    def codes(self) -> list[str]:
        return [
            self._codes.get(number) or number_format.BUILT_IN.get(number, "")
            for number in self._of_style
        ]


def unescape(text: str) -> str:
    """Replace the format's escapes: `_x000D_` is a carriage return, `_x005F_` an underscore."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text
