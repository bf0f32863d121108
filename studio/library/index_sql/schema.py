"""Opens the library's index: its own SQLite file, which can be rebuilt from the files alone.

The queue's database records artifacts in the commit that ends their job. This index follows it, so
a kill in between loses nothing: the next start reads what is missing.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path

SCHEMA_VERSION = 3
_BUSY_SECONDS = 10.0
_SCRIPT = """
CREATE TABLE items (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    media TEXT NOT NULL,
    kind TEXT NOT NULL,
    media_type TEXT NOT NULL,
    created REAL NOT NULL,
    model TEXT NOT NULL,
    excerpt TEXT NOT NULL,
    seed INTEGER,
    score REAL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    duration REAL NOT NULL,
    job_id TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    batch TEXT NOT NULL,
    program TEXT NOT NULL,
    partial INTEGER NOT NULL,
    rating INTEGER NOT NULL DEFAULT 0,
    favorite INTEGER NOT NULL DEFAULT 0,
    missing INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX items_by_hash ON items (sha256);
CREATE INDEX items_by_kind ON items (kind, id);
CREATE INDEX items_by_media ON items (media, id);
CREATE INDEX items_by_model ON items (model, id);
CREATE INDEX items_by_batch ON items (batch, id) WHERE batch <> '';
CREATE INDEX items_by_job ON items (job_id, ordinal) WHERE job_id <> '';
CREATE INDEX items_by_program ON items (program, id);
CREATE INDEX items_rated ON items (id, rating) WHERE rating > 0;
CREATE INDEX items_favorite ON items (id) WHERE favorite;
CREATE INDEX items_missing ON items (id) WHERE missing;

CREATE TABLE texts (
    id INTEGER PRIMARY KEY,
    prompt TEXT NOT NULL,
    body TEXT NOT NULL,
    model TEXT NOT NULL,
    name TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE VIRTUAL TABLE search USING fts5(
    prompt, body, model, name, note, content='texts', content_rowid='id', tokenize='trigram'
);
CREATE VIRTUAL TABLE terms USING fts5vocab(search, 'row');
CREATE TRIGGER texts_added AFTER INSERT ON texts BEGIN
    INSERT INTO search (rowid, prompt, body, model, name, note)
    VALUES (new.id, new.prompt, new.body, new.model, new.name, new.note);
END;
CREATE TRIGGER texts_removed AFTER DELETE ON texts BEGIN
    INSERT INTO search (search, rowid, prompt, body, model, name, note)
    VALUES ('delete', old.id, old.prompt, old.body, old.model, old.name, old.note);
END;
CREATE TRIGGER texts_changed AFTER UPDATE ON texts BEGIN
    INSERT INTO search (search, rowid, prompt, body, model, name, note)
    VALUES ('delete', old.id, old.prompt, old.body, old.model, old.name, old.note);
    INSERT INTO search (rowid, prompt, body, model, name, note)
    VALUES (new.id, new.prompt, new.body, new.model, new.name, new.note);
END;

CREATE TABLE tags (item INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (item, tag))
STRICT, WITHOUT ROWID;
CREATE INDEX tags_by_tag ON tags (tag, item);
CREATE TABLE collections (name TEXT PRIMARY KEY, created REAL NOT NULL) STRICT;
CREATE TABLE collected (
    collection TEXT NOT NULL, item INTEGER NOT NULL, PRIMARY KEY (collection, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX collected_by_item ON collected (item);
CREATE TABLE parents (
    item INTEGER NOT NULL, role TEXT NOT NULL, sha256 TEXT NOT NULL, PRIMARY KEY (item, role)
) STRICT, WITHOUT ROWID;
CREATE INDEX parents_by_hash ON parents (sha256, item);
CREATE TABLE saved_searches (name TEXT PRIMARY KEY, query TEXT NOT NULL) STRICT;
CREATE TABLE folders (path TEXT PRIMARY KEY, scanned REAL NOT NULL DEFAULT 0) STRICT;
CREATE TABLE no_items (path TEXT PRIMARY KEY, stamp TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE scanned (folder TEXT PRIMARY KEY, stamp TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE progress (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


def open_index(path: Path) -> sqlite3.Connection:
    """Open the index for writing; create it if it is missing, damaged or of another schema.

    Keeps a damaged file under another name. Several programs may write; each waits up to 10 s for
    the others. Raises sqlite3.OperationalError if it cannot be opened.
    """
    try:
        connection = _connect(path)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, SCHEMA_VERSION) or not _is_whole(connection, version):
            connection.close()
            raise sqlite3.DatabaseError("another schema")
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        keep_aside(path)
        connection = _connect(path)
    _create(connection)
    return connection


def open_index_read_only(path: Path) -> sqlite3.Connection:
    """Open an existing index for reading. Raises sqlite3.Error."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False, timeout=10
    )
    connection.row_factory = sqlite3.Row
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, check_same_thread=False, isolation_level=None, timeout=_BUSY_SECONDS
    )
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _is_whole(connection: sqlite3.Connection, version: int) -> bool:
    if version == 0:
        return True
    tables = {
        row["name"] for row in connection.execute("SELECT name FROM sqlite_schema").fetchall()
    }
    return {"items", "texts", "search", "tags", "collected", "parents", "progress"} <= tables


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")  # another program may create it at the same time
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            for statement in _statements(_SCRIPT):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        connection.close()
        raise


def _statements(script: str) -> list[str]:
    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements


def keep_aside(path: Path) -> None:
    """Give a damaged index another name."""
    kept = f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(path.with_name(kept + suffix))
