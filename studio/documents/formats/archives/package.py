"""Read parts of an untrusted zip file within limits. Nothing is unpacked to the disk."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from pathlib import Path
from xml.etree.ElementTree import Element

from studio.core.translation import tr
from studio.documents.formats.archives.xml_tree import XmlError, parse_xml
from studio.documents.formats.faults import damaged, too_large, unreadable

MAX_PARTS = 10_000
MAX_PART_BYTES = 64 * 2**20
MAX_READ_BYTES = 256 * 2**20
"""Of all parts that are read, unpacked."""
_CENTRAL_ENTRY = b"PK\1\2"
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    IndexError,
    OverflowError,
    OSError,
    NotImplementedError,
    UnicodeError,
)
"""Errors of zipfile for damaged files and unusual compression."""


class Package:
    """A zip file in memory. Every method raises StudioError for damage and above a limit."""

    def __init__(self, path: Path, data: bytes) -> None:
        self.path = path
        self._left = MAX_READ_BYTES
        # zipfile creates an object for each entry before their number is known
        if data.count(_CENTRAL_ENTRY) > MAX_PARTS:
            raise too_large(path, tr("it has more than {limit:,} parts", limit=MAX_PARTS))
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _DAMAGED as error:
            raise damaged(path) from error
        self._parts = {part.filename: part for part in self._zip.infolist()}

    @property
    def names(self) -> list[str]:
        """The names of all parts, as they stand in the file."""
        return list(self._parts)

    def has(self, name: str) -> bool:
        """True if there is a part of this name."""
        return name in self._parts

    def read(self, name: str) -> bytes:
        """Return the content of a part; raises StudioError also if it is missing."""
        part = self._parts.get(name)
        if part is None:
            raise damaged(self.path)
        if part.flag_bits & 1:
            raise has_password(self.path)
        limit = min(MAX_PART_BYTES, self._left)
        # zipfile unpacks no more than the size that the entry states
        if part.file_size > limit:
            raise too_large(
                self.path,
                tr("its text unpacks to more than {limit} MB", limit=MAX_PART_BYTES // 2**20),
            )
        self._left -= part.file_size
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise damaged(self.path)  # other methods unpack without a limit
        try:
            return self._zip.read(part)
        except _DAMAGED as error:
            raise damaged(self.path) from error
        except RuntimeError as error:  # zipfile's error for a password
            raise has_password(self.path) from error

    def xml(self, name: str) -> Element:
        """Return the root element of a part; see `parse_xml`."""
        try:
            return parse_xml(self.read(name))
        except XmlError as error:
            if error.is_limit:
                raise too_large(
                    self.path, tr("it contains too many or too deep elements")
                ) from error
            raise damaged(self.path) from error

    def xml_or_empty(self, name: str) -> Element:
        """Return the root element of a part, or an element without content if it is missing."""
        return self.xml(name) if self.has(name) else Element("missing")


def resolve(folder: str, name: str) -> str:
    """Return the name of a part that a part in `folder` refers to; it may not exist."""
    return posixpath.normpath(posixpath.join("/", folder, name)).lstrip("/")


def has_password(path: Path) -> Exception:
    """Return the error for an encrypted file."""
    return unreadable(
        path,
        tr("it is protected with a password"),
        tr("Open it in another program, and save it without a password."),
    )
