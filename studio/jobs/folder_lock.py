"""The lock of a data folder: one program runs its queue."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from PySide6.QtCore import QLockFile, QSysInfo

from studio.core.errors import StudioError
from studio.core.paths import DataFolder
from studio.core.translation import tr


class FolderLock(NamedTuple):
    """The acquired lock."""

    lock: QLockFile
    unclean: bool
    """True if the previous program left its lock behind, because it was killed."""


def holder_of(data: DataFolder) -> int:
    """Return the process id of the program that runs this folder's queue, or 0."""
    if not data.lock.is_file():  # reading a FIFO would block for ever
        return 0
    process, host, _program = QLockFile(str(data.lock)).getLockInfo()
    if not process or (host and host != QSysInfo.machineHostName()):
        return int(process)  # no holder, or one on another computer, which cannot be checked
    import psutil  # 1.7 MB with subprocess; a start without an old lock does not need it

    try:
        return 0 if psutil.Process(process).status() == psutil.STATUS_ZOMBIE else int(process)
    except psutil.NoSuchProcess:
        return 0
    except psutil.AccessDenied:
        return int(process)


def acquire(data: DataFolder) -> FolderLock | None:
    """Lock the data folder, or return None if another program holds it.

    Takes over the lock of a dead program. Raises StudioError if the folder cannot be locked.
    """
    unclean = os.path.lexists(data.lock)
    data.create()
    if unclean and not data.lock.is_file():  # reading a FIFO would block for ever
        raise _unlockable(data, tr("it is not a file"))
    lock = QLockFile(str(data.lock))
    lock.setStaleLockTime(0)
    if lock.tryLock(100) or (_is_abandoned(lock, data) and _remove(data) and lock.tryLock(100)):
        return FolderLock(lock, unclean)
    if lock.error() is QLockFile.LockError.LockFailedError:
        return None
    raise _unlockable(
        data,
        tr("permission denied")
        if lock.error() is QLockFile.LockError.PermissionError
        else tr("the system refused it"),
    )


def _is_abandoned(lock: QLockFile, data: DataFolder) -> bool:
    """Return True if no program holds the lock, although its file exists.

    The file may be empty after a power cut, or name a process id that another program has now. The
    holder also locks it with `flock`, which ends with the process. Where `flock` is not available
    (Windows, another computer's lock), the file counts.
    """
    if sys.platform == "win32":
        return False
    import fcntl

    host = lock.getLockInfo()[1]  # process id, host, program
    if not host:
        if lock.tryLock(UNWRITTEN_MS):  # its creator has ended before writing it
            lock.unlock()
        host = lock.getLockInfo()[1]
    if host and host != QSysInfo.machineHostName():
        return False
    try:
        with data.lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


UNWRITTEN_MS = 500
"""The maximum time between creating the lock file and writing into it."""


def _remove(data: DataFolder) -> bool:
    try:
        data.lock.unlink()
    except OSError:
        return False
    return True


def _unlockable(data: DataFolder, why: str) -> StudioError:
    cure = tr("Remove it, or choose another folder with --data-dir.")
    return StudioError(
        tr("The lock file {lock} cannot be used: {why}.", lock=data.lock, why=why),
        cause="invalid",
        cure=cure,
    )
