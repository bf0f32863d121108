"""Read the parts of an untrusted .xlsx file, a zip of XML, as a stream within limits.

openpyxl builds every shared string, style and name that a file lists: 90 s and 800 MB for a file of
a few kilobytes. Here each part is parsed once, element by element, and the reader keeps only what
it needs.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Callable, Mapping
from xml.parsers import expat

from studio.core.errors import StudioError
from studio.core.translation import tr

MAX_PARTS = 5_000
MAX_UNPACKED_BYTES = 100 * 2**20
"""Of each part, by its zip entry and by its actual size."""
MAX_ELEMENTS = 3_000_000
"""In all parts: 100 000 rows of ten cells with a text each."""
MAX_FOREIGN = 100_000
"""Unknown elements, and attributes beyond the usual number."""
MAX_DEPTH = 32
_MAX_TOKEN_BYTES = 4 * 2**20
"""One tag with its attributes."""
_PIECE = 2**20
_CENTRAL_ENTRY = b"PK\1\2"
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    KeyError,
    ValueError,
    IndexError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    OSError,
)
"""Errors of zipfile, the XML parser and number conversions for damaged or encrypted files."""

Attributes = dict[str, str]
"""Attribute name → value of an XML element."""
Start = Callable[[str, Attributes], None]
End = Callable[[str], None]


def too_much(what: str) -> StudioError:
    """Return the error for a spreadsheet above a limit."""
    return StudioError(
        tr("The spreadsheet {problem}.", problem=what),
        cause="invalid",
        cure=tr("Save the sheet as CSV."),
    )


class Package:
    """An .xlsx file. Raises StudioError above a limit, and one of DAMAGED."""

    def __init__(self, data: bytes) -> None:
        # zipfile creates an object for each entry before their number is known.
        if data.count(_CENTRAL_ENTRY) > MAX_PARTS:
            raise too_much(tr("has more than {maximum:,} parts", maximum=MAX_PARTS))
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        self._parts = {part.filename.lower().lstrip("/"): part for part in self._zip.infolist()}
        self._elements = 0
        self._foreign = 0

    def has(self, name: str) -> bool:
        """Return True if the part exists."""
        return name.lower() in self._parts

    def parse(
        self,
        name: str,
        start: Start,
        end: End | None = None,
        text: Callable[[str], None] | None = None,
    ) -> None:
        """Call the handlers for a part's elements, named without namespace. Raises KeyError."""
        part = self._parts[name.lower()]
        if part.file_size > MAX_UNPACKED_BYTES:
            raise too_much(tr("is too large unpacked"))
        # Other methods unpack without a size limit.
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise NotImplementedError
        parser = _Parser(self._count, start, end, text)
        size = 0
        with self._zip.open(part) as file:
            while piece := file.read(_PIECE):
                size += len(piece)
                if size > MAX_UNPACKED_BYTES:
                    raise too_much(tr("is too large unpacked"))
                parser.feed(piece)
        parser.close()

    def _count(self, foreign: int) -> None:
        self._elements += 1
        self._foreign += foreign
        if self._elements > MAX_ELEMENTS or self._foreign > MAX_FOREIGN:
            raise too_much(tr("has too many elements"))

    def relations(self, name: str) -> dict[str, tuple[str, str]]:
        """Return a part's relations: id → (last word of the type, name of the related part)."""
        folder, _slash, file = name.rpartition("/")
        found: dict[str, tuple[str, str]] = {}

        def start(element: str, attributes: Mapping[str, str]) -> None:
            if element == "Relationship" and attributes.get("TargetMode") != "External":
                target = posixpath.normpath(
                    posixpath.join("/", folder, attributes["Target"])
                ).lstrip("/")
                found[attributes["Id"]] = (attributes["Type"].rpartition("/")[2], target)

        relations = posixpath.join(folder, "_rels", f"{file}.rels")
        if self.has(relations):
            self.parse(relations, start)
        return found


_KNOWN = frozenset(
    {
        "row",
        "c",
        "v",
        "f",
        "is",
        "t",
        "r",
        "rPr",
        "rPh",
        "phoneticPr",
        "sz",
        "rFont",
        "color",
        "family",
        "scheme",
        "charset",
        "b",
        "i",
        "u",
        "strike",
        "vertAlign",
        "si",
        "sst",
        "xf",
        "alignment",
        "protection",
        "mergeCell",
        "col",
        "worksheet",
        "sheetData",
        "sheetView",
        "definedName",
        "dxf",
        "font",
        "fill",
        "border",
        "cellStyle",
    }
)
_MAX_ATTRIBUTES = 24


class _Parser:
    """expat with limits; refuses document types, in which exploding entities are defined."""

    def __init__(
        self,
        count: Callable[[int], None],
        start: Start,
        end: End | None,
        text: Callable[[str], None] | None,
    ) -> None:
        parser = self._expat = expat.ParserCreate(namespace_separator=" ", intern=None)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        depth = 0

        def open_element(name: str, attributes: Attributes) -> None:
            nonlocal depth
            depth += 1
            name = name.rpartition(" ")[2]
            foreign = (name not in _KNOWN) + (len(attributes) - 3 if len(attributes) > 3 else 0)
            count(foreign)
            if depth > MAX_DEPTH or len(attributes) > _MAX_ATTRIBUTES:
                raise too_much(
                    tr("is nested too deeply")
                    if depth > MAX_DEPTH
                    else tr("has an element with too many attributes")
                )
            start(name, attributes)

        def close_element(name: str) -> None:
            nonlocal depth
            depth -= 1
            if end is not None:
                end(name.rpartition(" ")[2])

        parser.StartElementHandler = open_element
        parser.EndElementHandler = close_element
        if text is not None:
            parser.CharacterDataHandler = text
        self._fed = 0

    def _refuse(self, *_args: object) -> None:
        raise too_much(tr("defines a document type, which valid spreadsheets do not"))

    def feed(self, piece: bytes) -> None:
        self._expat.Parse(piece, False)
        self._fed += len(piece)
        if self._fed - max(self._expat.CurrentByteIndex, 0) > _MAX_TOKEN_BYTES:
            raise too_much(tr("has a tag that is too long"))

    def close(self) -> None:
        self._expat.Parse(b"", True)
