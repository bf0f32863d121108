"""What a fault of the documents' file or its disk means for a person, and what to do."""

from __future__ import annotations

import sqlite3

from studio.core.errors import StudioError
from studio.core.translation import tr


def explain(error: Exception) -> StudioError:
    """Return what happened and what to do; errors for a person stay as they are."""
    if isinstance(error, StudioError):
        return error
    code = error.sqlite_errorcode & 0xFF if isinstance(error, sqlite3.OperationalError) else 0
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return StudioError(
            tr("The document cannot be saved: the disk is full or does not respond."),
            cause="disk",
            cure=tr("Free some space. Your text stays in the window, and Studio tries again."),
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StudioError(
            tr("The document cannot be saved: another program uses the documents."),
            cause="disk",
            cure=tr("Your text stays in the window, and Studio tries again."),
        )
    return StudioError(
        tr("The document cannot be saved: {error}.", error=error),
        cause="disk",
        cure=tr("Your text stays in the window. Copy it, or save it to a file."),
    )
