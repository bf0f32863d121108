"""The data folder's lock: one program runs its queue. It is taken before the first paint, so nothing else is imported here."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QLockFile

from studio.core.paths import DataFolder


class Hold(NamedTuple):
    """The lock, taken."""

    lock: QLockFile
    unclean: bool
    """True where the program before this one did not end in order: it left its lock behind."""


def take(data: DataFolder) -> Hold | None:
    """Lock the data folder for this program; None where another one holds it. A lock whose program is dead is taken over."""
    unclean = data.lock.exists()
    data.create()
    lock = QLockFile(str(data.lock))
    lock.setStaleLockTime(0)
    return Hold(lock, unclean) if lock.tryLock(100) else None
