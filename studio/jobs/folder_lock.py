"""The data folder's lock: one program runs its queue. It is taken before the first paint, so
nothing else is imported here.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QLockFile, QSysInfo

from studio.core.paths import DataFolder

if TYPE_CHECKING:
    from studio.core.errors import StudioError


class FolderLock(NamedTuple):
    """The lock, taken."""

    lock: QLockFile
    unclean: bool
    """True where the program before this one did not end in order: it left its lock behind."""


def holder_of(data: DataFolder) -> int:
    """Return the process id of the program that runs this folder's queue; 0 where none does, or it
    is dead.
    """
    if not data.lock.is_file():  # reading a FIFO would wait forever
        return 0
    process, host, _program = QLockFile(str(data.lock)).getLockInfo()
    if not process or (host and host != QSysInfo.machineHostName()):
        return int(process)  # nobody; or another computer's, which cannot be asked
    import psutil  # the first paint can do without

    try:
        return 0 if psutil.Process(process).status() == psutil.STATUS_ZOMBIE else int(process)
    except psutil.NoSuchProcess:
        return 0
    except psutil.AccessDenied:
        return int(process)


def take(data: DataFolder) -> FolderLock | None:
    """Lock the data folder for this program; None where another one holds it. A lock whose program
    is dead is taken over.

    Raises StudioError where the folder cannot be locked at all.
    """
    unclean = os.path.lexists(data.lock)
    data.create()
    if unclean and not data.lock.is_file():  # reading a FIFO would wait for ever
        raise _unlockable(data, "it is not a file")
    lock = QLockFile(str(data.lock))
    lock.setStaleLockTime(0)
    if lock.tryLock(100) or (_is_abandoned(lock, data) and _remove(data) and lock.tryLock(100)):
        return FolderLock(lock, unclean)
    if lock.error() is QLockFile.LockError.LockFailedError:
        return None
    raise _unlockable(
        data,
        "permission denied"
        if lock.error() is QLockFile.LockError.PermissionError
        else "the system refused",
    )


def _is_abandoned(lock: QLockFile, data: DataFolder) -> bool:
    """True where no program holds the lock, although the file looks as if one did.

    It may be empty after a power cut, or name a process id that another program has since. Whoever
    holds it also has it locked with `flock`, which ends with the process; where that is not known
    (Windows, another computer's lock), the file counts.
    """
    if sys.platform == "win32":
        return False
    import fcntl

    host = lock.getLockInfo()[1]  # process id, host, program
    if not host:
        if lock.tryLock(UNWRITTEN_MS):  # another program was about to write it, and has ended
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
"""How long a program may take between making the lock file and writing into it."""


def _remove(data: DataFolder) -> bool:
    try:
        data.lock.unlink()
    except OSError:
        return False
    return True


def _unlockable(data: DataFolder, why: str) -> StudioError:
    from studio.core.errors import (
        StudioError,
    )  # imports msgspec, which is not needed before the first paint

    cure = "Remove it, or choose another folder with --data-dir."
    return StudioError(
        f"The lock file {data.lock} cannot be used: {why}.", cause="invalid", cure=cure
    )
