"""Reads the texts in XMP packets (ISO 16684-1). Entities and document types are refused."""

from __future__ import annotations

from xml.parsers import expat

from studio.media.image_texts.collector import (
    MAX_TEXT_BYTES,
    XMP_CREATOR_TOOL,
    XMP_DESCRIPTION,
    XMP_USER_COMMENT,
    TextCollector,
)

_PROPERTIES = {
    "dc:description": XMP_DESCRIPTION,
    "exif:UserComment": XMP_USER_COMMENT,
    "xmp:CreatorTool": XMP_CREATOR_TOOL,
}
_MAX_DEPTH = 64


class _RefusedError(ValueError):
    """The packet has a document type or is nested too deeply."""


class _Reader:
    """Collects the text inside the elements, and attributes, of the properties."""

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {}
        self._path: list[str] = []
        self._property = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Enter an element."""
        if len(self._path) >= _MAX_DEPTH:
            raise _RefusedError
        self._path.append(name)
        if name in _PROPERTIES:
            self._property = name
        for key, value in attributes.items():
            if key in _PROPERTIES:
                self.texts.setdefault(key, []).append(value)

    def end(self, _name: str) -> None:
        """Leave an element."""
        if self._path.pop() == self._property:
            self._property = ""

    def text(self, data: str) -> None:
        """Keep the text of a property."""
        if self._property:
            self.texts.setdefault(self._property, []).append(data)

    def refuse(self, *_arguments: object) -> None:
        """Refuse a document type, which could define entities."""
        raise _RefusedError


def read_xmp(data: bytes, found: TextCollector) -> None:
    """Collect description, comment and creator of a packet; nothing if it is not well-formed."""
    if not found.fits("XMP", min(len(data), MAX_TEXT_BYTES + 1)):
        return
    reader = _Reader()
    # Prefixes are not resolved: some programs declare them wrongly, all use the usual ones.
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.buffer_text = True
    try:
        parser.Parse(data.strip(b"\0 \t\r\n"), True)
    except (expat.ExpatError, _RefusedError, UnicodeError, LookupError):
        return
    for name, parts in reader.texts.items():
        found.add(_PROPERTIES[name], "".join(parts).strip())
