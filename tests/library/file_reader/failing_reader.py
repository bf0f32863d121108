"""A file reader that some file names end or hold up, as hostile files could."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from studio.library.file_reader import main as reader
from studio.library.items import NewItem

read_item, thumbnail_of_file = reader.read_item, reader.thumbnail_of_file


def fail(path: Path) -> None:
    if path.name.startswith("crash"):
        os.kill(os.getpid(), signal.SIGKILL)
    if path.name.startswith("hang"):
        time.sleep(3600)
    if path.name.startswith("garbage"):
        os.write(1, b"what a library prints is no message")
    if path.name.startswith("late crash"):  # the second time it is read
        mark = path.with_name("was read")
        if mark.exists():
            return
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def read(path: Path, **options) -> NewItem | None:
    fail(path)
    if path.name.startswith("liar"):
        return read_item(path.with_name("other.png"), **options)
    return read_item(path, **options)


def thumbnail(path: Path, media) -> bytes:
    fail(path)
    return thumbnail_of_file(path, media)


reader.read_item, reader.thumbnail_of_file = read, thumbnail
if __name__ == "__main__":
    sys.exit(reader.main())
