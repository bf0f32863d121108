"""Brings the index up to date with the files: new, changed, moved, missing and annotated ones.

A scan that is cancelled or killed goes on where it was, because files that the index has are not
read again.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from studio.core.file_names import is_utf8
from studio.core.files import is_gone
from studio.core.paths import DataFolder
from studio.library.encoders import TEXT_SUFFIXES, TRANSCRIPT_SUFFIXES
from studio.library.file_reader.messages import FileToRead
from studio.library.file_reader.reader import FileReader, InProcessReader, Unread
from studio.library.index import LibraryIndex
from studio.library.items import NewItem
from studio.library.read_item import MEDIA_OF_SUFFIX
from studio.library.scanning.known_files import (
    KnownFile,
    all_files,
    files_in,
    folder_stamp,
    forget_folders,
    known_files,
    other_files,
    remember_others,
    scanned_below,
    scanned_folders,
    set_folder_stamp,
)
from studio.library.scanning.restore_annotations import Restoration
from studio.library.scanning.walk import Folder, Problem, Root, walk

PROGRESS = "scan"
RUNNING = "running"
"""The value of the progress while a scan runs: found at a start, the last one was killed."""
_BATCH = 100
_WITH_RECIPE = (*TEXT_SUFFIXES, *TRANSCRIPT_SUFFIXES)
"""Texts, which are items only with a recipe next to them."""
_SETTLED_SECONDS = 5.0
"""A file that changed less long ago may still be written."""


class ScanProgress(NamedTuple):
    """How far a scan is."""

    folder: str
    files: int
    """Media files that were looked at."""


class _ChangedFile(NamedTuple):
    """A file that the index does not know as it is now."""

    file: FileToRead
    stamp: str


OnProgress = Callable[[ScanProgress], object]


class ScanResult(msgspec.Struct, kw_only=True):
    """What a scan found."""

    added: int = 0
    changed: int = 0
    moved: int = 0
    """Found again under another name or in another folder."""
    found: int = 0
    """Missing before, and back at their places."""
    missing: int = 0
    restored: int = 0
    """Whose annotations were read from the files next to them."""
    others: int = 0
    """Media files that are damaged or no artifacts."""
    problems: list[Problem] = []
    """Folders that could not be read, each once."""
    unread: list[str] = []
    """Files that ended what reads them, or held it up. The next scan leaves them out."""
    read_only: list[str] = []
    """Scanned folders that cannot be written: notes about their files are in the data folder."""
    is_cancelled: bool = False

    @property
    def has_changes(self) -> bool:
        """True if an item is another one than before."""
        files = (self.added, self.changed, self.moved, self.found, self.missing)
        return any(files) or bool(self.restored)


def scan(
    index: LibraryIndex,
    data: DataFolder,
    roots: Iterable[Root],
    *,
    reader: FileReader | None = None,
    is_quick: bool = False,
    is_partial: bool = False,
    on_progress: OnProgress = lambda _progress: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> ScanResult:
    """Scan folders. Files on disk stay as they are.

    `is_quick`: look only into folders whose list of files or annotations changed; a file that
    changed in place is found by a full scan. `is_partial`: leave files outside the roots alone.
    `reader`: what reads the files, by default this process.
    Raises sqlite3.Error, and OSError if the disk is full.
    """
    work = _Scan(index, data, reader or InProcessReader(), is_quick, on_progress, is_cancelled)
    return work.run_partly(list(roots)) if is_partial else work.run(list(roots))


class _Scan:
    """One scan."""

    def __init__(
        self,
        index: LibraryIndex,
        data: DataFolder,
        reader: FileReader,
        is_quick: bool,
        on_progress: OnProgress,
        is_cancelled: Callable[[], bool],
    ) -> None:
        self._index = index
        self._data = data
        self._reader = reader
        self._is_quick = is_quick
        self._on_progress = on_progress
        self._is_cancelled = is_cancelled
        self._seen: set[str] = set()
        """Folders that exist."""
        self._unchanged: set[str] = set()
        self._files = 0
        self._restoration = Restoration(index, data)
        self.result = ScanResult()

    def run(self, roots: list[Root]) -> ScanResult:
        self._index.set_progress(PROGRESS, RUNNING)
        self._scan_roots(roots)
        for files in all_files(self._index):
            if self._is_cancelled():
                break
            self._mark_missing(files)
        self._forget_folders(scanned_folders(self._index))
        if not self._end().is_cancelled:
            self._index.set_progress(PROGRESS, "")
        return self.result

    def run_partly(self, roots: list[Root]) -> ScanResult:
        self._scan_roots(roots)
        for root in roots:
            if not self._is_cancelled():
                self._mark_missing(files_in(self._index, root.path, os.sep))
                self._forget_folders(scanned_below(self._index, root.path, os.sep))
        return self._end()

    def _scan_roots(self, roots: list[Root]) -> None:
        self.result.read_only = [
            root.path
            for root in roots
            if os.access(root.path, os.R_OK) and not os.access(root.path, os.W_OK)
        ]
        data = self._data
        kept = (data.masks, data.frames, data.downloads)
        inner = (data.models, data.thumbnails, data.cache, data.logs, *kept)
        for folder in walk(roots, self.result.problems, frozenset(map(str, inner))):
            if self._is_cancelled():
                return
            self._scan_folder(folder)

    def _end(self) -> ScanResult:
        self.result.is_cancelled = self._is_cancelled()
        if not self.result.is_cancelled:
            self.result.restored += self._restoration.restore_by_hash()
        return self.result

    def _scan_folder(self, folder: Folder) -> None:
        self._seen.add(folder.path)
        if self._is_quick and folder_stamp(self._index, folder.path) == folder.stamp:
            self._unchanged.add(folder.path)
            return
        is_settled = True
        files = [entry for entry in folder.files if _suffix(entry.name) in MEDIA_OF_SUFFIX]
        for start in range(0, len(files), _BATCH):
            if self._is_cancelled():
                return
            is_settled &= self._scan_files(folder, files[start : start + _BATCH])
            self._on_progress(ScanProgress(folder.path, self._files))
        if self._is_cancelled():
            return
        names = {entry.name for entry in folder.files}
        self.result.restored += self._restoration.restore_folder(Path(folder.path), names)
        set_folder_stamp(self._index, folder.path, folder.stamp if is_settled else "")

    def _scan_files(self, folder: Folder, entries: list[os.DirEntry[str]]) -> bool:
        """Add and compare files; return False if one may still be written."""
        paths = [path for entry in entries if is_utf8(path := entry.path)]
        known = known_files(self._index, paths)
        others = other_files(self._index, paths)
        newest = 0
        unread: list[_ChangedFile] = []
        found: list[int] = []
        for entry in entries:
            before = known.get(entry.path)
            if before is None and not _can_be_item(entry.name, folder.recipes):
                continue
            status = _status(entry)
            if status is None:
                continue
            self._files += 1
            newest = max(newest, status.st_mtime_ns)
            if before is not None and _is_same(before, status):
                found += [before.id] if before.missing else []
                continue
            stamp = f"{status.st_mtime_ns} {status.st_size}"
            if others.get(entry.path) == stamp:
                continue
            if not is_utf8(entry.path):
                self.result.others += 1
                continue
            file = FileToRead(entry.path, status.st_size, with_plain_texts=before is not None)
            unread.append(_ChangedFile(file, stamp))
        items, new_others = self._read(folder, unread, known.keys())
        if self._is_cancelled():  # what was not read is no item, or was not reached
            return False
        self._store(items, known.keys(), found)
        remember_others(self._index, new_others)
        return newest < (time.time() - _SETTLED_SECONDS) * 1e9

    def _read(
        self, folder: Folder, unread: Sequence[_ChangedFile], known: Collection[str]
    ) -> tuple[list[NewItem], list[tuple[str, str]]]:
        """Return the files that are items, and (path, stamp) of the others."""
        items: list[NewItem] = []
        others: list[tuple[str, str]] = []
        results = self._reader.read_all([one.file for one in unread]) if unread else []
        for one, result in zip(unread, results, strict=True):
            path = one.file.path
            if isinstance(result, NewItem) and not (
                folder.only_own and path not in known and result.program != "Studio"
            ):
                items.append(result)
                continue
            self.result.others += 1
            others.append((path, one.stamp))
            if isinstance(result, Unread):
                self.result.unread.append(path)
        return items, others

    def _store(self, items: list[NewItem], known: Collection[str], found: list[int]) -> None:
        """Add items; an item whose content the index has at a place that is gone was moved."""
        moved: dict[str, str] = {}
        for item in items:
            if item.path in known:
                self.result.changed += 1
            elif old_path := self._index.follow_move(item):
                self.result.moved += 1
                moved[item.path] = old_path
            else:
                self.result.added += 1
        if items:
            self._index.add(items)
        if found:
            self._index.mark_missing(found, missing=False)
            self.result.found += len(found)
        if moved:
            self._restoration.save_moved(moved)

    def _mark_missing(self, files: list[KnownFile]) -> None:
        missing = [
            file.id
            for file in files
            if not file.missing
            and os.path.dirname(file.path) not in self._unchanged  # noqa: PTH120  for each item
            and is_gone(file.path)
        ]
        if missing:
            self._index.mark_missing(missing)
            self.result.missing += len(missing)

    def _forget_folders(self, folders: list[str]) -> None:
        """Forget folders that are gone, so that their files are looked at when they are back."""
        gone = [folder for folder in folders if folder not in self._seen and is_gone(folder)]
        if gone and not self._is_cancelled():
            forget_folders(self._index, gone)


def _suffix(name: str) -> str:
    """Return the extension with its dot, as `os.path.splitext` in a third of its time."""
    dot = name.rfind(".")
    return name[dot:].lower() if dot > 0 else ""


def _can_be_item(name: str, recipes: frozenset[str]) -> bool:
    """Return False for a text without a recipe: it is no artifact."""
    return _suffix(name) not in _WITH_RECIPE or f"{name}.json" in recipes


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    with contextlib.suppress(OSError):
        status = entry.stat()
        if stat.S_ISREG(status.st_mode):
            return status
    return None


def _is_same(known: KnownFile, status: os.stat_result) -> bool:
    return (known.modified, known.size) == (status.st_mtime_ns, status.st_size)
