"""A text of a model in a document about which the person has not decided yet."""

from __future__ import annotations

import sqlite3
import threading
from typing import Literal

import msgspec

from studio.core.errors import InvalidRequestError
from studio.core.requests import TextRequest
from studio.documents.origins import Stretches

Placement = Literal["continue", "replace", "above"]


class Pending(msgspec.Struct, frozen=True):
    """The text that a job wrote; who wrote what in the document shows where it is."""

    job: str
    """Id of the job."""
    before: str
    """What the text replaced; rejecting puts it back."""
    origins: Stretches
    """Of what the text replaced."""
    request: TextRequest | None = None
    """Of the job, to write another text; None if it is unknown."""
    placement: Placement = "replace"
    """Where the text stands in relation to what it was made of."""


class _WithoutRequest(msgspec.Struct, frozen=True):
    """What can be read of an undecided text whose request is of another version."""

    job: str
    before: str
    origins: Stretches


class PendingTable:
    """At most one undecided text for each document. Threads may share it."""

    def __init__(self, connection: sqlite3.Connection, lock: threading.Lock) -> None:
        self._connection = connection
        self._lock = lock

    def set(self, document_id: str, pending: Pending | None) -> None:
        """Store the text that is undecided; None: the person has decided."""
        with self._lock:
            if pending is None:
                self._connection.execute("DELETE FROM pending WHERE document = ?", (document_id,))
            else:
                self._connection.execute(
                    "INSERT OR REPLACE INTO pending (document, body) VALUES (?, ?)",
                    (document_id, msgspec.json.encode(pending)),
                )

    def get(self, document_id: str) -> Pending | None:
        """Return the text that is undecided, if there is one that can be read."""
        with self._lock:
            row = self._connection.execute(
                "SELECT body FROM pending WHERE document = ?", (document_id,)
            ).fetchone()
        return _read(row["body"]) if row is not None else None


def _read(body: bytes) -> Pending | None:
    try:
        return msgspec.json.decode(body, type=Pending)
    except (msgspec.DecodeError, InvalidRequestError):
        pass
    try:
        known = msgspec.json.decode(body, type=_WithoutRequest)
    except msgspec.DecodeError:
        return None
    return Pending(known.job, known.before, known.origins)


def written_part(origins: Stretches, job: str) -> tuple[int, int]:
    """Return where the text of a job begins and ends; (0, 0) if nothing of it is left."""
    start, end, place = -1, 0, 0
    for stretch in origins:
        if stretch.origin.kind == "model" and stretch.origin.job == job:
            start, end = place if start < 0 else start, place + stretch.length
        place += stretch.length
    return max(0, start), end
