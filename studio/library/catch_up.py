"""Brings artifacts that the queue recorded into the library's index.

The mark of how far the index is goes up after the items are in it, so that a kill in between reads
them again, which changes nothing. The queue's database is only read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from studio.core.artifact import Artifact
from studio.library.database import open_read_only
from studio.library.file_reader.messages import FileToRead
from studio.library.file_reader.reader import FileReader, InProcessReader
from studio.library.index import LibraryIndex
from studio.library.items import KnownContent, NewItem

PROGRESS = "artifacts"
_BATCH = 200
_FEW = 4
"""Files that are read here: the start of a child would take longer."""


class _Mark(msgspec.Struct, frozen=True):
    """The last row of the queue's artifacts that the index has.

    Path and job identify the database: if that row is another one, the database was replaced.
    """

    rowid: int = 0
    path: str = ""
    job_id: str = ""


def catch_up(
    index: LibraryIndex,
    database: Path,
    is_cancelled: Callable[[], bool] = lambda: False,
    reader: FileReader | None = None,
) -> list[int]:
    """Add the artifacts that the queue recorded since the last call; return their ids.

    `reader`: what reads them, by default this process. After it is closed, `is_cancelled` is True.

    Files that are gone are skipped: a scan finds them elsewhere. Raises StudioError and
    sqlite3.Error if the queue's database cannot be read.
    """
    try:
        connection = open_read_only(database)
    except FileNotFoundError:
        return []
    try:
        if not _has_artifacts(connection):
            return []
        mark = _valid_mark(index, connection)
        added: list[int] = []
        while not is_cancelled():
            # The last row is read again, because a replaced last row keeps its number.
            rows = connection.execute(
                "SELECT rowid, path, job_id, body FROM artifacts WHERE rowid >= ? "
                "ORDER BY rowid LIMIT ?",
                (mark.rowid, _BATCH),
            ).fetchall()
            artifacts = filter(None, (_decode(row["body"]) for row in rows))
            added += add_artifacts(index, artifacts, reader)
            if is_cancelled():  # what a closed reader did not read comes again
                break
            if rows and (last := _mark_of(rows[-1])) != mark:
                mark = last
                index.set_progress(PROGRESS, msgspec.json.encode(mark).decode())
            if len(rows) < _BATCH:
                break
    finally:
        connection.close()
    return added


def add_artifacts(
    index: LibraryIndex, artifacts: Iterable[Artifact], reader: FileReader | None = None
) -> list[int]:
    """Add artifacts that the index lacks, or has with another content; return their ids."""
    files: list[FileToRead] = []
    for artifact in artifacts:
        indexed = index.find(artifact.path)
        if indexed is not None and indexed.sha256 == artifact.sha256 and not indexed.missing:
            continue
        content = KnownContent(artifact.size, artifact.sha256)
        files.append(FileToRead(artifact.path, artifact.size, known=content))
    if reader is None or len(files) <= _FEW:
        reader = InProcessReader()
    found = reader.read_all(files) if files else []
    items = [item for item in found if isinstance(item, NewItem)]
    for item in items:
        if index.find(item.path) is None:  # the file may be back from where it was moved
            index.follow_move(item, same_job=True)
    return index.add(items) if items else []


def _has_artifacts(connection: sqlite3.Connection) -> bool:
    """Return False for a database that another program is creating."""
    query = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'artifacts'"
    return connection.execute(query).fetchone() is not None


def _valid_mark(index: LibraryIndex, connection: sqlite3.Connection) -> _Mark:
    try:
        mark = msgspec.json.decode(index.progress(PROGRESS), type=_Mark)
    except (msgspec.DecodeError, UnicodeError):
        return _Mark()
    row = connection.execute(
        "SELECT rowid, path, job_id FROM artifacts WHERE rowid = ?", (mark.rowid,)
    ).fetchone()
    return mark if row is not None and _mark_of(row) == mark else _Mark()


def _mark_of(row: sqlite3.Row) -> _Mark:
    return _Mark(row["rowid"], row["path"], row["job_id"])


def _decode(body: str) -> Artifact | None:
    try:
        return msgspec.json.decode(body, type=Artifact)
    except (ValueError, RecursionError):  # of another version; msgspec's errors are ValueErrors
        return None
