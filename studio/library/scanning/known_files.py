"""What the index knows about files and folders, for scans."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from studio.library.index import LibraryIndex

_CHUNK = 500


class KnownFile(NamedTuple):
    """A file in the index."""

    id: int
    path: str
    sha256: str
    size: int
    modified: int
    missing: bool


_COLUMNS = "id, path, sha256, size, modified, missing"


def known_files(index: LibraryIndex, paths: Sequence[str]) -> dict[str, KnownFile]:
    """Return path → file, of those that the index has."""
    found: dict[str, KnownFile] = {}
    with index.reading() as connection:
        for start in range(0, len(paths), _CHUNK):
            chunk = paths[start : start + _CHUNK]
            places = ", ".join("?" * len(chunk))
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM items WHERE path IN ({places})", chunk
            )
            found.update((row["path"], _to_file(row)) for row in rows)
    return found


def all_files(index: LibraryIndex) -> Iterator[list[KnownFile]]:
    """Yield the index's files in pieces. Changes in between are allowed."""
    last = 0
    while True:
        with index.reading() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM items WHERE id > ? ORDER BY id LIMIT ?", (last, _CHUNK)
            ).fetchall()
        if not rows:
            return
        yield [_to_file(row) for row in rows]
        last = rows[-1]["id"]


def files_in(index: LibraryIndex, folder: str, separator: str) -> list[KnownFile]:
    """Return the index's files in a folder and below it."""
    with index.reading() as connection:
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM items WHERE path >= ? AND path < ?", _below(folder, separator)
        ).fetchall()
    return [_to_file(row) for row in rows]


def _below(folder: str, separator: str) -> tuple[str, str]:
    """Return the first path below a folder, and the first one after all of them."""
    start = folder.rstrip(separator) + separator
    return start, start[:-1] + chr(ord(separator) + 1)


def scanned_folders(index: LibraryIndex) -> list[str]:
    """Return all folders that were scanned."""
    with index.reading() as connection:
        return [row["folder"] for row in connection.execute("SELECT folder FROM scanned")]


def scanned_below(index: LibraryIndex, folder: str, separator: str) -> list[str]:
    """Return a folder and those below it, as far as they were scanned."""
    with index.reading() as connection:
        rows = connection.execute(
            "SELECT folder FROM scanned WHERE folder = ? OR folder >= ? AND folder < ?",
            (folder, *_below(folder, separator)),
        )
        return [row["folder"] for row in rows]


def readable_paths(index: LibraryIndex) -> list[str]:
    """Return the paths of a damaged index, as far as they can be read from either end."""
    found: dict[str, None] = {}
    for order in ("id", "id DESC", "path", "path DESC"):
        with contextlib.suppress(sqlite3.DatabaseError), index.reading() as connection:
            for row in connection.execute(f"SELECT path FROM items ORDER BY {order}"):
                found[row["path"]] = None
    return list(found)


def _to_file(row: sqlite3.Row) -> KnownFile:
    return KnownFile(*row)._replace(missing=bool(row["missing"]))


def other_files(index: LibraryIndex, paths: Sequence[str]) -> dict[str, str]:
    """Return path → stamp of files that were read and are no items."""
    found: dict[str, str] = {}
    with index.reading() as connection:
        for start in range(0, len(paths), _CHUNK):
            chunk = paths[start : start + _CHUNK]
            places = ", ".join("?" * len(chunk))
            found.update(
                connection.execute(
                    f"SELECT path, stamp FROM no_items WHERE path IN ({places})", chunk
                ).fetchall()
            )
    return found


def remember_others(index: LibraryIndex, stamps: Sequence[tuple[str, str]]) -> None:
    """Store (path, stamp) of files that are no items, so that they are read once."""
    if stamps:
        with index.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO no_items VALUES (?, ?)", stamps)


def folder_stamp(index: LibraryIndex, folder: str) -> str:
    """Return the stamp of a folder at its last scan; empty for never."""
    with index.reading() as connection:
        row = connection.execute("SELECT stamp FROM scanned WHERE folder = ?", (folder,)).fetchone()
    return row["stamp"] if row else ""


def set_folder_stamp(index: LibraryIndex, folder: str, stamp: str) -> None:
    """Record that a folder was scanned."""
    with index.transaction() as connection:
        connection.execute("INSERT OR REPLACE INTO scanned VALUES (?, ?)", (folder, stamp))


def forget_folders(index: LibraryIndex, folders: Sequence[str]) -> None:
    """Forget that folders were scanned, because they are gone."""
    with index.transaction() as connection:
        connection.executemany(
            "DELETE FROM scanned WHERE folder = ?", ((folder,) for folder in folders)
        )


def folders_of_jobs(connection: sqlite3.Connection, table: str, separator: str) -> set[str]:
    """Return the folders of the files of Studio's jobs in `items` or `artifacts`."""
    rows = connection.execute(
        # the path without the characters after its last separator
        f"SELECT DISTINCT rtrim(path, replace(path, ?, '')) FROM {table} WHERE job_id <> ''",
        (separator,),
    )
    return {row[0].rstrip(separator) for row in rows if row[0].rstrip(separator)}
