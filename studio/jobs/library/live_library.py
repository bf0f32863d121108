"""The library with signals for its changes; opened on first use, and read in other threads."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, QRunnable, QThreadPool, QTimer, Signal

from studio.core.artifact import Artifact
from studio.core.errors import StudioError
from studio.core.events import Cancelled, Event, Finished
from studio.core.paths import DataFolder
from studio.core.translation import tr
from studio.jobs.library.folder_watch import FolderWatch
from studio.jobs.library.trash import Trashed, move_to_trash, restore
from studio.jobs.library.unread_folders import UnreadFolders
from studio.library.faults import explain
from studio.library.file_actions.results import ActionResult, FileChange
from studio.library.file_reader.process import ReaderProcess
from studio.library.items import Annotation, Item, NewItem

if TYPE_CHECKING:
    from studio.jobs.queue import JobQueue
    from studio.library.index import LibraryIndex
    from studio.library.library import Library, NotesChanges, Restored
    from studio.library.scanning.scan import ScanProgress, ScanResult
    from studio.library.thumbnails.cache import ThumbnailCache

START_MS = 4_000
"""From the start to the first scan."""
RETRY_MS = 30_000
"""From a write that failed to the next look for what is missing."""
PROGRESS_SECONDS = 1.0
"""From the start of a scan to its first message, and between two: each lays the window out."""
log = logging.getLogger(__name__)


class LiveLibrary(QObject):
    """The library of one data folder, which follows the queue.

    Everything but the constructor reads or writes the disk, so only other threads call it. Raises
    StudioError, sqlite3.Error and OSError.
    """

    items_added = Signal(object)
    """list[int]: ids of new items."""
    items_changed = Signal(object)
    """list[int]: ids of items with other values, such as a rating or a path."""
    items_removed = Signal(object)
    """list[int]: ids of items that are no longer in the library."""

    items_reset = Signal()
    """A scan found other files: every item may be another one."""
    scanning = Signal(str)
    """What a scan does, for the user; empty when it ended."""
    problem_found = Signal(str)
    """What cannot be read or written, once, for the user."""
    _scanned = Signal(object, float)
    """(folders to watch, seconds that the scan took); no folders if it failed."""
    _write_failed = Signal()
    _index_lost = Signal()
    """Another program deleted or replaced the index."""

    def __init__(self, data: DataFolder, queue: JobQueue) -> None:
        super().__init__()
        self.data = data
        self._library: Library | None = None
        self._replaced: list[Library] = []
        """Whose index is lost; other threads may still read it."""
        self._thumbnails: ThumbnailCache | None = None
        self._is_closed = False
        self._scan_reader = ReaderProcess()
        self._thumbnail_reader = ReaderProcess()
        """Another one, so that thumbnails do not wait for a scan."""
        self._unread = UnreadFolders(self.problem_found.emit)
        self._problem = ""
        """Why the last write failed."""
        self._lock = threading.Lock()
        self._one_scan = threading.Lock()
        """Held during a scan: of two at once, one would find what the other reports as added."""
        self._writers = QThreadPool(self)
        self._writers.setMaxThreadCount(1)
        self._is_closing = False
        self._folder_watch = FolderWatch(self)
        self._folder_watch.changed.connect(self._on_folders_changed)
        self._scanned.connect(self._on_scanned)
        self._retry = QTimer(self)
        self._retry.setSingleShot(True)
        self._retry.timeout.connect(self._refresh_soon)
        self._write_failed.connect(lambda: self._retry.start(RETRY_MS))
        self._index_lost.connect(self._refresh_soon)
        queue.job_event.connect(self._on_job_event)

    @property
    def library(self) -> Library:
        """The library, opened on first use."""
        from studio.library.library import Library

        with self._lock:
            if self._is_closed:
                raise StudioError(tr("The library is closed."))
            if self._library is not None and self._library.index.is_replaced():
                self._replaced.append(self._library)
                self._library = None
                self._index_lost.emit()
            if self._library is None:
                self._library = Library(self.data, self._scan_reader)
            return self._library

    @property
    def index(self) -> LibraryIndex:
        """The library's index."""
        return self.library.index

    @property
    def thumbnails(self) -> ThumbnailCache:
        """The cache of thumbnails."""
        from studio.library.thumbnails.cache import ThumbnailCache

        with self._lock:
            if self._thumbnails is None:
                self._thumbnails = ThumbnailCache(
                    self.data.thumbnails, make=self._thumbnail_reader.thumbnail
                )
            return self._thumbnails

    def close(self) -> None:
        """Close the files, when the program ends and after what is being written."""
        self._is_closing = True
        self._folder_watch.close()
        for reader in (self._scan_reader, self._thumbnail_reader):
            reader.close()
        self._writers.clear()
        self._writers.waitForDone()
        with self._lock:
            self._is_closed = True
            for library in (self._library, *self._replaced):
                if library is not None:
                    library.close()
            if self._thumbnails is not None:
                self._thumbnails.close()

    # New artifacts
    # ----------------------------------------------------------------------

    def _on_job_event(self, _job_id: str, event: Event) -> None:
        if isinstance(event, Finished | Cancelled) and event.artifacts:
            self.write_soon(lambda: self.add_artifacts(event.artifacts))

    def add_artifacts(self, artifacts: Iterable[Artifact]) -> None:
        """Add what a job made."""
        added = self.library.add_artifacts(artifacts)
        if added:
            self.items_added.emit(added)

    def catch_up(self) -> None:
        """Add what commands made since the last start, before the first scan."""
        added = self.library.catch_up(lambda: self._is_closing)
        if added:
            self.items_added.emit(added)

    def write_soon(self, work: Callable[[], object]) -> None:
        """Call `work` in the thread that writes; after a fault, look for what is missing later."""
        if not self._is_closing:  # the end of the pool waits for its thread, with Python's lock
            self._writers.start(_Write(lambda: self._write(work)))

    def _write(self, work: Callable[[], object]) -> None:
        try:
            work()
        except (StudioError, sqlite3.Error, OSError) as error:
            log.warning("library: %s", error)
            self._report(error)
            self._write_failed.emit()
        else:
            self._problem = ""

    def _report(self, error: Exception) -> None:
        """Report why something was not written, once until a write succeeds."""
        known = explain(error)
        text = f"{known.message} {known.cure}".strip()
        if text != self._problem and not self._is_closing:
            self._problem = text
            self.problem_found.emit(text)

    # Folders
    # ----------------------------------------------------------------------

    def start(self) -> None:
        """Look for files that changed since the last start, then watch the folders.

        A moment later, because the first use of the window matters more, and a scan imports numpy.
        """
        QTimer.singleShot(START_MS, self, self._refresh_soon)

    def _refresh_soon(self) -> None:
        if not self._is_closing:
            self.write_soon(
                lambda: self._scan(lambda library: library.refresh(*self._scan_calls()))
            )

    def _on_folders_changed(self, folders: list[str]) -> None:
        def scan(library: Library) -> ScanResult:
            watched, scanned = library.watched_folders(), library.scanned_folders()
            changed = self._unread.changed(folders, watched, scanned)
            return library.refresh_folders(changed, lambda: self._is_closing)

        self.write_soon(lambda: self._scan(scan))

    def _on_scanned(self, folders: list[str], seconds: float) -> None:
        if folders:
            self._folder_watch.watch(folders)
        self._folder_watch.scan_ended(seconds)

    def _scan_calls(self) -> tuple[Callable[[ScanProgress], None], Callable[[], bool]]:
        due = time.monotonic() + PROGRESS_SECONDS

        def report(progress: ScanProgress) -> None:
            nonlocal due
            if (now := time.monotonic()) >= due:
                due = now + PROGRESS_SECONDS
                self.scanning.emit(tr("Looking for files: {count:,}", count=progress.files))

        return report, lambda: self._is_closing

    def _scan(self, scan: Callable[[Library], ScanResult]) -> ScanResult:
        started = time.monotonic()
        folders: list[str] = []
        try:
            with self._one_scan:
                result = scan(self.library)
            watched = self.library.watched_folders()
            parents = (os.path.dirname(folder) for folder in watched)  # noqa: PTH120
            folders = [*self.library.scanned_folders(), *parents]
        finally:
            self.scanning.emit("")
            self._scanned.emit(folders, time.monotonic() - started)
        if result.has_changes:
            self.items_reset.emit()
        self._unread.update(watched, result.problems)
        self._unread.report_files(result.unread)
        return result

    def check_for_changes(self) -> None:
        """Emit `items_reset` if a command or another window changed the library."""
        if self.index.has_changed_elsewhere():
            self.items_reset.emit()

    def add_folder(self, folder: Path) -> ScanResult:
        """Watch a folder and add its files where they lie; after a fault, go on later."""

        def scan(library: Library) -> ScanResult:
            library.add_folder(folder)
            return library.refresh(*self._scan_calls())

        with self.retrying():
            return self._scan(scan)

    def add_files(self, paths: Iterable[Path]) -> int:
        """Add files where they lie; return how many are in the library now."""
        added = self.library.add_files(paths, lambda: self._is_closing)
        if added:
            self.items_added.emit(added)
        return len(added)

    def rebuild(self) -> ScanResult:
        """Build the index again from the files, also a damaged one."""
        return self._scan(lambda library: library.rebuild(*self._scan_calls()))

    @contextlib.contextmanager
    def retrying(self) -> Iterator[None]:
        """Look later for what a fault kept out of the index; notes and files are before it."""
        try:
            yield
        except (sqlite3.Error, OSError):
            self._write_failed.emit()
            raise

    # Notes of a person
    # ----------------------------------------------------------------------

    def annotate(
        self, ids: Iterable[int], change: Callable[[Annotation], Annotation]
    ) -> NotesChanges:
        """Change notes about items; return what changed, for `restore`."""
        with self.retrying():
            changes = self.library.annotate(ids, change)
        self.items_changed.emit(list(changes))
        return changes

    def restore(self, changes: NotesChanges) -> Restored:
        """Take changes of notes back; what was changed again since stays as it is."""
        with self.retrying():
            restored = self.library.restore(changes)
        self.items_changed.emit([*restored.changes, *restored.kept])
        return restored

    # Files
    # ----------------------------------------------------------------------

    def trash(self, ids: Sequence[int]) -> Trashing:
        """Move items to the desktop's trash and out of the index."""
        return self._trash(self.index.items(ids), ())

    def trash_files(self, paths: Sequence[Path]) -> Trashing:
        """Move files to the trash, also those that the index does not have yet."""
        found = {path: self.index.find(str(path)) for path in paths}
        items = [item for item in found.values() if item is not None and not item.missing]
        kept = {item.path for item in items}
        return self._trash(items, [path for path in paths if str(path) not in kept])

    def _trash(self, items: Sequence[Item], others: Sequence[Path]) -> Trashing:
        again = [self._new_item(item) for item in items]
        notes = self.index.annotations([item.id for item in items])
        paths = [*(Path(item.path) for item in items if not item.missing), *others]
        result = move_to_trash(paths)
        gone = {str(trashed.path) for trashed in result.trashed}
        removed = [item.id for item in items if item.path in gone or item.missing]
        with self.retrying():
            self.index.remove(removed)
        self.items_removed.emit(removed)
        kept = set(removed)
        return Trashing(
            files=result.trashed,
            items=tuple(new for new, item in zip(again, items, strict=True) if item.id in kept),
            notes={item_id: note for item_id, note in notes.items() if item_id in kept},
            failed={str(path): why for path, why in result.failed.items()},
        )

    def restore_trashed(self, trashing: Trashing) -> None:
        """Undo `trash`. Raises StudioError if a file is no longer in the trash."""
        with self.retrying():
            for trashed in trashing.files:
                restore(trashed)
            added = self.index.add(trashing.items)
            self.index.annotate(trashing.notes)
        self.items_added.emit(added)

    def _new_item(self, item: Item) -> NewItem:
        """Return what the index knows about a file, to add it again."""
        known = {
            name: getattr(item, name)
            for name in NewItem.__struct_fields__
            if name in Item.__struct_fields__
        }
        return NewItem(
            **known, body=self.index.full_text(item.id), parents=self.index.parents(item.id)
        )

    def rename(self, item_id: int, name: str) -> ActionResult:
        """Rename a file; its extension stays."""
        from studio.library.file_actions.move import rename_item

        with self.retrying():
            change = rename_item(self.index, self.data, item_id, name)
        return self._changed(ActionResult((change,), {}))

    def undo_rename(self, changes: Sequence[FileChange]) -> ActionResult:
        """Give a file its former name back."""
        from studio.library.file_actions.move import undo_moves

        with self.retrying():
            return self._changed(undo_moves(self.index, self.data, changes))

    def _changed(self, result: ActionResult) -> ActionResult:
        self.items_changed.emit([change.item_id for change in result.done])
        return result


class Trashing(msgspec.Struct, frozen=True, kw_only=True):
    """What `LiveLibrary.trash` did, so that it can be undone."""

    files: tuple[Trashed, ...]
    items: tuple[NewItem, ...]
    notes: dict[int, Annotation]
    failed: dict[str, str]
    """Path → why it is still in its place."""

    @property
    def can_restore(self) -> bool:
        """True if Studio knows where all files are in the trash."""
        return all(trashed.can_restore for trashed in self.files)


class _Write(QRunnable):
    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__()
        self._work = work

    def run(self) -> None:
        try:
            self._work()
        except RuntimeError:  # the signal's owner was deleted
            return
