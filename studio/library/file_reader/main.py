"""Main program of the file reader: `python -m studio.library.file_reader.main`.

Reads `ToReader` from standard input and writes `FromReader` to standard output. Ends when its input
ends.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.library.file_reader.messages import (
    FilesRead,
    FileToRead,
    FromReader,
    GarbledError,
    MakeThumbnail,
    ReadFiles,
    Ready,
    Refused,
    ThumbnailMade,
    ToReader,
    pack,
    read_message,
)
from studio.library.items import NewItem
from studio.library.read_item import read_item
from studio.library.thumbnails.make import thumbnail_of_file
from studio.media.child_process import give_way, limit_memory, take_output, write_all

_CHARACTERS = 1_000_000
"""Of texts in one answer, roughly."""
Send = Callable[[FromReader], None]


def main() -> int:
    """Serve until the input ends."""
    limit_memory()
    give_way()
    descriptor = take_output()

    def send(message: FromReader) -> None:
        try:
            write_all(descriptor, pack(message))
        except OSError:  # the program is gone
            os._exit(0)

    decoder: Any = msgspec.msgpack.Decoder(ToReader)
    send(Ready())
    try:
        while (encoded := read_message(sys.stdin.buffer)) is not None:
            message = decoder.decode(encoded)
            if isinstance(message, MakeThumbnail):
                send(_thumbnail(message))
            else:
                _read_files(message, send)
    except (OSError, GarbledError, msgspec.DecodeError) as error:
        print(f"message from the window: {error}", file=sys.stderr)  # noqa: T201  its log
        return 1
    return 0


def _read_files(message: ReadFiles, send: Send) -> None:
    items: list[NewItem | None] = []
    characters = 0
    for file in message.files:
        item = _item_of(file)
        items.append(item)
        characters += len(item.body) + len(item.prompt) if item is not None else 0
        if characters > _CHARACTERS:
            send(FilesRead(tuple(items)))
            items, characters = [], 0
    if items:
        send(FilesRead(tuple(items)))


def _item_of(file: FileToRead) -> NewItem | None:
    return read_item(Path(file.path), known=file.known, with_plain_texts=file.with_plain_texts)


def _thumbnail(message: MakeThumbnail) -> FromReader:
    path = Path(message.path)
    try:
        return ThumbnailMade(thumbnail_of_file(path, message.media))
    except StudioError as error:
        return Refused(error.message, error.cure)
    except MemoryError:
        return Refused(tr("{name} cannot be read: it takes too much memory.", name=path.name))


if __name__ == "__main__":
    sys.exit(main())
