"""A lock for files that several programs write. The system releases it when a program dies."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from studio.core.regular_file import CLOEXEC, NOFOLLOW, NONBLOCK
from studio.core.translation import tr

WAIT_SECONDS = 5.0
_POLL_SECONDS = 0.01
_UNSUPPORTED = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


@contextlib.contextmanager
def hold(path: Path, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold the lock file `path`, which is created and stays. Threads exclude each other, too.

    Does nothing on a file system without locks (some network drives). Raises TimeoutError if
    another program keeps the lock, and OSError.
    """
    flags = os.O_RDWR | os.O_CREAT
    flags |= CLOEXEC | NOFOLLOW | NONBLOCK
    descriptor = os.open(path, flags, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        _acquire(descriptor, path, wait_seconds)
        yield
    finally:
        os.close(descriptor)  # also releases the lock


@contextlib.contextmanager
def hold_folder(folder: Path, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold a lock on a folder, without a file in it; other programs of Studio respect it.

    Does nothing on Windows, on a file system without locks, and if another program keeps the lock:
    a person's save does not depend on it.
    """
    if sys.platform == "win32":
        yield
        return
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):  # includes TimeoutError
            descriptor = os.open(folder, os.O_RDONLY | CLOEXEC)
            stack.callback(os.close, descriptor)
            _acquire(descriptor, folder, wait_seconds)
        yield


def _acquire(descriptor: int, path: Path, wait_seconds: float) -> None:
    end = time.monotonic() + wait_seconds
    while True:
        try:
            _try_lock(descriptor)
        except OSError as error:
            if error.errno in _UNSUPPORTED:
                return
            if error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                raise
        else:
            return
        if time.monotonic() >= end:
            raise TimeoutError(errno.ETIMEDOUT, tr("another program keeps it locked"), str(path))
        time.sleep(_POLL_SECONDS)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
