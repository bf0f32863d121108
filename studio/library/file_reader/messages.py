"""Messages between a program and its file reader, and how they are framed in a pipe.

A frame of the pipe is the length of a message, then a msgpack struct.
"""

from __future__ import annotations

import struct
from typing import IO

import msgspec

from studio.library.items import KnownContent, Media, NewItem
from studio.media.child_process import read_exactly

MAX_MESSAGE_BYTES = 64 << 20
_LENGTH = struct.Struct("<I")


class GarbledError(Exception):
    """The bytes of the pipe are not a message, or not the one that is due."""


class FileToRead(msgspec.Struct, frozen=True):
    """A file whose item is wanted."""

    path: str
    """Absolute, valid UTF-8."""
    size: int = 0
    """In bytes, for the time that reading may take."""
    with_plain_texts: bool = False
    """True to accept a text without a recipe."""
    known: KnownContent | None = None
    """Set for a file of a job: saves hashing it."""


class ReadFiles(msgspec.Struct, frozen=True, tag=True):
    """Send `FilesRead`, one or more, for these files in their order."""

    files: tuple[FileToRead, ...]


class MakeThumbnail(msgspec.Struct, frozen=True, tag=True):
    """Send `ThumbnailMade` or `Refused` for a file."""

    path: str
    media: Media


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The reader works; sent once, first."""


class FilesRead(msgspec.Struct, frozen=True, tag=True):
    """The items of the next files; None for a file that is no item."""

    items: tuple[NewItem | None, ...]


class ThumbnailMade(msgspec.Struct, frozen=True, tag=True):
    """The thumbnail of a file; see `library/thumbnails/make.py`."""

    data: bytes


class Refused(msgspec.Struct, frozen=True, tag=True):
    """A file has no thumbnail, and why."""

    message: str
    cure: str = ""


ToReader = ReadFiles | MakeThumbnail
FromReader = Ready | FilesRead | ThumbnailMade | Refused


def pack(message: ToReader | FromReader) -> bytes:
    """Return a message for the pipe."""
    encoded = msgspec.msgpack.encode(message)
    return _LENGTH.pack(len(encoded)) + encoded


def read_message(pipe: IO[bytes]) -> bytearray | None:
    """Return the next message, still encoded; None at the end. Raises GarbledError."""
    length = read_exactly(pipe, _LENGTH.size)
    if not length:
        return None
    if len(length) < _LENGTH.size:
        raise GarbledError("a message is cut off")  # not translated: a fault of the program
    (size,) = _LENGTH.unpack(length)
    if size > MAX_MESSAGE_BYTES:
        raise GarbledError(f"a message of {size} bytes")
    message = read_exactly(pipe, size)
    if len(message) < size:
        raise GarbledError("a message is cut off")  # not translated: a fault of the program
    return message
