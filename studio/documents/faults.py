"""What a fault of the documents' file or its disk means for a person, and what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from studio.core.errors import StudioError
from studio.core.translation import tr, tr_plural
from studio.library.faults import sqlite_code


def explain(error: Exception, *, is_saving: bool = True) -> StudioError:
    """Return what happened and what to do; errors for a person stay as they are.

    `is_saving`: something was to be stored; else read.
    """
    if isinstance(error, StudioError):
        return error
    code = sqlite_code(error)
    if not is_saving:
        return _unread(error, code)
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


def _unread(error: Exception, code: int) -> StudioError:
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StudioError(
            tr("The documents cannot be read: another program uses them."),
            cause="disk",
            cure=tr("Try again in a moment."),
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StudioError(
            tr("A part of the documents cannot be read: their file is damaged."),
            cause="disk",
            cure=tr("Start Studio again: it reads what is left into a new file."),
        )
    return StudioError(
        tr("The documents cannot be read: {error}.", error=error),
        cause="disk",
        cure=tr("Check the data folder and its disk, then try again."),
    )


def moved_aside(path: Path, salvaged: int) -> str:
    """Return a sentence about a damaged file, with the number of documents that were read."""
    if not salvaged:
        return tr("The documents' file was damaged. It was moved to {path}.", path=path)
    return tr_plural(
        "The documents' file was damaged. One document could be read, maybe not whole. The "
        "damaged file was moved to {path}.",
        "The documents' file was damaged. {count:,} documents could be read, maybe not whole. The "
        "damaged file was moved to {path}.",
        salvaged,
        path=path,
    )
