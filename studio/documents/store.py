"""Keeps documents in one SQLite file: text, changes since it was written whole, and versions.

A change is stored as it was made, so that saving a character of a long text takes as long as
saving one of a short text. WAL with `synchronous=FULL`: what was stored survives a power cut.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import msgspec

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.documents.chat_table import ChatTable
from studio.documents.damage import LoadedDocument, read_stretches, read_text, with_changes
from studio.documents.document import Change, Document, DocumentFormat, beginning_of, clean_title
from studio.documents.pending import PendingTable
from studio.documents.schema import open_documents
from studio.documents.version_table import VersionTable
from studio.documents.versions import DocumentInfo

MAX_CHANGES = 500
"""After so many changes, the text is written whole."""
MAX_CHANGED_CHARACTERS = 200_000
_COLUMNS = "id, title, format, file, file_sha256, source, created, changed"


class DocumentStore:
    """All documents of a data folder. Threads may share it.

    Every method raises StudioError for a document that is missing, and sqlite3.Error if the file
    cannot be read or written; see `faults`.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the file. Raises StudioError if it cannot be used."""
        self._lock = threading.Lock()
        opened = open_documents(path)
        self._connection = opened.connection
        self.set_aside, self.salvaged = opened.set_aside, opened.salvaged
        """Where a damaged file was moved to, or None; number of documents that were read in it."""
        self.versions = VersionTable(self._connection, self._lock)
        self.pending = PendingTable(self._connection, self._lock)
        self.chats = ChatTable(self._connection, self._lock)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    # Documents
    # ----------------------------------------------------------------------

    def list(self, *, is_trashed: bool = False) -> tuple[DocumentInfo, ...]:
        """Return the documents, the one that changed last first; or those in the trash."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT id, title, format, file, changed, characters, trashed, beginning"
                " FROM documents"
                " WHERE (trashed > 0) = ? ORDER BY changed DESC, id DESC",
                (is_trashed,),
            ).fetchall()
        return tuple(DocumentInfo(**dict(row)) for row in rows)

    def add(self, document: Document) -> None:
        """Store a new document."""
        now = time.time()
        document.created = document.created or now
        document.changed = document.changed or now
        with self._transaction() as connection:
            connection.execute(
                f"INSERT INTO documents ({_COLUMNS}, characters, text, origins, beginning)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    document.id,
                    document.title,
                    document.format,
                    document.file,
                    document.file_sha256,
                    document.source,
                    document.created,
                    document.changed,
                    len(document.text),
                    document.text,
                    msgspec.json.encode(document.origins),
                    beginning_of(document.text),
                ),
            )

    def load(self, document_id: str) -> Document:
        """Read a document with all its changes, or what is left of a damaged one."""
        return self.read(document_id).document

    def read(self, document_id: str) -> LoadedDocument:
        """Read a document with all its changes, or what is left of a damaged one."""
        with self._lock:
            row = self._connection.execute(
                f"SELECT {_COLUMNS}, CAST(text AS BLOB) AS text, origins FROM documents"
                " WHERE id = ?",
                (document_id,),
            ).fetchone()
            if row is None:
                raise _missing()
            changes = self._connection.execute(
                "SELECT body FROM changes WHERE document = ? ORDER BY number", (document_id,)
            ).fetchall()
        values = dict(row)
        text, is_damaged = read_text(row["text"])
        values.update(text=text, origins=read_stretches(row["origins"], len(text)))
        if row["format"] not in get_args(DocumentFormat):
            values["format"] = "txt"
        bodies = [change["body"] for change in changes]
        return with_changes(Document(**values), bodies, has_damaged_text=is_damaged)

    def repair(self, document_id: str) -> LoadedDocument:
        """Read a document to write in it, with a model's text that is undecided.

        What is left of a damaged document replaces it; what the changes after the damaged one
        contain is kept as a version.
        """
        loaded = self.read(document_id)
        if loaded.damage:
            document, salvaged = loaded.document, loaded.salvaged
            self.versions.add(document_id, document.text, document.origins, "damaged")
            if salvaged is not None:
                self.versions.add(document_id, salvaged.text, salvaged.origins, "salvaged")
            self.write_whole(document)
        return msgspec.structs.replace(loaded, pending=self.pending.get(document_id))

    def append(
        self,
        document_id: str,
        changes: Sequence[Change],
        characters: int,
        beginning: str | None = None,
    ) -> None:
        """Store changes in the order in which they were made.

        `characters`: the length now; `beginning`: the first words now, None for those before.
        """
        grown = sum(len(change.inserted) for change in changes)
        now = time.time()
        with self._transaction() as connection:
            done = connection.execute(
                "UPDATE documents SET changed = ?, characters = ?,"
                " beginning = coalesce(?, beginning) WHERE id = ?",
                (now, characters, beginning, document_id),
            )
            if not done.rowcount:
                raise _missing()
            connection.execute(
                "INSERT INTO changes (document, body, characters) VALUES (?, ?, ?)",
                (document_id, msgspec.json.encode(tuple(changes)), grown),
            )
            count, size = connection.execute(
                "SELECT count(*), sum(characters) FROM changes WHERE document = ?", (document_id,)
            ).fetchone()
        if count > MAX_CHANGES or size > MAX_CHANGED_CHARACTERS + characters // 2:
            self._join_changes(document_id, characters)

    def _join_changes(self, document_id: str, characters: int) -> None:
        loaded = self.read(document_id)
        if loaded.damage or len(loaded.document.text) != characters:
            raise StudioError(
                tr("What is stored of this document is damaged."),
                cause="disk",
                cure=tr("Your text stays in the window, and Studio stores it whole."),
            )
        self.write_whole(loaded.document)

    def write_whole(self, document: Document) -> None:
        """Store the text of a document whole, in place of its changes."""
        text = document.text
        values = (text, msgspec.json.encode(document.origins), len(text), beginning_of(text))
        with self._transaction() as connection:
            done = connection.execute(
                "UPDATE documents SET text = ?, origins = ?, characters = ?, beginning = ?,"
                " changed = ? WHERE id = ?",
                (*values, time.time(), document.id),
            )
            if not done.rowcount:
                raise _missing()
            connection.execute("DELETE FROM changes WHERE document = ?", (document.id,))

    def keep_whole(self, document: Document) -> None:
        """Store a document whole; one that a command deleted meanwhile is added again."""
        with self._lock:
            found = self._connection.execute(
                "SELECT 1 FROM documents WHERE id = ?", (document.id,)
            ).fetchone()
        if found is None:
            self.add(document)
        else:
            self.write_whole(document)

    def rename(self, document_id: str, title: str) -> None:
        """Change the title."""
        self._set(document_id, "title", clean_title(title))

    def set_format(self, document_id: str, format: str) -> None:
        """Change the format."""
        self._set(document_id, "format", format)

    def bind(self, document_id: str, file: str, sha256: str) -> None:
        """Remember the file that a document is saved to, and the hash of its content."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE documents SET file = ?, file_sha256 = ? WHERE id = ?",
                (file, sha256, document_id),
            )

    def trash(self, document_id: str) -> None:
        """Move a document to the trash."""
        self._set(document_id, "trashed", time.time())

    def restore(self, document_id: str) -> None:
        """Take a document out of the trash."""
        self._set(document_id, "trashed", 0.0)

    def remove(self, document_id: str) -> None:
        """Delete a document with its versions; their texts are overwritten in the file."""
        self._delete([document_id])

    def _delete(self, document_ids: Sequence[str]) -> None:
        with self._lock:
            self._connection.execute("PRAGMA secure_delete = 1")
        try:
            for document_id in document_ids:
                self._delete_rows(document_id)
        finally:
            with self._lock:
                self._connection.execute("PRAGMA secure_delete = 0")
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _delete_rows(self, document_id: str) -> None:
        with self._transaction() as connection:
            for table, column in (
                ("changes", "document"),
                ("versions", "document"),
                ("pending", "document"),
                ("documents", "id"),
            ):
                connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (document_id,))

    def empty_trash(self, before: float) -> int:
        """Delete documents that are in the trash since before a Unix time; return their number."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT id FROM documents WHERE trashed > 0 AND trashed < ?", (before,)
            ).fetchall()
        self._delete([row["id"] for row in rows])
        return len(rows)

    def _set(self, document_id: str, column: str, value: str | float) -> None:
        with self._transaction() as connection:
            done = connection.execute(
                f"UPDATE documents SET {column} = ? WHERE id = ?", (value, document_id)
            )
            if not done.rowcount:
                raise _missing()


def _missing() -> StudioError:
    return StudioError(
        tr("The document does not exist any more."), cure=tr("Choose another document.")
    )
