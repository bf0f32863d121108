"""Builds the index again from the files, as a new one that replaces the old one when complete.

A rebuild that was cancelled or killed goes on with the files that its new index lacks.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from studio.core.paths import DataFolder
from studio.library.annotations import Line, read_annotations
from studio.library.catch_up import PROGRESS as CATCH_UP
from studio.library.file_reader.messages import FileToRead
from studio.library.file_reader.reader import FileReader, InProcessReader
from studio.library.index import LibraryIndex
from studio.library.items import Annotation, Item, NewItem
from studio.library.scanning.known_files import all_files, known_files
from studio.library.scanning.scan import OnProgress, ScanResult, scan
from studio.library.scanning.walk import Root

_STARTED = "rebuild"


def rebuild(
    index: LibraryIndex,
    data: DataFolder,
    roots: Iterable[Root],
    *,
    lock: Callable[[], AbstractContextManager[None]],
    reader: FileReader | None = None,
    on_progress: OnProgress = lambda _progress: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> ScanResult:
    """Replace the content of `index` by what the files hold; keep searches and empty collections.

    Missing files stay listed. `lock`: holds off changes of annotations while the new index takes
    the old one's place. `reader`: what reads the files, by default this process. Raises
    sqlite3.Error, and OSError if the disk is full.
    """
    new = _open(data.rebuilt_library)
    try:
        if not new.progress(_STARTED):
            new.set_progress(CATCH_UP, index.progress(CATCH_UP))
            new.set_progress(_STARTED, "started")
        reader = reader or InProcessReader()
        result = scan(
            new, data, roots, reader=reader, on_progress=on_progress, is_cancelled=is_cancelled
        )
        _add_elsewhere(index, new, reader, is_cancelled)
        if is_cancelled():
            result.is_cancelled = True
            return result
        with lock():
            _copy_notes(index, new)
            new.set_progress(_STARTED, "")
            new.close()
            index.replace_content(data.rebuilt_library)
    finally:
        new.close()
    _delete(data.rebuilt_library)
    return result


def _open(path: Path) -> LibraryIndex:
    """Open the new index; start again if a kill came between its end and its removal."""
    new = LibraryIndex(path)
    if new.progress(_STARTED) or not new.count():
        return new
    new.close()
    _delete(path)
    return LibraryIndex(path)


def _delete(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()


def _unknown(index: LibraryIndex, new: LibraryIndex) -> Iterator[list[Item]]:
    """Yield the items of the old index that the new one lacks, in pieces."""
    for files in all_files(index):
        known = known_files(new, [file.path for file in files])
        yield index.items([file.id for file in files if file.path not in known])


def _add_elsewhere(
    index: LibraryIndex, new: LibraryIndex, reader: FileReader, is_cancelled: Callable[[], bool]
) -> None:
    """Add files outside the scanned folders, and those that are missing."""
    for items in _unknown(index, new):
        files = [FileToRead(item.path, item.size, with_plain_texts=True) for item in items]
        results = reader.read_all(files) if files else []
        if is_cancelled():
            return
        missing: list[NewItem] = []
        found: list[NewItem] = []
        for item, result in zip(items, results, strict=True):
            if isinstance(result, NewItem):
                found.append(result)
            elif not any(not other.missing for other in new.find_by_hash(item.sha256)):
                missing.append(_as_new(index, item))
        if found:
            new.add(found)
        if missing:
            new.mark_missing(new.add(missing))


def _as_new(index: LibraryIndex, item: Item) -> NewItem:
    shared = {
        name: getattr(item, name)
        for name in NewItem.__struct_fields__
        if name in Item.__struct_fields__
    }
    return NewItem(**shared, body=index.full_text(item.id), parents=index.parents(item.id))


def _copy_notes(index: LibraryIndex, new: LibraryIndex) -> None:
    """Copy annotations that no file holds, collections, searches and folders."""
    _copy_annotations(index, new)
    for name in index.collections():
        new.add_collection(name)
    for name, query in index.saved_searches().items():
        new.save_search(name, query)
    for path, scanned in index.folders().items():
        new.add_folder(path, scanned)


def _copy_annotations(index: LibraryIndex, new: LibraryIndex) -> None:
    """Copy annotations that the scan did not find; a line next to a file counts more."""
    lines: dict[Path, dict[str, Line]] = {}
    for files in all_files(index):
        before = index.annotations([file.id for file in files])
        noted = [file for file in files if before.get(file.id, Annotation()) != Annotation()]
        ids = {path: file.id for path, file in known_files(new, [f.path for f in noted]).items()}
        found = new.annotations(list(ids.values()))
        changed = {}
        for file in noted:
            path = Path(file.path)
            if path.parent not in lines:
                lines[path.parent] = read_annotations(path.parent)
            line = lines[path.parent].get(path.name)
            wanted = before[file.id] if line is None else line.annotation
            new_id = ids.get(file.path)
            if new_id is not None and found.get(new_id) != wanted:
                changed[new_id] = wanted
        if changed:
            new.annotate(changed)
