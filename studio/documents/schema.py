"""Opens, checks and migrates the SQLite file of documents."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.documents.salvage import salvage
from studio.library.database import back_up, connect, newer, set_aside

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE documents (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        format TEXT NOT NULL,
        file TEXT NOT NULL DEFAULT '',
        file_sha256 TEXT NOT NULL DEFAULT '',
        source TEXT NOT NULL DEFAULT '',
        created REAL NOT NULL,
        changed REAL NOT NULL,
        trashed REAL NOT NULL DEFAULT 0,
        characters INTEGER NOT NULL,
        text TEXT NOT NULL,
        origins BLOB NOT NULL
    ) STRICT;
    CREATE INDEX documents_by_change ON documents (trashed, changed);
    CREATE TABLE changes (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        document TEXT NOT NULL,
        body BLOB NOT NULL,
        characters INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX changes_by_document ON changes (document, number);
    CREATE TABLE versions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        document TEXT NOT NULL,
        created REAL NOT NULL,
        reason TEXT NOT NULL,
        job TEXT NOT NULL DEFAULT '',
        sha256 TEXT NOT NULL,
        characters INTEGER NOT NULL,
        text BLOB NOT NULL,
        origins BLOB NOT NULL
    ) STRICT;
    CREATE INDEX versions_by_document ON versions (document, id);
    """,
    """
    CREATE TABLE chats (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        created REAL NOT NULL,
        changed REAL NOT NULL,
        trashed REAL NOT NULL DEFAULT 0,
        chosen BLOB NOT NULL
    ) STRICT;
    CREATE TABLE turns (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        chat TEXT NOT NULL,
        parent TEXT NOT NULL,
        role TEXT NOT NULL,
        text TEXT NOT NULL,
        job TEXT NOT NULL,
        finish TEXT NOT NULL
    ) STRICT;
    CREATE INDEX turns_by_chat ON turns (chat, number);
    """,
    "ALTER TABLE documents ADD COLUMN beginning TEXT NOT NULL DEFAULT '';",
    "CREATE INDEX turns_by_job ON turns (job) WHERE job <> '';",
    "CREATE TABLE pending (document TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;",
    """
    ALTER TABLE chats ADD COLUMN persona TEXT NOT NULL DEFAULT '';
    ALTER TABLE chats ADD COLUMN system_prompt TEXT NOT NULL DEFAULT '';
    """,
)
"""One script per schema version; `PRAGMA user_version` counts those that ran. Append only."""
_TABLES = {"documents", "changes", "versions"}


class OpenedFile(NamedTuple):
    """The file of documents, and what became of a damaged one."""

    connection: sqlite3.Connection
    set_aside: Path | None = None
    """Where a damaged file was moved to; None for an undamaged one."""
    salvaged: int = 0
    """Number of documents and chats that could be read in it, and are in the new file."""


def open_documents(path: Path) -> OpenedFile:
    """Open the file, migrated to the newest schema; a damaged one is replaced by a new one.

    Before a migration, a copy of the file is made next to it.

    Raises StudioError if the file is from a newer Studio or another program, or cannot be opened.
    """
    if path.exists() and not path.is_file():
        raise _unusable(tr("{path} is not a file.", path=path))
    kept = None
    try:
        connection = connect(path)
    except sqlite3.OperationalError as error:
        raise _unusable(
            tr("The documents in {path} cannot be opened: {error}.", path=path, error=error)
        ) from error
    except sqlite3.DatabaseError:
        kept = set_aside(path)
        connection = connect(path)
    connection.text_factory = _decode
    try:
        _migrate(connection, path)
    except sqlite3.OperationalError as error:
        connection.close()
        raise _unusable(
            tr("The documents in {path} cannot be opened: {error}.", path=path, error=error)
        ) from error
    except BaseException:
        connection.close()
        raise
    return OpenedFile(connection, kept, salvage(kept, connection) if kept else 0)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise newer(path)
    tables = {
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
    }
    if tables and (not version or not tables >= _TABLES):
        raise _unusable(tr("{path} does not hold documents of Studio.", path=path))
    if 0 < version < len(MIGRATIONS):
        back_up(connection, path.with_name(f"{path.name}.before-{version + 1}"))
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;"
        )


def _decode(body: bytes) -> str:
    """Decode damaged texts too, so that one title does not hide the others."""
    return body.decode("utf-8", "replace")


def _unusable(message: str) -> StudioError:
    return StudioError(
        message,
        cause="disk",
        cure=tr("Check the data folder, or choose another one with --data-dir."),
    )
