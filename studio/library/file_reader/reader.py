"""What scans read files with: a reader in this process, or one that starts a child."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

import msgspec

from studio.core.file_names import is_utf8
from studio.library.file_reader.messages import FileToRead
from studio.library.items import NewItem

_BATCH = 50


class Unread(msgspec.Struct, frozen=True):
    """Reading a file ended what reads it, or took too long."""


ReadResult = NewItem | Unread | None
"""None for a file that is no item."""


class FileReader(Protocol):
    """Reads the items of files. Any thread may call it."""

    def read_all(self, files: Sequence[FileToRead]) -> list[ReadResult]:
        """Return what the library stores about each file; all None once the reader is closed."""
        ...


class InProcessReader:
    """Reads files in this process: for commands, and a few files at a time."""

    def read_all(self, files: Sequence[FileToRead]) -> list[ReadResult]:
        """Return what the library stores about each file."""
        from studio.library.read_item import read_item  # imports numpy

        return [
            read_item(Path(file.path), known=file.known, with_plain_texts=file.with_plain_texts)
            for file in files
        ]


def read_paths(
    paths: Iterable[Path], reader: FileReader | None, is_cancelled: Callable[[], bool]
) -> Iterator[list[NewItem]]:
    """Yield the items of files, texts without a recipe too, in pieces. By default reads them here.

    A file whose name the index cannot hold, or that cannot be read, is left out.
    """
    reader = reader or InProcessReader()
    names = filter(is_utf8, (str(path.absolute()) for path in paths))
    while not is_cancelled() and (chunk := list(islice(names, _BATCH))):
        found = reader.read_all(
            [FileToRead(name, _size_of(name), with_plain_texts=True) for name in chunk]
        )
        if items := [item for item in found if isinstance(item, NewItem)]:
            yield items


def _size_of(path: str) -> int:
    """Return a file's size in bytes; 0 for one that is gone."""
    with contextlib.suppress(OSError):
        return Path(path).stat().st_size
    return 0
