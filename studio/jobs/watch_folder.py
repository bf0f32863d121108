"""A watched folder of batch files: which are completely written, and which have run."""

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
from studio.core.translation import tr

MAX_LEDGER_BYTES = 256 * 2**20
SETTLE_SECONDS = 2.0
"""A file that has not changed for this long is complete."""
Signature = tuple[int, int]
"""(size, modification time in ns)."""


def find_files(folder: Path) -> dict[Path, Signature]:
    """Return the batch files directly in the folder, by name. Raises OSError."""
    found = {}
    for path in sorted(folder.iterdir()):
        # Office programs keep hidden lock files next to an open file.
        if path.name.startswith((".", "~$")) or not is_batch_file(path):
            continue
        try:
            if path.is_file():
                info = path.stat()
                found[path] = (info.st_size, info.st_mtime_ns)
        except OSError:  # deleted meanwhile
            continue
    return found


class Settling:
    """Detects complete files by observing them, since their own times are unreliable."""

    def __init__(self) -> None:
        self._since: dict[Path, tuple[Signature, float]] = {}
        self._handled: dict[Path, Signature] = {}

    def ready(self, now: float, found: Mapping[Path, Signature]) -> list[Path]:
        """Return complete files that are not handled yet. `now` is a monotonic time."""
        self._since = {path: state for path, state in self._since.items() if path in found}
        ready = []
        for path, signature in found.items():
            previous, since = self._since.get(path, (None, now))
            if previous != signature:
                since = now
            self._since[path] = (signature, since)
            if now - since >= SETTLE_SECONDS and self._handled.get(path) != signature:
                ready.append(path)
        return ready

    def mark_handled(self, path: Path) -> None:
        """Ignore the file until it changes after `ready` returned it."""
        self._handled[path] = self._since[path][0]


class Entry(msgspec.Struct, frozen=True):
    """The result of a file."""

    sha256: str
    folder: str
    """The folder of its results."""
    over: bool = False
    """False while it runs, until its last row is over."""


def _key(path: Path) -> str:
    r"""Return the file's name, with \xff for bytes that are not UTF-8: JSON cannot hold them."""
    return os.fsencode(path.name).decode(errors="backslashreplace")


class Ledger:
    """The files of a watched folder that have run, stored in the data folder. One program holds it.

    Raises StudioError if another program watches the folder, or the ledger is unreadable: no file
    runs twice.
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
                tr("Another Studio watches {folder}.", folder=folder),
                cause="invalid",
                cure=tr("Stop that one first."),
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
                tr("{path} cannot be read. It lists the files that have run.", path=self._path),
                cause="invalid",
                cure=tr("Delete it; then every file in the folder runs again."),
            ) from error

    def find(self, path: Path) -> Entry | None:
        """Return the entry of a file, or None if it never ran."""
        return self._entries.get(_key(path))

    @property
    def folders(self) -> set[str]:
        """The result folders of all its files."""
        return {entry.folder for entry in self._entries.values()}

    def put(self, path: Path, entry: Entry) -> None:
        """Store the entry of a file. Raises OSError."""
        entries = {**self._entries, _key(path): entry}
        write_whole(self._path, msgspec.json.encode(entries), replace=True)
        self._entries = entries

    def close(self) -> None:
        """Let other programs watch the folder."""
        self._lock.unlock()
