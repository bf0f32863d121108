"""What a fault of the library's index or of its disk means for a person, and what to do."""

from __future__ import annotations

import errno
import sqlite3

from studio.core.errors import FailureCause, StudioError
from studio.core.translation import tr


def is_damaged(error: Exception) -> bool:
    """Return True if the file of the index holds no whole index."""
    return sqlite_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_temporary(error: Exception) -> bool:
    """Return True if another program uses the index, so that the same works a moment later."""
    return sqlite_code(error) == sqlite3.SQLITE_BUSY or isinstance(error, TimeoutError)


def explain(error: Exception) -> StudioError:
    """Return what happened and what to do; errors for a person stay as they are."""
    if isinstance(error, StudioError):
        return error
    message, cure, cause = _explain(error)
    return StudioError(message, cause=cause, cure=cure)


def _explain(error: Exception) -> tuple[str, str, FailureCause]:
    code = sqlite_code(error)
    number = error.errno if isinstance(error, OSError) else 0
    if is_damaged(error):
        return (
            tr("The library's index is damaged."),
            tr('Choose "Build the index again" in the menu Add of the library. Nothing is lost.'),
            "disk",
        )
    if is_temporary(error):
        return tr("Another program uses the library."), tr("Studio tries again by itself."), "disk"
    if code == sqlite3.SQLITE_FULL or number in (errno.ENOSPC, errno.EDQUOT):
        return tr("The library's disk is full."), tr("Free some space, then try again."), "disk"
    if code == sqlite3.SQLITE_READONLY or number == errno.EROFS:
        return (
            tr("The library is read-only."),
            tr("Make the data folder writable, or choose another one with --data-dir."),
            "disk",
        )
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or error}.", tr("Check the disk, then try again."), "disk"
    if isinstance(error, sqlite3.Error):
        return (
            tr("The library's index: {error}.", error=error),
            tr("Check the disk, then try again."),
            "disk",
        )
    return str(error) or type(error).__name__, "", "unknown"


def sqlite_code(error: Exception) -> int:
    """Return SQLite's primary error code, 0 for other errors."""
    if not isinstance(error, sqlite3.Error):
        return 0
    try:
        return error.sqlite_errorcode & 0xFF
    except AttributeError:  # of the module, not of the database: a connection that is closed
        return 0
