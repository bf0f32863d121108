"""The chats in the SQLite file of documents."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.documents.chat import Chat, ChatInfo, Turn, TurnPlace, duplicate
from studio.documents.document import clean_title

_CHOSEN = msgspec.json.Decoder(dict[str, str])
_COLUMNS = "id, parent, role, text, job, finish"  # not translated: SQL


class ChatTable:
    """Stores, lists and reads chats. Threads may share it."""

    def __init__(self, connection: sqlite3.Connection, lock: threading.Lock) -> None:
        self._connection = connection
        connection.create_function("casefold", 1, str.casefold, deterministic=True)
        self._lock = lock

    def list(self, wanted: str = "") -> tuple[ChatInfo, ...]:
        """Return the chats, the one that changed last first.

        `wanted`: a part of the title or of a turn, in upper or lower case.
        """
        folded = wanted.casefold()
        with self._lock:
            rows = self._connection.execute(
                "SELECT id, title, changed, (SELECT count(*) FROM turns"
                " WHERE chat = chats.id AND parent NOT LIKE 'summary:%') AS turns"
                " FROM chats WHERE trashed = 0 AND (:wanted = ''"
                " OR instr(casefold(title), :wanted)"
                " OR EXISTS (SELECT 1 FROM turns WHERE chat = chats.id"
                " AND instr(casefold(text), :wanted)))"
                " ORDER BY changed DESC, id DESC",
                {"wanted": folded},
            ).fetchall()
        return tuple(ChatInfo(**dict(row)) for row in rows)

    def duplicate(self, chat_id: str, title: str) -> Chat:
        """Store and return a copy of a chat. Raises StudioError if it is gone."""
        copy = duplicate(self.load(chat_id), title)
        self.save(copy, tuple(copy.turns.values()))
        return copy

    def load(self, chat_id: str) -> Chat:
        """Read a chat with all its versions. Raises StudioError if it is gone."""
        with self._lock:
            row = self._connection.execute(
                "SELECT id, title, chosen, persona, system_prompt FROM chats WHERE id = ?",
                (chat_id,),
            ).fetchone()
            turns = self._connection.execute(
                f"SELECT {_COLUMNS} FROM turns WHERE chat = ? ORDER BY number", (chat_id,)
            ).fetchall()
        if row is None:
            raise StudioError(
                tr("The chat does not exist any more."), cure=tr("Choose another chat.")
            )
        read = [Turn(**dict(turn)) for turn in turns]
        return Chat(
            id=row["id"],
            title=row["title"],
            turns={turn.id: turn for turn in read},
            chosen=_read_chosen(row["chosen"], read),
            persona=row["persona"],
            system_prompt=row["system_prompt"],
        )

    def save(self, chat: Chat, turns: Sequence[Turn] = (), removed: Sequence[str] = ()) -> None:
        """Store what a chat has besides its turns, turns that changed, and removals, at once."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._write(chat, turns, removed)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _write(self, chat: Chat, turns: Sequence[Turn], removed: Sequence[str]) -> None:
        now = time.time()
        self._connection.execute(
            "INSERT INTO chats (id, title, created, changed, chosen, persona, system_prompt)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET title = excluded.title, changed = excluded.changed,"
            " chosen = excluded.chosen, persona = excluded.persona,"
            " system_prompt = excluded.system_prompt",
            (
                chat.id,
                chat.title,
                now,
                now,
                msgspec.json.encode(chat.chosen),
                chat.persona,
                chat.system_prompt,
            ),
        )
        for turn in turns:
            self._connection.execute(
                f"INSERT INTO turns ({_COLUMNS}, chat) VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET text = excluded.text, job = excluded.job,"
                " finish = excluded.finish",
                (*msgspec.structs.astuple(turn), chat.id),
            )
        self._connection.executemany(
            "DELETE FROM turns WHERE id = ?", [(turn_id,) for turn_id in removed]
        )

    def rename(self, chat_id: str, title: str) -> None:
        """Change the title."""
        with self._lock:
            self._connection.execute(
                "UPDATE chats SET title = ? WHERE id = ?", (clean_title(title), chat_id)
            )

    def trash(self, chat_id: str) -> None:
        """Move a chat to the trash."""
        self._set_trashed(chat_id, time.time())

    def restore(self, chat_id: str) -> None:
        """Take a chat out of the trash."""
        self._set_trashed(chat_id, 0.0)

    def _set_trashed(self, chat_id: str, moment: float) -> None:
        with self._lock:
            self._connection.execute("UPDATE chats SET trashed = ? WHERE id = ?", (moment, chat_id))


def _read_chosen(body: bytes, turns: Sequence[Turn]) -> dict[str, str]:
    """Return which versions are shown; the newest ones if this is damaged."""
    try:
        return _CHOSEN.decode(body)
    except msgspec.DecodeError:
        return {turn.parent: turn.id for turn in turns}


def find_turn(path: Path, job_id: str) -> TurnPlace | None:
    """Return the turn that a job wrote, of a chat that is not in the trash.

    Reads the SQLite file without changing it; a file that cannot be read has none.
    """
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        ) as connection:
            row = connection.execute(
                "SELECT chat, turns.id FROM turns JOIN chats ON chats.id = turns.chat"
                " WHERE job = ? AND job <> '' AND trashed = 0",
                (job_id,),
            ).fetchone()
    except sqlite3.Error:
        return None
    return TurnPlace(*row) if row else None
