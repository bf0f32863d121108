"""Text files that documents are read from and saved to."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Collection
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.file_lock import hold_folder
from studio.core.files import sha256_hex, write_whole
from studio.core.regular_file import read_regular
from studio.core.translation import tr
from studio.documents.document import MAX_CHARACTERS, DocumentFormat, clean_text
from studio.media.text_encoding import decode

MAX_BYTES = 4 * MAX_CHARACTERS
_MARKDOWN = (".md", ".markdown")
_PLAIN = (".txt", ".text", "")


class TextFile(msgspec.Struct, frozen=True):
    """The content of a text file."""

    text: str
    sha256: str
    """Of its bytes."""
    encoding: str = "utf-8"


def read_text_file(path: Path) -> TextFile:
    """Read a text file of any usual encoding. Raises StudioError."""
    try:
        data = read_regular(path, MAX_BYTES)
    except OSError as error:
        raise StudioError(
            tr("{name} cannot be read: {reason}.", name=path.name, reason=error.strerror or error),
            cause="disk",
            cure=tr("Check whether the file is a text and where it is."),
        ) from error
    encoding, text = _decode(data, path.name)
    return TextFile(clean_text(text), sha256_hex(data), encoding)


class FileChangedError(Exception):
    """The file that was to be replaced has a content that is not known."""

    def __init__(self, content: TextFile) -> None:
        super().__init__(content.sha256)
        self.content = content


def write_text_file(path: Path, text: str, known: Collection[str] | None = None) -> str:
    """Write a text as UTF-8, whole or not at all, and return the SHA-256.

    A file keeps its permissions, and a link stays a link. `known`: SHA-256 of the contents that
    may be replaced; None for any. Raises OSError, FileChangedError, and StudioError if the other
    content is no text.
    """
    target, data = Path(os.path.realpath(path)), text.encode()

    def prepare(part: Path) -> None:
        """Look at the file as late as possible: just before it is replaced."""
        if known is not None and file_sha256(target) not in ("", *known):
            content = read_text_file(target)
            if content.sha256 not in known:
                raise FileChangedError(content)
        with contextlib.suppress(OSError):  # a new file; a file system without permissions
            part.chmod(stat.S_IMODE(target.stat().st_mode))

    with hold_folder(target.parent):  # two programs of Studio save to the same file
        write_whole(target, data, replace=True, on_complete=prepare)
    return sha256_hex(data)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a text file; empty if it is missing. Raises OSError."""
    try:
        return sha256_hex(read_regular(path, MAX_BYTES))
    except FileNotFoundError:
        return ""


def format_of(path: Path) -> DocumentFormat:
    """Return the format of a document that is read from a file."""
    suffix = path.suffix.lower()
    if suffix in _MARKDOWN:
        return "md"
    return "txt" if suffix in _PLAIN else "code"


def _decode(data: bytes, name: str) -> tuple[str, str]:
    try:
        found = decode(data)
    except StudioError as error:
        raise StudioError(
            tr("{name} is not a text file, or its encoding is unknown.", name=name),
            cause="invalid",
            cure=tr("Save it as UTF-8, then open it again."),
        ) from error
    return found.encoding, found.text
