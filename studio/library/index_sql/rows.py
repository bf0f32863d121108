"""Rows of the library's index: writes and reads single items inside a transaction."""

from __future__ import annotations

import sqlite3
import time
import zlib
from pathlib import Path
from typing import Any

from studio.library.index_sql.search import END, normalize
from studio.library.index_sql.transcripts import index_transcripts, recordings_of, update_words
from studio.library.items import (
    EXCERPT_CHARACTERS,
    MAX_BODY_CHARACTERS,
    Annotation,
    Item,
    NewItem,
)

COLUMNS = ", ".join(
    "texts.prompt AS prompt" if name == "prompt" else f"items.{name} AS {name}"
    for name in Item.__struct_fields__
)
"""Of an `Item`, from `items` joined with `texts`."""
_NEW_COLUMNS = tuple(
    name for name in NewItem.__struct_fields__ if name not in ("prompt", "body", "parents")
)
_BOOLEANS = ("partial", "favorite", "missing")


def store(connection: sqlite3.Connection, item: NewItem) -> int:
    """Add a file, or replace what is known about it; return its id."""
    row = connection.execute("SELECT id FROM items WHERE path = ?", (item.path,)).fetchone()
    item_id = row["id"] if row else _free_id(connection, _wanted_id(item))
    values = [getattr(item, name) for name in _NEW_COLUMNS]
    excerpt = " ".join(item.body[: 2 * EXCERPT_CHARACTERS].split())[:EXCERPT_CHARACTERS]
    names = ", ".join([*_NEW_COLUMNS, "excerpt", "id"])
    places = ", ".join("?" * (len(values) + 2))
    updates = ", ".join(f"{name} = excluded.{name}" for name in (*_NEW_COLUMNS, "excerpt"))
    connection.execute(
        f"INSERT INTO items ({names}) VALUES ({places}) "
        f"ON CONFLICT (id) DO UPDATE SET {updates}, missing = 0",
        (*values, excerpt, item_id),
    )
    texts = [
        indexed(item.prompt),
        indexed(item.body[:MAX_BODY_CHARACTERS]),
        indexed(item.model),
        indexed(Path(item.path).name),
    ]
    connection.execute(
        "INSERT INTO texts (id, prompt, body, model, name) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) "
        "DO UPDATE SET prompt = excluded.prompt, body = excluded.body, model = excluded.model, "
        "name = excluded.name",
        (item_id, *texts),
    )
    connection.execute("DELETE FROM parents WHERE item = ?", (item_id,))
    connection.executemany(
        "INSERT INTO parents VALUES (?, ?, ?)",
        ((item_id, role, sha256) for role, sha256 in item.parents.items()),
    )
    index_transcripts(connection, item)
    return int(item_id)


def _wanted_id(item: NewItem) -> int:
    """Return the time in microseconds.

    Thousands of files may have the time of the same second, so the content decides about the rest
    of it: a rebuilt index has the same ids, and no search for a free one is long.
    """
    wanted = max(1, round(item.created * 1e6))
    if wanted % 1_000_000 == 0:
        wanted += zlib.crc32((item.sha256 + item.path).encode()) % 1_000_000
    return wanted


def _free_id(connection: sqlite3.Connection, wanted: int) -> int:
    """Return the number, or the next free one after it."""
    row = connection.execute(
        # the first gap at or after it: short, because few items share a microsecond
        "WITH RECURSIVE taken (id) AS (SELECT ? UNION ALL SELECT taken.id + 1 FROM taken "
        "WHERE taken.id IN (SELECT items.id FROM items)) SELECT max(id) FROM taken",
        (wanted,),
    ).fetchone()
    return int(row[0])


def forget(connection: sqlite3.Connection, where: str, *values: Any) -> None:
    """Delete the items that match a condition, with everything about them."""
    recordings = recordings_of(connection, where, *values)
    rows = connection.execute(f"SELECT id FROM items WHERE {where}", values).fetchall()
    for row in rows:
        for table, column in (
            ("items", "id"),
            ("texts", "id"),
            ("tags", "item"),
            ("collected", "item"),
            ("parents", "item"),
        ):
            connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (row["id"],))
    for sha256 in recordings:
        update_words(connection, sha256)


def annotate(connection: sqlite3.Connection, item_id: int, annotation: Annotation) -> None:
    """Replace a person's notes about an item; do nothing if it is unknown."""
    changed = connection.execute(
        "UPDATE items SET rating = ?, favorite = ? WHERE id = ?",
        (annotation.rating, int(annotation.favorite), item_id),
    ).rowcount
    if not changed:
        return
    note = indexed(annotation.note) if annotation.note else ""
    connection.execute(
        "UPDATE texts SET note = ? WHERE id = ? AND note <> ?", (note, item_id, note)
    )
    connection.execute("DELETE FROM tags WHERE item = ?", (item_id,))
    connection.executemany(
        "INSERT OR IGNORE INTO tags VALUES (?, ?)", ((item_id, tag) for tag in annotation.tags)
    )
    connection.execute("DELETE FROM collected WHERE item = ?", (item_id,))
    for name in annotation.collections:
        add_collection(connection, name)
        connection.execute("INSERT OR IGNORE INTO collected VALUES (?, ?)", (name, item_id))


def add_collection(connection: sqlite3.Connection, name: str) -> None:
    """Create a collection, if it does not exist."""
    connection.execute("INSERT OR IGNORE INTO collections VALUES (?, ?)", (name, time.time()))


def indexed(text: str) -> str:
    """Return a text as the index stores it."""
    return f"{normalize(text)}{END}" if text else ""


def without_end(text: str) -> str:
    """Return a stored text as it was."""
    return text.removesuffix(END)


def to_item(row: sqlite3.Row) -> Item:
    """Return a row of `COLUMNS` as an item."""
    values = dict(row)
    values["prompt"] = without_end(values["prompt"])
    for name in _BOOLEANS:
        values[name] = bool(values[name])
    return Item(**values)
