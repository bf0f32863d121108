"""Reads untrusted files: regular ones only, up to a limit."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from studio.core.translation import tr

if sys.platform == "win32":
    BINARY = os.O_BINARY
    CLOEXEC = NOFOLLOW = NONBLOCK = 0
else:
    BINARY = 0
    CLOEXEC, NOFOLLOW, NONBLOCK = os.O_CLOEXEC, os.O_NOFOLLOW, os.O_NONBLOCK
"""Flags of `os.open` that some systems lack; 0 on those."""

_FLAGS = os.O_RDONLY | BINARY | NONBLOCK | CLOEXEC


class IrregularFileError(OSError):
    """The path is a folder, pipe, device or socket, or the file exceeds the limit."""


def read_regular(path: Path, limit: int) -> bytes:
    """Return the content of a regular file of at most `limit` bytes, without waiting for a writer.

    Raises IrregularFileError, and OSError as `open` does.
    """
    # checked before opening too: opening a device can have an effect
    if not stat.S_ISREG(path.stat().st_mode):
        raise IrregularFileError(errno.EINVAL, tr("not a regular file"), str(path))
    descriptor = os.open(path, _FLAGS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise IrregularFileError(errno.EINVAL, tr("not a regular file"), str(path))
        if status.st_size > limit:
            raise IrregularFileError(
                errno.EFBIG, tr("larger than {limit:,} bytes", limit=limit), str(path)
            )
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(status.st_size + 1)  # `limit` bytes would all be allocated
            if len(content) > status.st_size:  # it grew in between
                content += file.read(limit + 1 - len(content))
    finally:
        os.close(descriptor)
    if len(content) > limit:
        raise IrregularFileError(
            errno.EFBIG, tr("larger than {limit:,} bytes", limit=limit), str(path)
        )
    return content


class HeaderError(ValueError):
    """The file is not of its declared format; the message names the reason."""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """Open a regular file and yield it with its size; raise HeaderError for anything else."""
    descriptor = os.open(path, _FLAGS)
    state = os.fstat(descriptor)
    if not stat.S_ISREG(state.st_mode):
        os.close(descriptor)
        raise HeaderError(tr("it is neither a file nor a folder"))
    with os.fdopen(descriptor, "rb") as file:
        yield file, state.st_size
