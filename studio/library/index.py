"""The library's index: every artifact of every kind, searchable, with a person's notes about it."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from studio.core.files import is_gone
from studio.library.index_sql.rows import (
    COLUMNS,
    add_collection,
    annotate,
    forget,
    indexed,
    store,
    to_item,
    without_end,
)
from studio.library.index_sql.schema import open_index
from studio.library.index_sql.search import conditions
from studio.library.index_sql.transcripts import recordings_of, transcript_of, update_words
from studio.library.items import EVERYTHING, Annotation, Item, NewItem, Query

_CHUNK = 500


class LibraryIndex:
    """The index of one data folder. Any thread may call it; each call is one transaction.

    Several programs may have it open. Raises sqlite3.Error if the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._write_connection = open_index(path)
        self._read_connection = open_index(path)
        self._version = self._data_version()
        self._identity = _identity(path)
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()

    def close(self) -> None:
        """Close the file."""
        with self._write_lock, self._read_lock:
            self._write_connection.close()
            self._read_connection.close()

    def replace_content(self, path: Path) -> None:
        """Replace everything by the index in the file `path`, completely or not at all.

        Other programs that have this index open see its new content, so the file is not renamed.
        """
        with self._write_lock, self._read_lock:
            with contextlib.closing(sqlite3.connect(path)) as source:
                source.backup(self._write_connection)
            self._write_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def is_replaced(self) -> bool:
        """Return True if another program deleted or replaced the file, so that this one is lost."""
        return _identity(self._path) != self._identity

    def has_changed_elsewhere(self) -> bool:
        """Return True if another program changed the index since the last call."""
        with self._write_lock:
            before, self._version = self._version, self._data_version()
            return self._version != before

    def _data_version(self) -> int:
        """Return a number that changes when another connection commits; only this one writes."""
        return int(self._write_connection.execute("PRAGMA data_version").fetchone()[0])

    # Search
    # ----------------------------------------------------------------------

    def search(self, query: Query = EVERYTHING, *, before: int = 0, limit: int = 200) -> list[Item]:
        """Return matching items, newest first. `before`: only items with a lower id."""
        with self._read_lock:
            sql, values = self._select(COLUMNS, query, before, with_texts=True)
            rows = self._read_connection.execute(f"{sql} LIMIT ?", (*values, limit)).fetchall()
        return [to_item(row) for row in rows]

    def ids(self, query: Query = EVERYTHING) -> array[int]:
        """Return the ids of all matching items, newest first."""
        with self._read_lock:
            sql, values = self._select("items.id", query, 0)
            return array("q", (row[0] for row in self._read_connection.execute(sql, values)))

    def count(self, query: Query = EVERYTHING) -> int:
        """Return the number of matching items."""
        with self._read_lock:
            sql, values = self._select("items.id", query, 0, ordered=False)
            return int(
                self._read_connection.execute(f"SELECT count(*) FROM ({sql})", values).fetchone()[0]
            )

    def items(self, ids: Sequence[int]) -> list[Item]:
        """Return the items with these ids, in this order; skip unknown ones."""
        found: dict[int, Item] = {}
        with self._read_lock:
            for start in range(0, len(ids), _CHUNK):
                chunk = list(ids[start : start + _CHUNK])
                rows = self._read_connection.execute(
                    f"SELECT {COLUMNS} FROM items JOIN texts ON texts.id = items.id "
                    f"WHERE items.id IN ({', '.join('?' * len(chunk))})",
                    chunk,
                )
                found.update((row["id"], to_item(row)) for row in rows)
        return [found[item_id] for item_id in ids if item_id in found]

    def find(self, path: str) -> Item | None:
        """Return the item of a file, or None."""
        return self._one("items.path = ?", path)

    def find_by_hash(self, sha256: str) -> list[Item]:
        """Return the items with this content, existing files first."""
        return self._where("items.sha256 = ? ORDER BY missing, items.id DESC", sha256)

    def of_job(self, job_id: str) -> list[Item]:
        """Return the items that a job made, in the order of its results."""
        return self._where("items.job_id = ? AND items.job_id <> '' ORDER BY ordinal", job_id)

    def full_text(self, item_id: int) -> str:
        """Return the text of a text, or the transcript of audio, as far as it is indexed."""
        with self._read_lock:
            row = self._read_connection.execute(
                "SELECT body FROM texts WHERE id = ?", (item_id,)
            ).fetchone()
        return without_end(row["body"]) if row else ""

    def facets(self, column: str, query: Query = EVERYTHING) -> dict[str, int]:
        """Return value → number of items of `media`, `kind`, `model`, `batch` or `program`."""
        if column not in ("media", "kind", "model", "batch", "program"):
            raise ValueError(column)
        with self._read_lock:
            sql, values = self._select(f"items.{column} AS value", query, 0, ordered=False)
            rows = self._read_connection.execute(
                f"SELECT value, count(*) FROM ({sql}) GROUP BY value ORDER BY 2 DESC, 1", values
            ).fetchall()
        return {row[0]: row[1] for row in rows if row[0]}

    def prompts(
        self, kinds: Sequence[str], text: str = "", limit: int = 200, since: float = 0
    ) -> list[str]:
        """Return different prompts of these kinds, last used first: the prompt history.

        `since`: Unix time of the oldest result whose prompt is returned.
        """
        query = Query(kinds=tuple(kinds), text=text, program="Studio", created_from=since or None)
        found: dict[str, None] = {}
        before = 0
        while len(found) < limit:
            page = self.search(query, before=before, limit=4 * limit)
            found.update((item.prompt, None) for item in page if item.prompt)
            if len(page) < 4 * limit:
                break
            before = page[-1].id
        return list(found)[:limit]

    def _select(
        self,
        columns: str,
        query: Query,
        before: int,
        *,
        with_texts: bool = False,
        ordered: bool = True,
    ) -> tuple[str, list[Any]]:
        found = conditions(query, self._read_connection)
        tables, key = "items", "items.id"
        where, values = found.where, list(found.values)
        if found.match:
            # The index walks matches by rowid, so the newest come first without a sort.
            tables, key = "search CROSS JOIN items ON items.id = search.rowid", "search.rowid"
            if found.is_narrow:
                tables, key = "items CROSS JOIN search ON search.rowid = items.id", "items.id"
            where, values = f"search MATCH ? AND {where}", [found.match, *values]
        if with_texts:
            tables += " JOIN texts ON texts.id = items.id"
        first, end = found.bounds
        end = min(filter(None, (before, end)), default=0)
        for condition, limit in ((f"{key} >= ?", first), (f"{key} < ?", end)):
            if limit:
                where, values = f"{where} AND {condition}", [*values, limit]
        order = f" ORDER BY {key} DESC" if ordered else ""
        return f"SELECT {columns} FROM {tables} WHERE {where}{order}", values

    def _one(self, where: str, *values: Any) -> Item | None:
        found = self._where(where, *values)
        return found[0] if found else None

    def _where(self, where: str, *values: Any) -> list[Item]:
        with self._read_lock:
            rows = self._read_connection.execute(
                f"SELECT {COLUMNS} FROM items JOIN texts ON texts.id = items.id WHERE {where}",
                values,
            ).fetchall()
        return [to_item(row) for row in rows]

    # Files
    # ----------------------------------------------------------------------

    def add(self, items: Iterable[NewItem]) -> list[int]:
        """Add files, or replace what is known about them; keep a person's notes. Return ids."""
        with self.transaction() as connection:
            return [store(connection, item) for item in items]

    def move(self, item_id: int, path: str) -> None:
        """Record that a file has another path, where it exists."""
        with self.transaction() as connection:
            forget(connection, "path = ? AND id <> ?", path, item_id)
            connection.execute(
                "UPDATE items SET path = ?, missing = 0 WHERE id = ?", (path, item_id)
            )
            connection.execute(
                "UPDATE texts SET name = ? WHERE id = ?", (indexed(Path(path).name), item_id)
            )

    def follow_move(self, item: NewItem, *, same_job: bool = False) -> str:
        """Give an item with the same content, whose file is gone, the path of this file.

        Returns the old path; empty without such an item. `same_job`: the same job made both,
        because two jobs may write the same text.
        """
        for known in self.find_by_hash(item.sha256):
            if is_gone(known.path) and not (same_job and known.job_id != item.job_id):
                self.move(known.id, item.path)
                return known.path
        return ""

    def mark_missing(self, ids: Sequence[int], missing: bool = True) -> None:
        """Record that files were not found, or are found again."""
        with self.transaction() as connection:
            connection.executemany(
                "UPDATE items SET missing = ? WHERE id = ?", ((int(missing), i) for i in ids)
            )
            for item_id in ids:
                for sha256 in recordings_of(connection, "id = ?", item_id):
                    update_words(connection, sha256)

    def remove(self, ids: Sequence[int]) -> None:
        """Forget items and a person's notes about them. Files stay."""
        with self.transaction() as connection:
            for item_id in ids:
                forget(connection, "id = ?", item_id)

    # Annotations
    # ----------------------------------------------------------------------

    def annotation(self, item_id: int) -> Annotation:
        """Return a person's notes about an item."""
        return self.annotations([item_id]).get(item_id, Annotation())

    def annotations(self, ids: Sequence[int]) -> dict[int, Annotation]:
        """Return id → a person's notes."""
        found = {}
        with self._read_lock:
            for item_id in ids:
                row = self._read_connection.execute(
                    "SELECT rating, favorite, note FROM items JOIN texts USING (id) WHERE id = ?",
                    (item_id,),
                ).fetchone()
                if row is not None:
                    found[item_id] = Annotation(
                        rating=row["rating"],
                        favorite=bool(row["favorite"]),
                        note=without_end(row["note"]),
                        tags=self._names("SELECT tag FROM tags WHERE item = ? ORDER BY 1", item_id),
                        collections=self._names(
                            "SELECT collection FROM collected WHERE item = ? ORDER BY 1", item_id
                        ),
                    )
        return found

    def annotate(self, annotations: dict[int, Annotation]) -> None:
        """Replace a person's notes about items. `library.annotations` also writes them to files."""
        with self.transaction() as connection:
            for item_id, annotation in annotations.items():
                annotate(connection, item_id, annotation)

    def _names(self, sql: str, *values: Any) -> tuple[str, ...]:
        return tuple(row[0] for row in self._read_connection.execute(sql, values))

    def tags(self) -> dict[str, int]:
        """Return tag → number of items."""
        return self._counts("SELECT tag, count(*) FROM tags GROUP BY tag ORDER BY tag")

    def collections(self) -> dict[str, int]:
        """Return collection → number of items, also of empty ones."""
        return self._counts(
            "SELECT name, (SELECT count(*) FROM collected WHERE collection = name) "
            "FROM collections ORDER BY name"
        )

    def add_collection(self, name: str) -> None:
        """Create an empty collection, if it does not exist."""
        with self.transaction() as connection:
            add_collection(connection, name)

    def remove_collection(self, name: str) -> None:
        """Delete a collection. Its items stay."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM collected WHERE collection = ?", (name,))
            connection.execute("DELETE FROM collections WHERE name = ?", (name,))

    # Lineage
    # ----------------------------------------------------------------------

    def parents(self, item_id: int) -> dict[str, str]:
        """Return role → SHA-256 of the files that an item was made from."""
        with self._read_lock:
            rows = self._read_connection.execute(
                "SELECT role, sha256 FROM parents WHERE item = ? ORDER BY role", (item_id,)
            ).fetchall()
        return {row["role"]: row["sha256"] for row in rows}

    def children(self, sha256: str) -> list[Item]:
        """Return the items that were made from a file with this content, oldest first."""
        return self._where(
            "items.id IN (SELECT item FROM parents WHERE parents.sha256 = ?) ORDER BY items.id",
            sha256,
        )

    def transcript_of(self, sha256: str) -> Item | None:
        """Return the newest transcript of a recording, or None."""
        with self._read_lock:
            item_id = transcript_of(self._read_connection, sha256)
        return next(iter(self.items([item_id])), None) if item_id is not None else None

    # Saved searches, folders, progress of scans
    # ----------------------------------------------------------------------

    def saved_searches(self) -> dict[str, Query]:
        """Return name → query."""
        with self._read_lock:
            rows = self._read_connection.execute(
                "SELECT name, query FROM saved_searches ORDER BY name"
            ).fetchall()
        return {row["name"]: msgspec.json.decode(row["query"], type=Query) for row in rows}

    def save_search(self, name: str, query: Query | None) -> None:
        """Save a query under a name, or delete it (None)."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM saved_searches WHERE name = ?", (name,))
            if query is not None:
                connection.execute(
                    "INSERT INTO saved_searches VALUES (?, ?)",
                    (name, msgspec.json.encode(query).decode()),
                )

    def folders(self) -> dict[str, float]:
        """Return watched folder → Unix time of its last complete scan, 0 for never."""
        with self._read_lock:
            rows = self._read_connection.execute("SELECT path, scanned FROM folders").fetchall()
        return {row["path"]: row["scanned"] for row in rows}

    def add_folder(self, path: str, scanned: float = 0.0) -> None:
        """Watch a folder, or record when it was scanned."""
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO folders VALUES (?, ?)", (path, scanned))

    def remove_folder(self, path: str) -> None:
        """Watch a folder no longer. Its items stay."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM folders WHERE path = ?", (path,))

    def progress(self, name: str) -> str:
        """Return how far a resumable task is, as it saved it; empty if it never did."""
        with self._read_lock:
            row = self._read_connection.execute(
                "SELECT value FROM progress WHERE name = ?", (name,)
            ).fetchone()
        return row["value"] if row else ""

    def set_progress(self, name: str, value: str) -> None:
        """Save how far a resumable task is."""
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO progress VALUES (?, ?)", (name, value))

    def _counts(self, sql: str) -> dict[str, int]:
        with self._read_lock:
            return {row[0]: row[1] for row in self._read_connection.execute(sql)}

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection for reading; other threads wait until the block ends."""
        with self._read_lock:
            yield self._read_connection

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection for writing in one transaction, undone if the block raises."""
        with self._write_lock:
            connection = self._write_connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise


def _identity(path: Path) -> tuple[int, int]:
    """Return what differs between two files of this name; zeros if it does not exist."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_dev, status.st_ino
