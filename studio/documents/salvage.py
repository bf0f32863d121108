"""Copies what can be read of a damaged file of documents into a new one."""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from studio.documents.damage import read_stretches, read_text
from studio.documents.document import beginning_of, title_of

_TABLES = ("documents", "changes", "versions", "chats", "turns", "pending")


def salvage(damaged: Path, connection: sqlite3.Connection) -> int:
    """Copy every row that can be read, and return the number of documents and chats.

    A document that cannot be read is taken from its newest version.
    """
    try:
        source = sqlite3.connect(f"{damaged.as_uri()}?mode=ro", uri=True)
    except sqlite3.Error:
        return 0
    source.row_factory = sqlite3.Row
    source.text_factory = lambda body: body.decode("utf-8", "replace")
    try:
        connection.execute("BEGIN IMMEDIATE")
        for table in _TABLES:
            _copy(source, connection, table)
        _add_from_versions(connection)
        connection.execute("COMMIT")
    finally:
        source.close()
    found = connection.execute(
        "SELECT (SELECT count(*) FROM documents) + (SELECT count(*) FROM chats)"
    ).fetchone()
    return int(found[0])


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> None:
    known = [row["name"] for row in target.execute(f"PRAGMA table_info({table})")]
    try:
        columns = [
            row["name"]
            for row in source.execute(f"PRAGMA table_info({table})")
            if row["name"] in known
        ]
    except sqlite3.Error:
        return
    if not columns:
        return
    insertion = (
        f"INSERT OR IGNORE INTO {table} ({', '.join(columns)})"
        f" VALUES ({', '.join('?' * len(columns))})"
    )
    for is_backward in (False, True):  # from both sides up to a page that cannot be read
        for row in _rows(source, table, ", ".join(columns), is_backward=is_backward):
            with contextlib.suppress(sqlite3.IntegrityError):  # of a damaged type or number
                target.execute(insertion, tuple(row)[1:])


def _rows(
    source: sqlite3.Connection, table: str, columns: str, *, is_backward: bool
) -> Iterator[sqlite3.Row]:
    """Yield rows with their rowid first, skipping those that cannot be read."""
    sign, order, place = ("<", "DESC", 2**63 - 1) if is_backward else (">", "ASC", -(2**63))
    which = f"FROM {table} NOT INDEXED WHERE rowid {sign} ? ORDER BY rowid {order} LIMIT 1"
    while True:
        try:
            row = source.execute(f"SELECT rowid, {columns} {which}", (place,)).fetchone()
        except sqlite3.Error:
            row = None
            try:
                found = source.execute(f"SELECT rowid {which}", (place,)).fetchone()
            except sqlite3.Error:
                return
        else:
            found = row
        if found is None:
            return
        place = found[0]
        if row is not None:
            yield row


def _add_from_versions(connection: sqlite3.Connection) -> None:
    """Add documents that only versions are left of."""
    rows = connection.execute(
        "SELECT document, created, text, origins FROM versions"
        " WHERE document NOT IN (SELECT id FROM documents) ORDER BY id DESC"
    ).fetchall()
    added: set[str] = set()
    for row in rows:
        if row["document"] in added:
            continue
        try:
            text, _is_damaged = read_text(zlib.decompress(row["text"]))
        except zlib.error:
            continue
        added.add(row["document"])
        connection.execute(
            "INSERT INTO documents (id, title, format, created, changed, characters, text,"
            " origins, beginning) VALUES (?, ?, 'txt', ?, ?, ?, ?, ?, ?)",
            (
                row["document"],
                title_of(text),
                row["created"],
                row["created"],
                len(text),
                text,
                msgspec.json.encode(read_stretches(row["origins"], len(text))),
                beginning_of(text),
            ),
        )
        connection.execute("DELETE FROM changes WHERE document = ?", (row["document"],))
