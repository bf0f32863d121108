"""Parse untrusted XML into elements: no entities, no document types with content, with limits."""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

MAX_ELEMENTS = 3_000_000
MAX_DEPTH = 200
_PIECE = 2**20
_MAX_TOKEN_BYTES = 8 * 2**20
"""One tag with its attributes."""
_W3C = "http://www.w3.org/"
_OOXML = "http://schemas.openxmlformats.org/"
_STRICT = "http://purl.oclc.org/ooxml/"
_ODF = "urn:oasis:names:tc:opendocument:xmlns:"
PREFIXES = {
    f"{_OOXML}wordprocessingml/2006/main": "w",
    f"{_STRICT}wordprocessingml/main": "w",
    f"{_OOXML}officeDocument/2006/relationships": "r",
    f"{_STRICT}officeDocument/relationships": "r",
    f"{_OOXML}officeDocument/2006/math": "m",
    f"{_STRICT}officeDocument/math": "m",
    f"{_OOXML}markup-compatibility/2006": "mc",
    f"{_OOXML}package/2006/relationships": "rel",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://www.idpf.org/2007/opf": "opf",
    "urn:oasis:names:tc:opendocument:xmlns:container": "container",
    f"{_W3C}1999/xlink": "xlink",
    f"{_W3C}XML/1998/namespace": "xml",
    f"{_W3C}2001/04/xmlenc#": "enc",
    f"{_ODF}xsl-fo-compatible:1.0": "fo",
    f"{_ODF}drawing:1.0": "draw",
    **{
        f"{_ODF}{name}:1.0": name
        for name in ("office", "text", "table", "style", "meta", "manifest")
    },
}
"""Namespace → the prefix that names have here; those of other namespaces get none."""


Attributes = dict[str, str]
"""Name → value."""


class XmlError(Exception):
    """The text is not well-formed, defines entities, or exceeds a limit."""

    def __init__(self, *, is_limit: bool = False) -> None:
        super().__init__()
        self.is_limit = is_limit


def parse_xml(data: bytes) -> Element:
    """Return the root element; names look like `w:p`, see PREFIXES. Raises XmlError."""
    parser = _Parser()
    try:
        return parser.parse(data)
    except (expat.ExpatError, AssertionError, ValueError, LookupError) as error:
        raise XmlError from error


def find_path(parent: Element, *tags: str) -> Element | None:
    """Return the first element at a path of tags; `Element.find` takes no prefixes in a path."""
    found: Element | None = parent
    for tag in tags:
        found = found.find(tag) if found is not None else None
    return found


class _Parser:
    def __init__(self) -> None:
        self._tree = TreeBuilder()
        self._names: dict[str, str] = {}
        self._count = self._depth = 0
        parser = self._expat = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._tree.data
        parser.StartDoctypeDeclHandler = self._check_doctype
        parser.EntityDeclHandler = self._refuse_entity

    def parse(self, data: bytes) -> Element:
        for start in range(0, len(data), _PIECE):
            piece = data[start : start + _PIECE]
            self._expat.Parse(piece, False)
            if start + len(piece) - max(self._expat.CurrentByteIndex, 0) > _MAX_TOKEN_BYTES:
                raise XmlError(is_limit=True)
        self._expat.Parse(b"", True)
        return self._tree.close()

    def _start(self, name: str, attributes: Attributes) -> None:
        self._count += 1
        self._depth += 1
        if self._count > MAX_ELEMENTS or self._depth > MAX_DEPTH:
            raise XmlError(is_limit=True)
        self._tree.start(
            self._short(name), {self._short(key): value for key, value in attributes.items()}
        )

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._tree.end(self._short(name))

    def _short(self, name: str) -> str:
        found = self._names.get(name)
        if found is None:
            space, _blank, local = name.rpartition(" ")
            prefix = PREFIXES.get(space)
            found = self._names[name] = f"{prefix}:{local}" if prefix else local
        return found

    def _check_doctype(
        self, _name: str, _system: str | None, _public: str | None, has_subset: bool
    ) -> None:
        if has_subset:
            raise XmlError

    def _refuse_entity(self, *_arguments: object) -> None:
        raise XmlError
