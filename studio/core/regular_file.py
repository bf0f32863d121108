"""Reading a file that anybody may have put there: only a regular one, and only up to a size.
Imported before the first paint.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


class IrregularFileError(OSError):
    """The path leads to a folder, a pipe, a device or a socket, or to more bytes than the limit."""


def read_regular(path: Path, limit: int) -> bytes:
    """Return the content of a regular file of at most `limit` bytes; never wait for a writer.

    Raises IrregularFileError, and OSError as `open` does.
    """
    flags = (
        os.O_RDONLY
        | getattr(os, "O_NONBLOCK", 0)
        | getattr(os, "O_BINARY", 0)
        | getattr(os, "O_CLOEXEC", 0)
    )
    if not stat.S_ISREG(
        path.stat().st_mode
    ):  # before it is opened: opening a device can have an effect
        raise IrregularFileError(errno.EINVAL, "not a regular file", str(path))
    descriptor = os.open(path, flags)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise IrregularFileError(errno.EINVAL, "not a regular file", str(path))
        if status.st_size > limit:
            raise IrregularFileError(errno.EFBIG, f"larger than {limit:,} bytes", str(path))
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(limit + 1)
    finally:
        os.close(descriptor)
    if len(content) > limit:  # it grew meanwhile
        raise IrregularFileError(errno.EFBIG, f"larger than {limit:,} bytes", str(path))
    return content


class HeaderError(ValueError):
    """The file is not what it says; the message says why."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """Open a file and give it with its size. A device or a pipe, which may never end, is a
    HeaderError, and nothing waits.
    """
    flags = (
        os.O_RDONLY
        | getattr(os, "O_BINARY", 0)
        | getattr(os, "O_NONBLOCK", 0)
        | getattr(os, "O_CLOEXEC", 0)
    )
    descriptor = os.open(path, flags)
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode):
        os.close(descriptor)
        raise HeaderError("it is neither a file nor a folder")
    with os.fdopen(descriptor, "rb") as file:
        yield file, state.st_size
