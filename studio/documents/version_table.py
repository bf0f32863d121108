"""The versions of documents in the SQLite file."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
import zlib

import msgspec

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.documents.origins import Stretches, with_length
from studio.documents.versions import Version, VersionInfo, VersionReason

MAX_VERSIONS = 500
"""Of a document; the oldest but the first are deleted."""
MAX_BYTES = 200 << 20
"""Of all versions of a document, compressed."""
_STRETCHES = msgspec.json.Decoder(Stretches)
_COLUMNS = "id, document, created, reason, job, characters"  # not translated: SQL


class VersionTable:
    """Adds, lists and reads versions. Threads may share it."""

    def __init__(self, connection: sqlite3.Connection, lock: threading.Lock) -> None:
        self._connection = connection
        self._lock = lock

    def add(
        self,
        document_id: str,
        text: str,
        origins: Stretches,
        reason: VersionReason,
        *,
        job: str = "",
    ) -> int:
        """Store a version and return its id; that of the last one if the text is the same."""
        data = text.encode()
        sha256 = hashlib.sha256(data).hexdigest()
        with self._lock:
            last = self._connection.execute(
                "SELECT id, sha256 FROM versions WHERE document = ? ORDER BY id DESC LIMIT 1",
                (document_id,),
            ).fetchone()
            if last is not None and last["sha256"] == sha256:
                return int(last["id"])
            body = zlib.compress(data, 6)
            added = self._connection.execute(
                "INSERT INTO versions (document, created, reason, job, sha256, characters, text,"
                " origins) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    document_id,
                    time.time(),
                    reason,
                    job,
                    sha256,
                    len(text),
                    body,
                    msgspec.json.encode(origins),
                ),
            )
            self._drop_oldest(document_id)
            return int(added.lastrowid or 0)

    def list(self, document_id: str) -> tuple[VersionInfo, ...]:
        """Return the versions of a document, the newest first."""
        with self._lock:
            rows = self._connection.execute(
                f"SELECT {_COLUMNS} FROM versions WHERE document = ? ORDER BY id DESC",
                (document_id,),
            ).fetchall()
        return tuple(VersionInfo(**dict(row)) for row in rows)

    def read(self, version_id: int) -> Version:
        """Return a version. Raises StudioError if it is gone or damaged."""
        with self._lock:
            row = self._connection.execute(
                f"SELECT {_COLUMNS}, text AS body, origins FROM versions WHERE id = ?",
                (version_id,),
            ).fetchone()
        if row is None:
            raise StudioError(tr("This version was deleted."), cure=tr("Choose another version."))
        values = dict(row)
        body, origins = values.pop("body"), values.pop("origins")
        try:
            text = zlib.decompress(body).decode()
            stretches = with_length(_STRETCHES.decode(origins), len(text))
        except (zlib.error, ValueError) as error:
            raise StudioError(
                tr("This version is damaged."), cure=tr("Choose another version.")
            ) from error
        return Version(info=VersionInfo(**values), text=text, origins=stretches)

    def _drop_oldest(self, document_id: str) -> None:
        sizes = self._connection.execute(
            "SELECT id, length(text) AS size FROM versions WHERE document = ? ORDER BY id DESC",
            (document_id,),
        ).fetchall()
        total = 0
        for number, row in enumerate(sizes):
            total += row["size"]
            is_first = number == len(sizes) - 1
            if number and not is_first and (number >= MAX_VERSIONS - 1 or total > MAX_BYTES):
                self._connection.execute("DELETE FROM versions WHERE id = ?", (row["id"],))
