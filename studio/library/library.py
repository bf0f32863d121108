"""The library: one object for window and command line. Any thread may call it. No Qt.

`library.index` searches. Methods here also change the files that belong to it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from studio.core import file_lock
from studio.core.artifact import Artifact
from studio.core.errors import StudioError
from studio.core.file_names import is_utf8
from studio.core.paths import DataFolder
from studio.core.settings_store import load_settings
from studio.core.translation import tr, tr_marked
from studio.library import kept_lists
from studio.library.annotations import (
    Annotated,
    NotesChange,
    collection_name,
    keeps_newer,
    normal,
    save_annotations,
    undone,
)
from studio.library.catch_up import add_artifacts, catch_up
from studio.library.database import open_read_only
from studio.library.faults import is_damaged
from studio.library.index import LibraryIndex
from studio.library.index_sql.schema import keep_aside
from studio.library.items import Annotation, Query
from studio.library.scanning.known_files import (
    folders_of_jobs,
    known_files,
    readable_paths,
    scanned_folders,
)
from studio.library.scanning.restore_annotations import FolderNotes
from studio.library.scanning.walk import NOT_UTF8, Problem, Root

if TYPE_CHECKING:
    from studio.library.file_reader.reader import FileReader
    from studio.library.scanning.scan import OnProgress, ScanProgress, ScanResult

IsCancelled = Callable[[], bool]
Notes = dict[int, Annotation]
"""Id of an item → a person's notes about it."""
NotesChanges = dict[int, NotesChange]
"""Id of an item → what a change did to its notes, for undo."""
_LOCK_SECONDS = 30.0
"""Another program may be replacing the index, which takes a second."""


class Restored(NamedTuple):
    """What an undo did to notes."""

    changes: NotesChanges
    kept: tuple[int, ...]
    """Ids of items that keep a rating, favorite or note that was changed again since."""


def never() -> bool:
    """Return False: the work is not cancelled."""
    return False


def ignore(_progress: ScanProgress) -> None:
    """Ignore progress."""


class Library:
    """The library of one data folder. Raises sqlite3.Error if the index cannot be opened.

    Methods raise sqlite3.Error, and OSError if the disk refuses. `reader`: what reads files that
    scans find, by default this process.
    """

    def __init__(self, data: DataFolder, reader: FileReader | None = None) -> None:
        self.data = data
        self._reader = reader
        self._notes = FolderNotes(data)
        data.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.index = LibraryIndex(data.library)
        self._restore_lists()

    def close(self) -> None:
        """Close the index."""
        self.index.close()

    # Files
    # ----------------------------------------------------------------------

    def catch_up(self, is_cancelled: IsCancelled = never) -> list[int]:
        """Add what the queue made since the last call; return the ids. Call it at each start.

        Raises StudioError if the queue's database cannot be read.
        """
        return catch_up(self.index, self.data.database, is_cancelled, self._reader)

    def add_artifacts(self, artifacts: Iterable[Artifact]) -> list[int]:
        """Add artifacts of a job that finished; return the ids of new items."""
        return add_artifacts(self.index, artifacts)

    def refresh(
        self, on_progress: OnProgress = ignore, is_cancelled: IsCancelled = never
    ) -> ScanResult:
        """Add new artifacts, then look into folders that changed since the last scan.

        Completes moves that a kill interrupted. After a scan that was killed, looks into all
        folders. Call it at a start and when a folder changes.
        """
        from studio.library.file_actions.move import finish_moves
        from studio.library.scanning.scan import PROGRESS, RUNNING

        self._restore_lists()
        finish_moves(self.index, self.data)
        unread: list[Problem] = []
        made: list[int] = []
        try:
            made = self.catch_up(is_cancelled)
        except (
            StudioError,
            sqlite3.Error,
        ) as error:  # the queue's file, which a scan does not need
            unread.append(Problem(str(self.data.database), str(error)))
        was_killed = self.index.progress(PROGRESS) == RUNNING
        result = self.scan(on_progress, is_cancelled, is_quick=not was_killed)
        result.added += len(made)
        result.problems = [*unread, *result.problems]
        return result

    def scan(
        self,
        on_progress: OnProgress = ignore,
        is_cancelled: IsCancelled = never,
        *,
        is_quick: bool = False,
    ) -> ScanResult:
        """Compare the index with all files in the library's folders."""
        from studio.library.scanning.scan import scan

        return scan(
            self.index,
            self.data,
            self.roots(),
            reader=self._reader,
            is_quick=is_quick,
            on_progress=on_progress,
            is_cancelled=is_cancelled,
        )

    def refresh_folders(
        self, folders: Iterable[str], is_cancelled: IsCancelled = never
    ) -> ScanResult:
        """Look into folders that changed, and leave all others alone; for a watcher of folders."""
        from studio.library.scanning.scan import scan

        roots = self.roots()
        chosen = [_root_of(folder, roots) for folder in dict.fromkeys(folders)]
        return scan(
            self.index,
            self.data,
            chosen,
            reader=self._reader,
            is_partial=True,
            is_cancelled=is_cancelled,
        )

    def scanned_folders(self) -> list[str]:
        """Return all folders that scans looked into, for a watcher of folders."""
        return scanned_folders(self.index)

    def watched_folders(self) -> list[str]:
        """Return the folders that a person added."""
        return list(self.index.folders())

    def rebuild(
        self, on_progress: OnProgress = ignore, is_cancelled: IsCancelled = never
    ) -> ScanResult:
        """Build the index again from the files, then put it in the place of the old one.

        Goes on where a cancelled or killed rebuild was. A damaged index is kept under another name.
        """
        try:
            return self._rebuild(on_progress, is_cancelled)
        except sqlite3.DatabaseError as error:
            if not is_damaged(error):
                raise
        return self._replace_damaged(on_progress, is_cancelled)

    def _replace_damaged(self, on_progress: OnProgress, is_cancelled: IsCancelled) -> ScanResult:
        """Begin a new index; files that were added one by one are in it as far as they are read."""
        paths = readable_paths(self.index)
        with self._locked():
            if not self.index.is_replaced():  # by another program that met the damage
                keep_aside(self.data.library)
            self.index.close()
            self.index = LibraryIndex(self.data.library)
            kept_lists.restore_lists(self.index, self.data)
        result = self.scan(on_progress, is_cancelled)
        self.catch_up(is_cancelled)
        unknown = set(paths) - known_files(self.index, paths).keys()
        result.added += len(self.add_files(map(Path, sorted(unknown)), is_cancelled))
        return result

    def _rebuild(self, on_progress: OnProgress, is_cancelled: IsCancelled) -> ScanResult:
        from studio.library.scanning.rebuild import rebuild

        result = rebuild(
            self.index,
            self.data,
            self.roots(),
            lock=self._locked,
            reader=self._reader,
            on_progress=on_progress,
            is_cancelled=is_cancelled,
        )
        if not result.is_cancelled:
            self.catch_up(is_cancelled)
        return result

    def roots(self) -> list[Root]:
        """Return the folders to scan: outputs, watched folders, and where jobs wrote.

        Only a watched folder that is gone is a problem; before the first job there are no outputs.
        """
        outputs = [folder for folder in (self.outputs(),) if os.path.lexists(folder)]
        full = [*outputs, *map(Path, self.index.folders())]
        own = {Path(folder) for folder in self._job_folders() if os.path.lexists(folder)}
        return [
            *(Root(str(path)) for path in dict.fromkeys(full)),
            *(
                Root(str(path), is_recursive=False, only_own=True)
                for path in sorted(own)
                if not any(path.is_relative_to(other) for other in full)
            ),
        ]

    def outputs(self) -> Path:
        """Return the folder of new artifacts."""
        return Path(load_settings(self.data).output_folder or self.data.outputs)

    def _job_folders(self) -> set[str]:
        with self.index.reading() as connection:
            folders = folders_of_jobs(connection, "items", os.sep)
        # Without the queue's database the items' folders remain.
        with contextlib.suppress(OSError, StudioError, sqlite3.Error):
            queue = open_read_only(self.data.database)
            with contextlib.closing(queue):
                folders |= folders_of_jobs(queue, "artifacts", os.sep)
        return folders

    def add_folder(self, folder: Path) -> None:
        """Watch a folder: `scan` and `refresh` add its files where they lie.

        Raises StudioError if the index cannot hold its name, and OSError.
        """
        if not is_utf8(str(folder)):
            shown = os.fsencode(folder).decode(errors="replace")
            raise StudioError(
                tr("{folder} cannot be added.", folder=shown),
                cause="invalid",
                cure=tr_marked(NOT_UTF8),
            )
        with self._locked():
            kept_lists.add_folder(self.index, self.data, str(folder.absolute()))

    def add_files(self, paths: Iterable[Path], is_cancelled: IsCancelled = never) -> list[int]:
        """Add files where they lie, texts without a recipe too; return the ids of items."""
        from studio.library.file_reader.reader import read_paths

        ids: list[int] = []
        for items in read_paths(paths, self._reader, is_cancelled):
            ids += self.index.add(items)
        return ids

    # Saved searches
    # ----------------------------------------------------------------------

    def save_search(self, name: str, query: Query | None) -> None:
        """Save a query under a name, or delete it (None)."""
        with self._locked():
            kept_lists.save_search(self.index, self.data, name, query)

    # Notes of a person
    # ----------------------------------------------------------------------

    def annotate(
        self, ids: Iterable[int], change: Callable[[Annotation], Annotation]
    ) -> NotesChanges:
        """Change a person's notes about items, next to the files first, then in the index.

        Returns what changed; pass it to `restore` for undo.
        """
        return self._change(ids, lambda _id, old: normal(change(normal(old))))

    def restore(self, changes: NotesChanges) -> Restored:
        """Take changes of notes back; what another program changed since stays as it is."""
        kept: list[int] = []

        def new_of(item_id: int, now: Annotation) -> Annotation:
            if keeps_newer(now, changes[item_id]):
                kept.append(item_id)
            return normal(undone(now, changes[item_id]))

        return Restored(self._change(changes, new_of), tuple(kept))

    def _change(
        self, ids: Iterable[int], new_of: Callable[[int, Annotation], Annotation]
    ) -> NotesChanges:
        """Change notes, folder by folder, so that no change of another program is lost."""
        changes: NotesChanges = {}
        with self._locked():
            folders: dict[Path, list[int]] = {}
            for item in self.index.items(list(ids)):
                folders.setdefault(Path(item.path).parent, []).append(item.id)
            for folder, chosen in folders.items():
                with self._notes.changing(self.index, folder) as is_locked:
                    old = self.index.annotations(chosen)
                    new = {item_id: new_of(item_id, noted) for item_id, noted in old.items()}
                    changes |= self._store(old, new, is_locked=is_locked)
        return changes

    def add_collection(self, name: str) -> None:
        """Create an empty collection, if it does not exist."""
        with self._locked():
            kept_lists.add_collection(self.index, self.data, collection_name(name))

    def rename_collection(self, name: str, new_name: str) -> NotesChanges:
        """Rename a collection, or put its items into one that exists; return what changed."""
        new_name = collection_name(new_name)
        if not new_name or new_name == name:
            return {}
        self.add_collection(new_name)
        changes = self.annotate(
            self.index.ids(Query(collection=name)),
            lambda old: msgspec.structs.replace(
                old, collections=(*(other for other in old.collections if other != name), new_name)
            ),
        )
        self._drop_collection(name)
        return changes

    def remove_collection(self, name: str) -> NotesChanges:
        """Delete a collection; its items stay. Returns what `restore` needs for undo."""
        changes = self.annotate(
            self.index.ids(Query(collection=name)),
            lambda old: msgspec.structs.replace(
                old, collections=tuple(other for other in old.collections if other != name)
            ),
        )
        self._drop_collection(name)
        return changes

    def _drop_collection(self, name: str) -> None:
        with self._locked():
            kept_lists.remove_collection(self.index, self.data, name)

    def _store(self, before: Notes, after: Notes, *, is_locked: bool) -> NotesChanges:
        changed = {item_id: new for item_id, new in after.items() if new != before[item_id]}
        if changed:
            save_annotations(
                self.data,
                (
                    Annotated(item.path, item.sha256, changed[item.id])
                    for item in self.index.items(list(changed))
                ),
                is_locked=is_locked,
            )
            self.index.annotate(changed)
        return {item_id: NotesChange(before[item_id], new) for item_id, new in changed.items()}

    def _restore_lists(self) -> None:
        if not kept_lists.is_in_file(self.index, self.data):
            with self._locked():
                kept_lists.restore_lists(self.index, self.data)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with file_lock.hold(self.data.library_lock, _LOCK_SECONDS):
            yield


def _root_of(folder: str, roots: Iterable[Root]) -> Root:
    """Return how to scan a folder: a new one is searched with the folders below it."""
    is_full = any(root.is_recursive and Path(folder).is_relative_to(root.path) for root in roots)
    return Root(folder, is_recursive=is_full, only_own=not is_full)
