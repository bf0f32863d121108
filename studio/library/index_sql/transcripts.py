"""Transcripts in the library's index: the words of a recording are found by searches for it.

A transcript is a text of its own, made from the file with the recording's hash. Its words are also
the body of every recording with that hash, whichever of the two the index got to know first.
"""

from __future__ import annotations

import sqlite3

from studio.library.items import NewItem

ROLE = "audio"
"""The field of a request that names the recording."""
KIND = "transcribe"
_MEDIA = ("audio", "video")
_NEWEST = (
    "SELECT items.id AS id, texts.body AS body FROM parents JOIN items ON items.id = parents.item "
    "JOIN texts ON texts.id = items.id WHERE parents.sha256 = ? AND parents.role = ? "
    "AND items.kind = ? AND NOT items.missing ORDER BY items.id DESC LIMIT 1"
)


def transcript_of(connection: sqlite3.Connection, sha256: str) -> int | None:
    """Return the id of the newest transcript of a recording, or None."""
    row = connection.execute(_NEWEST, (sha256, ROLE, KIND)).fetchone()
    return int(row["id"]) if row is not None else None


def index_transcripts(connection: sqlite3.Connection, item: NewItem) -> None:
    """Give recordings the words of their transcripts, after an item was stored."""
    if item.media in _MEDIA:
        update_words(connection, item.sha256)
    elif item.kind == KIND and ROLE in item.parents:
        update_words(connection, item.parents[ROLE])


def update_words(connection: sqlite3.Connection, sha256: str) -> None:
    """Make the body of recordings with this hash the words of the newest transcript, if any."""
    row = connection.execute(_NEWEST, (sha256, ROLE, KIND)).fetchone()
    body = row["body"] if row is not None else ""
    connection.execute(
        "UPDATE texts SET body = ? WHERE body <> ? AND id IN "
        "(SELECT id FROM items WHERE sha256 = ? AND media IN ('audio', 'video'))",
        (body, body, sha256),
    )


def recordings_of(connection: sqlite3.Connection, where: str, *values: object) -> list[str]:
    """Return the hashes of the recordings whose transcripts match a condition on `items`."""
    rows = connection.execute(
        f"SELECT sha256 FROM parents WHERE role = ? AND item IN "
        f"(SELECT id FROM items WHERE kind = ? AND {where})",
        (ROLE, KIND, *values),
    )
    return [row["sha256"] for row in rows]
