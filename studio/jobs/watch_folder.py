"""A folder that is watched for batch files: which of them are written completely, and which have
been run.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
from PySide6.QtCore import QLockFile

from studio.batch.reader import is_batch_file
from studio.core.errors import StudioError
from studio.core.files import write_whole
from studio.core.paths import DataFolder
from studio.core.regular_file import read_regular

MAX_LEDGER_BYTES = 256 * 2**20
SETTLE_SECONDS = 2.0
"""A file that has not changed for so long is complete."""
Signature = tuple[int, int]
"""(size, time of the last change in ns)."""


def find_files(folder: Path) -> dict[Path, Signature]:
    """Return the batch files that lie in the folder itself, by name. Raises OSError."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "~$")) or not is_batch_file(
            path
        ):  # what programs keep beside a file that is open
            continue
        try:
            if path.is_file():
                told = path.stat()
                found[path] = (told.st_size, told.st_mtime_ns)
        except OSError:  # taken away meanwhile
            continue
    return found


class Settling:
    """Tells when a file is written completely: by watching it, because a file's own time comes from
    whoever wrote it.
    """

    def __init__(self) -> None:
        self._since: dict[Path, tuple[Signature, float]] = {}
        self._dealt_with: dict[Path, Signature] = {}

    def ready(self, now: float, found: Mapping[Path, Signature]) -> list[Path]:
        """Return the files that have settled and are not dealt with, at a time that only goes
        forward.
        """
        self._since = {path: seen for path, seen in self._since.items() if path in found}
        ready = []
        for path, signature in found.items():
            before, since = self._since.get(path, (None, now))
            if before != signature:
                since = now
            self._since[path] = (signature, since)
            if now - since >= SETTLE_SECONDS and self._dealt_with.get(path) != signature:
                ready.append(path)
        return ready

    def deal_with(self, path: Path) -> None:
        """Let the file be, as it was when `ready` named it."""
        self._dealt_with[path] = self._since[path][0]


class Entry(msgspec.Struct, frozen=True):
    """What became of a file."""

    sha256: str
    folder: str
    """Where its results are."""
    over: bool = False
    """False from when it begins to run until its last row is over."""


def _key(path: Path) -> str:
    """Return the file's name; JSON has no form for one that is not UTF-8, so that its odd bytes are
    written as \\xff.
    """
    return os.fsencode(path.name).decode(errors="backslashreplace")


class Ledger:
    """The files of one watched folder that have been run, kept in the data folder; held by one
    program at a time.

    Raises StudioError where another program watches the folder, or where it cannot be read: nothing
    is run twice.
    """

    def __init__(self, data: DataFolder, folder: Path) -> None:
        data.watched.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = (
            data.watched / f"{hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]}.json"
        )
        self._lock = QLockFile(str(self._path.with_suffix(".lock")))
        self._lock.setStaleLockTime(0)
        if not self._lock.tryLock(100):
            raise StudioError(
                f"Another Studio watches {folder}.", cause="invalid", cure="End that one first."
            )
        self._entries = self._read()

    def _read(self) -> dict[str, Entry]:
        try:
            return msgspec.json.decode(
                read_regular(self._path, MAX_LEDGER_BYTES), type=dict[str, Entry]
            )
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
            raise StudioError(
                f"{self._path} cannot be read: it says which files have been run.",
                cause="invalid",
                cure="Take it away; then every file in the folder is run again.",
            ) from error

    def find(self, path: Path) -> Entry | None:
        """Return what became of a file, as it was then; None where it was never run."""
        return self._entries.get(_key(path))

    @property
    def folders(self) -> set[str]:
        """Where the results of all its files are."""
        return {entry.folder for entry in self._entries.values()}

    def put(self, path: Path, entry: Entry) -> None:
        """Write down what becomes of a file. Raises OSError."""
        entries = {**self._entries, _key(path): entry}
        write_whole(self._path, msgspec.json.encode(entries), replace=True)
        self._entries = entries

    def close(self) -> None:
        """Let others watch the folder."""
        self._lock.unlock()
