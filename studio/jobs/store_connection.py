"""The queue's database connection: transactions, waiting for locks, space on a full disk."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from studio.core.translation import tr
from studio.jobs.store_rows import UNREADABLE
from studio.library.database import open_database

log = logging.getLogger(__name__)
LOCK_SECONDS = 60.0
"""How long a change by the queue waits for a database that another program has locked."""
START_LOCK_SECONDS = 5.0
"""The same at a start or for a short command, while the user waits."""
LOCK_POLL_MS = 500
MAX_PAST_RUNS = 2_000
"""Runs that estimates use; older ones are deleted."""


class StoreConnection:
    """One connection to the database of a data folder. Use it in one thread."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        ballast: Path | None = None,
        damaged_copy: Path | None = None,
        repaired_copy: Path | None = None,
    ) -> None:
        self._connection = connection
        self._ballast = ballast
        self.damaged_copy = damaged_copy
        """The copy of a damaged database, if this one is new because of it."""
        self.repaired_copy = repaired_copy
        """The copy of a database that lacked tables, which were created again."""
        self.lock_seconds = START_LOCK_SECONDS
        """How long a change waits for a database that another program has locked."""
        self.closing = threading.Event()
        """Set from any thread: changes no longer wait for a locked database."""
        connection.execute(f"PRAGMA busy_timeout = {LOCK_POLL_MS}")

    @classmethod
    def open(cls, path: Path, ballast: Path | None = None) -> Self:
        """Open or create the database. Raises StudioError.

        `ballast`: a file that is deleted to make room on a full disk.
        """
        damaged: list[Path] = []
        repaired: list[Path] = []
        connection = open_database(path, damaged.append, repaired.append)
        try:
            _tidy(connection)
        except sqlite3.OperationalError as error:  # locked, or the disk is full
            log.warning("old entries of the queue stay until the next start: %s", error)
        return cls(connection, ballast, next(iter(damaged), None), next(iter(repaired), None))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._begin()
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _begin(self) -> None:
        """Begin a transaction; wait while another program has locked the database."""
        deadline = time.monotonic() + self.lock_seconds
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or self.closing.is_set() or time.monotonic() > deadline:
                    raise

    def _with_ballast(self, write: Callable[[], None]) -> None:
        """Write; on a full disk, where SQLite refuses even an UPDATE, free the ballast first."""
        try:
            write()
        except sqlite3.OperationalError:
            if self._ballast is None or not self._ballast.is_file():
                raise
            self._ballast.unlink()
            write()


def reason_for(error: BaseException) -> str:
    """Return why the database refused a change, as part of a sentence for the user."""
    if isinstance(error, UnicodeEncodeError):
        return tr("the name of a file or folder is not valid UTF-8")
    known = {  # not translated: the keys are SQLite's messages
        "database or disk is full": tr("the disk is full"),
        "database is locked": tr("another program has locked the database"),
    }
    return known.get(str(error), str(error) or type(error).__name__)


def _tidy(connection: sqlite3.Connection) -> None:
    connection.execute(
        "DELETE FROM past_runs WHERE ended < "
        "(SELECT ended FROM past_runs ORDER BY ended DESC LIMIT 1 OFFSET ?)",
        (MAX_PAST_RUNS,),
    )
    # Rows of reported batches of which no row is listed that could be retried.
    connection.execute(
        "DELETE FROM jobs WHERE NOT listed AND batch IN ("
        "SELECT DISTINCT batch FROM jobs WHERE NOT listed "
        "EXCEPT SELECT DISTINCT batch FROM jobs WHERE listed) "
        "AND batch NOT IN (SELECT id FROM batches WHERE NOT finished)"
    )
    # A newer version may have written unreadable jobs, and this one may read them; `JobStore.jobs`
    # marks the others again.
    connection.execute(
        "UPDATE jobs SET state = substr(state, ?) WHERE state >= ? AND state < ?",
        (len(UNREADABLE) + 1, UNREADABLE, UNREADABLE[:-1] + ";"),
    )
