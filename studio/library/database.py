"""The one SQLite file: opened, checked, migrated. Jobs and the library's index live in it, so that one commit settles both.

WAL with `synchronous=FULL`: a commit that was acknowledged survives a power cut (4 ms beside seconds of work). One connection
writes; `open_read_only` is for looking while another program writes.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from studio.core.errors import StudioError

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
    # A batch's rows stay until its report is written, also those that a person took from the list. The other indexes are for
    # what is asked at every row: whether its batch is over, which job of the same model is next, which one was placed by hand.
    """
    ALTER TABLE jobs ADD COLUMN listed INTEGER NOT NULL DEFAULT 1;
    CREATE INDEX jobs_unlisted ON jobs (batch) WHERE NOT listed;
    CREATE INDEX jobs_open_by_batch ON jobs (batch) WHERE state IN ('queued', 'running');
    CREATE INDEX jobs_waiting_by_model ON jobs (kind, model, position) WHERE state = 'queued';
    CREATE INDEX jobs_placed ON jobs (position) WHERE state = 'queued' AND placed;
    """,
)
"""One script a schema version, from empty; `PRAGMA user_version` counts how many have run. Append, never edit."""


def open_database(path: Path, on_damaged: Callable[[Path], None] = lambda _kept: None) -> sqlite3.Connection:
    """Open the database for writing, migrated to the newest schema.

    A damaged file is kept aside and a new one begun (artifacts stay on disk); `on_damaged` hears where it is kept. Raises
    StudioError when the file is from a newer Studio, or cannot be opened or migrated.
    """
    try:
        connection = _connect(path)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise StudioError(
                f"The queue's file {path} cannot be opened: {error}.",
                cause="disk",
                cure="Check the folder's rights and free space.",
            ) from error
        on_damaged(_keep_aside(path))
        connection = _connect(path)
    _migrate(connection, path)
    return connection


def open_read_only(path: Path) -> sqlite3.Connection:
    """Open the database for looking; works while another program writes. Raises sqlite3.OperationalError when it is not there."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    return connection


def _connect(path: Path) -> sqlite3.Connection:
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


def _keep_aside(path: Path) -> Path:
    kept = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(kept.with_name(kept.name + suffix))
    return kept


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        connection.close()
        raise StudioError(
            f"{path} was written by a newer Studio.", cause="invalid", cure="Start that version, or use another --data-dir."
        )
    try:
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            if version:
                _back_up(connection, path.with_name(f"{path.name}.before-{number}"))
            connection.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {number}; COMMIT;")
    except sqlite3.OperationalError as error:
        connection.close()  # rolls back the step that failed
        raise StudioError(
            f"The queue's file {path} could not be brought up to date: {error}.",
            cause="disk",
            cure="It is as it was. Make room in its folder, and start again.",
        ) from error


def _back_up(connection: sqlite3.Connection, path: Path) -> None:
    copy = sqlite3.connect(path)
    try:
        connection.backup(copy)
    finally:
        copy.close()
