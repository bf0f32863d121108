"""Watched folders that cannot be read: each is reported once, until it can be read again.

Files that end or hold up what reads them are reported once, too.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from studio.core.file_names import printable
from studio.core.translation import tr, tr_plural
from studio.library.scanning.walk import Problem


class UnreadFolders:
    """Follows which watched folders vanish and come back."""

    def __init__(self, report: Callable[[str], object]) -> None:
        self._report = report
        self._unread: set[str] = set()
        self._files: set[str] = set()
        self._lock = threading.Lock()

    def update(self, watched: Collection[str], problems: Iterable[Problem]) -> None:
        """Report watched folders that a scan could not read, except those that were reported."""
        unread = {found.path: found.message for found in problems if found.path in watched}
        for path, message in unread.items():
            if path not in self._unread:
                self._report(
                    tr(
                        "{folder}: {reason}. Its files stay in the library.",
                        folder=path,
                        reason=message,
                    )
                )
        still = {path for path in self._unread if not os.access(path, os.R_OK)}
        self._unread = still | unread.keys()

    def report_files(self, paths: Iterable[str]) -> None:
        """Report files that scans left out; two scans may meet the same file at once."""
        with self._lock:
            new = [path for path in paths if path not in self._files]
            self._files.update(new)
        if new:
            self._report(_files_text(new))

    def changed(
        self, folders: Collection[str], watched: Iterable[str], scanned: Collection[str]
    ) -> list[str]:
        """Return which folders to scan when `folders` changed.

        A watched folder's parent is watched only to see whether the folder vanishes or is back.
        """
        roots = [
            folder
            for folder in watched
            if os.path.dirname(folder) in folders  # noqa: PTH120  a path as the watcher has it
            and os.path.isdir(folder) == (folder in self._unread)  # noqa: PTH112
        ]
        known = set(scanned)
        return list(dict.fromkeys([*(folder for folder in folders if folder in known), *roots]))


def _files_text(paths: Sequence[str]) -> str:
    return tr_plural(
        "{name} was skipped: reading it crashed or took too long.",
        "{count:,} files were skipped, such as {name}: reading them crashed or took too long.",
        len(paths),
        name=printable(Path(paths[0]).name),
    )
