"""The cache of thumbnails, by content, in a file that can be deleted. Imports no numpy."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from studio.library.items import Media

MAX_CACHE_BYTES = 1 << 30
_TRIM_TO = 0.9
_TOUCH_SECONDS = 86_400
log = logging.getLogger(__name__)


class ThumbnailCache:
    """Thumbnails by the SHA-256 of their files. Any thread may call it, and several programs.

    A cache: it forgets the least recently used ones above its limit, and faults of its file are
    logged, never raised. `make`: what makes the thumbnail of a file, by default this process.
    """

    def __init__(
        self,
        path: Path,
        max_bytes: int = MAX_CACHE_BYTES,
        make: Callable[[Path, Media], bytes] | None = None,
    ) -> None:
        self._path = path
        self._make = make
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._logged = ""

    def get(self, sha256: str) -> bytes | None:
        """Return a thumbnail; None if it does not exist yet, empty if the file has none."""
        found: list[bytes] = []

        def read(connection: sqlite3.Connection) -> None:
            row = connection.execute(
                "SELECT data, used FROM thumbnails WHERE sha256 = ?", (sha256,)
            ).fetchone()
            if row is not None:
                found.append(row[0])
                if time.time() - row[1] > _TOUCH_SECONDS:
                    connection.execute(
                        "UPDATE thumbnails SET used = ? WHERE sha256 = ?", (time.time(), sha256)
                    )

        self._run(read)
        return found[0] if found else None

    def put(self, sha256: str, data: bytes) -> None:
        """Store a thumbnail."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT OR REPLACE INTO thumbnails VALUES (?, ?, ?)", (sha256, data, time.time())
            )
            self._trim(connection)

        self._run(write)

    def get_or_make(self, sha256: str, path: Path, media: Media) -> bytes:
        """Return a thumbnail, made from the file if necessary. Raises StudioError; see above."""
        data = self.get(sha256)
        if data is None:
            data = (self._make or _make_here)(path, media)
            self.put(sha256, data)
        return data

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _run(self, work: Callable[[sqlite3.Connection], None]) -> None:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = _open(self._path)
                work(self._connection)
            except (sqlite3.Error, OSError) as error:
                if str(error) != self._logged:  # the same for each of many thumbnails
                    self._logged = str(error)
                    log.warning("thumbnails: %s", error)
                if self._connection is not None:
                    self._connection.close()
                    self._connection = None
                if isinstance(error, sqlite3.DatabaseError) and not isinstance(
                    error, sqlite3.OperationalError
                ):
                    _delete(self._path)

    def _trim(self, connection: sqlite3.Connection) -> None:
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        excess = (pages - free) * size - self._max_bytes
        if excess <= 0:
            return
        excess += int((1 - _TRIM_TO) * self._max_bytes)
        for sha256, length in connection.execute(
            "SELECT sha256, length(data) + 128 FROM thumbnails ORDER BY used"
        ).fetchall():
            connection.execute("DELETE FROM thumbnails WHERE sha256 = ?", (sha256,))
            excess -= length
            if excess <= 0:
                break


def _make_here(path: Path, media: Media) -> bytes:
    from studio.library.thumbnails.make import thumbnail_of_file  # imports numpy

    return thumbnail_of_file(path, media)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=1)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")  # a cache
        connection.execute(
            "CREATE TABLE IF NOT EXISTS thumbnails "
            "(sha256 TEXT PRIMARY KEY, data BLOB NOT NULL, used REAL NOT NULL) STRICT"
        )
        connection.execute("CREATE INDEX IF NOT EXISTS thumbnails_by_use ON thumbnails (used)")
    except BaseException:
        connection.close()
        raise
    return connection


def _delete(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            path.with_name(path.name + suffix).unlink()
