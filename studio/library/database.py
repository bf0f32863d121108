"""Opens, checks and migrates the SQLite file of jobs and artifacts, which change in one commit.

WAL with `synchronous=FULL`: an acknowledged commit survives a power cut, and takes 4 ms. One
connection writes; `open_read_only` reads while another program writes.
"""

from __future__ import annotations

import functools
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from studio.core.errors import StudioError
from studio.core.translation import tr

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        position INTEGER NOT NULL,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        batch TEXT NOT NULL,
        row INTEGER NOT NULL,
        crashes INTEGER NOT NULL,
        cancel_requested INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL,
        started REAL NOT NULL,
        ended REAL NOT NULL,
        request TEXT NOT NULL,
        folder TEXT NOT NULL,
        stem TEXT NOT NULL,
        failure TEXT
    ) STRICT;
    CREATE INDEX jobs_by_state ON jobs (state, position);
    CREATE INDEX jobs_by_batch ON jobs (batch, row) WHERE batch <> '';
    CREATE TABLE artifacts (
        path TEXT PRIMARY KEY,
        job_id TEXT NOT NULL,
        ordinal INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX artifacts_by_job ON artifacts (job_id, ordinal);
    CREATE TABLE batches (
        id TEXT PRIMARY KEY,
        body TEXT NOT NULL,
        finished INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    """,
    """
    ALTER TABLE jobs ADD COLUMN placed INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE jobs ADD COLUMN model TEXT NOT NULL DEFAULT '';
    UPDATE jobs SET model = coalesce(json_extract(request, '$.model'), '');
    CREATE TABLE past_runs (
        ended REAL NOT NULL,
        kind TEXT NOT NULL,
        model TEXT NOT NULL,
        work REAL NOT NULL,
        seconds REAL NOT NULL
    ) STRICT;
    CREATE INDEX past_runs_by_age ON past_runs (ended);
    """,
    # A batch's rows stay until its report is written, even if the user removed them from the list.
    # The other indexes serve the queries at every row: whether its batch is over, the next job of
    # the same model, and jobs that the user moved.
    """
    ALTER TABLE jobs ADD COLUMN listed INTEGER NOT NULL DEFAULT 1;
    CREATE INDEX jobs_unlisted ON jobs (batch) WHERE NOT listed;
    CREATE INDEX jobs_open_by_batch ON jobs (batch) WHERE state IN ('queued', 'running');
    CREATE INDEX jobs_waiting_by_model ON jobs (kind, model, position) WHERE state = 'queued';
    CREATE INDEX jobs_placed ON jobs (position) WHERE state = 'queued' AND placed;
    """,
    "ALTER TABLE jobs ADD COLUMN sources TEXT NOT NULL DEFAULT '';",
)
"""One script per schema version; `PRAGMA user_version` counts those that ran. Append only."""


def open_database(
    path: Path,
    on_damaged: Callable[[Path], None] = lambda _kept: None,
    on_repaired: Callable[[Path], None] = lambda _copy: None,
) -> sqlite3.Connection:
    """Open the database for writing, migrated to the newest schema.

    Renames a damaged file, starts a new one and passes the renamed path to `on_damaged`; artifacts
    stay on disk. Creates missing tables after a backup, whose path it passes to `on_repaired`.
    Raises StudioError if the file is from a newer Studio or another program, or cannot be opened or
    migrated.
    """
    check_is_file(path)
    try:
        connection = connect(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise unopened(path, error) from error
        on_damaged(set_aside(path))
        connection = connect(path)
    _migrate(connection, path, on_repaired)
    return connection


def open_read_only(path: Path) -> sqlite3.Connection:
    """Open the database for reading, also while another program writes.

    Raises FileNotFoundError if it is missing, and StudioError if it is not a file, or from a newer
    Studio or another program. Reading may raise sqlite3.Error; see `unopened`.
    """
    check_is_file(path)
    if not path.exists():
        raise FileNotFoundError(path)
    try:
        return _connect_read_only(path, "ro")
    except sqlite3.OperationalError:  # an interrupted transaction has to be rolled back first
        return _connect_read_only(path, "rw")


def _connect_read_only(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA query_only = 1")
        if connection.execute("PRAGMA user_version").fetchone()[0] > len(MIGRATIONS):
            raise newer(path)
        _true_version(_schema_of(connection), path)
    except BaseException:
        connection.close()
        raise
    return connection


def check_is_file(path: Path) -> None:
    """Raise StudioError if the database is a folder, FIFO or device, on which SQLite may hang."""
    for part in (path, *(path.with_name(path.name + suffix) for suffix in _SUFFIXES)):
        if os.path.lexists(part) and not part.is_file():
            cure = tr("Move it away, or choose another folder with --data-dir.")
            raise StudioError(
                tr("The queue cannot be opened: {path} is not a file.", path=part),
                cause="disk",
                cure=cure,
            )


_SUFFIXES = ("-wal", "-shm", "-journal")
"""Suffixes of SQLite's own files."""


def unopened(path: Path, error: sqlite3.Error) -> StudioError:
    """Return the StudioError for a database that cannot be opened or read."""
    if isinstance(error, sqlite3.OperationalError):
        return StudioError(
            tr("The queue's file {path} cannot be opened: {error}.", path=path, error=error),
            cause="disk",
            cure=tr("Check the folder's rights and free space."),
        )
    cure = tr("The next command that runs jobs renames it and starts a new queue.")
    return StudioError(
        tr("The queue's file {path} is damaged: {error}.", path=path, error=error),
        cause="disk",
        cure=cure,
    )


def connect(path: Path) -> sqlite3.Connection:
    """Open a database for one writer: WAL, synchronous. Raises sqlite3.DatabaseError if damaged."""
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("quick_check failed")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def set_aside(path: Path) -> Path:
    """Rename a damaged database with SQLite's own files next to it, and return its new path."""
    kept = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(kept.with_name(kept.name + suffix))
    return kept


def newer(path: Path) -> StudioError:
    """Return the error for a database that a newer Studio wrote."""
    return StudioError(
        tr("{path} was written by a newer Studio.", path=path),
        cause="invalid",
        cure=tr("Start that version, or use another --data-dir."),
    )


def _migrate(
    connection: sqlite3.Connection, path: Path, on_repaired: Callable[[Path], None]
) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    try:
        if version > len(MIGRATIONS):
            raise newer(path)
        version = _repair(connection, path, version, on_repaired)
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            if version:
                back_up(connection, path.with_name(f"{path.name}.before-{number}"))
            connection.executescript(
                f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;"
            )
    except StudioError:
        connection.close()
        raise
    except sqlite3.OperationalError as error:
        connection.close()  # rolls back the step that failed
        raise StudioError(
            tr("The queue's file {path} could not be migrated: {error}.", path=path, error=error),
            cause="disk",
            cure=tr("It is unchanged. Free some disk space and start again."),
        ) from error


class _Schema(NamedTuple):
    columns: dict[str, frozenset[str]]
    """Table → its columns."""
    scripts: dict[str, dict[str, str]]
    """Table → name → the statements that create it and its indexes."""


def _schema_of(connection: sqlite3.Connection) -> _Schema:
    columns: dict[str, set[str]] = {}
    rows = connection.execute(
        "SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c"
        " WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    )
    for table, column in rows:
        columns.setdefault(table, set()).add(column)
    scripts: dict[str, dict[str, str]] = {table: {} for table in columns}
    for name, table, script in connection.execute(
        "SELECT name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL"
    ):
        scripts.setdefault(table, {})[name] = script
    return _Schema({table: frozenset(names) for table, names in columns.items()}, scripts)


@functools.cache
def _schemas() -> tuple[_Schema, ...]:
    """Return the schema after each migration."""
    connection = sqlite3.connect(":memory:")
    found = []
    for script in MIGRATIONS:
        connection.executescript(script)
        found.append(_schema_of(connection))
    connection.close()
    return tuple(found)


def _repair(
    connection: sqlite3.Connection, path: Path, version: int, on_repaired: Callable[[Path], None]
) -> int:
    """Create missing tables and indexes and correct a wrong version; return the true version.

    Tables and columns determine the version, so that a wrong number does not lose the queue.
    """
    schema = _schema_of(connection)
    true = _true_version(schema, path)
    if not true:
        return 0
    expected = _schemas()[true - 1]
    tables = [table for table in expected.columns if table not in schema.columns]
    existing = {name for scripts in schema.scripts.values() for name in scripts}
    missing = [
        script
        for table in expected.scripts
        for name, script in expected.scripts[table].items()
        if name not in existing
    ]
    if tables:
        copy = path.with_name(f"{path.name}.before-repair-{time.strftime('%Y%m%d-%H%M%S')}")
        back_up(connection, copy)
        on_repaired(copy)
    if missing or true != version:
        connection.executescript(
            f"BEGIN IMMEDIATE; {'; '.join([*missing, ''])} PRAGMA user_version = {true}; COMMIT;"
        )
    return true


def _true_version(schema: _Schema, path: Path) -> int:
    if not schema.columns:
        return 0
    for number, expected in reversed(list(enumerate(_schemas(), start=1))):
        known = expected.columns.keys() & schema.columns.keys()
        if known and all(expected.columns[table] <= schema.columns[table] for table in known):
            return number
    raise StudioError(
        tr("{path} is not a queue of Studio.", path=path),
        cause="invalid",
        cure=tr("Move it away, or choose another folder with --data-dir."),
    )


def back_up(connection: sqlite3.Connection, path: Path) -> None:
    """Write a copy of a database that is open."""
    copy = sqlite3.connect(path)
    try:
        connection.backup(copy)
    finally:
        copy.close()
