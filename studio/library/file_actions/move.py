"""Moves, renames and copies items, with their recipes, MIDI files and notes. Replaces nothing.

A file is at its new place before it leaves the old one. What is to be moved is recorded first, so
that `finish_moves` completes what a kill interrupted.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from pathlib import Path

import msgspec

from studio.core import file_lock
from studio.core.errors import StudioError
from studio.core.paths import DataFolder
from studio.core.translation import tr
from studio.library.annotations import Annotated, save_annotations
from studio.library.file_actions.places import (
    checked_name,
    copy_file,
    free_target,
    is_same_file,
    pairs_of,
    place_all,
)
from studio.library.file_actions.results import (
    ActionResult,
    FileChange,
    IsCancelled,
    OnStep,
    act_on_each,
    ignore,
    never,
)
from studio.library.index import LibraryIndex
from studio.library.items import Annotation, Item
from studio.library.read_item import read_item

_PROGRESS = "moves"
_LOCK_SECONDS = 60.0


def move_items(
    index: LibraryIndex,
    data: DataFolder,
    ids: Sequence[int],
    folder: Path,
    on_step: OnStep = ignore,
    is_cancelled: IsCancelled = never,
) -> ActionResult:
    """Move items into a folder; one whose name is taken there gets a number."""
    items = [item for item in index.items(ids) if Path(item.path).parent != folder]
    with _moving(data):
        targets = _targets(items, folder)
        planned = [
            FileChange(item.id, item.path, str(target))
            for item, target in zip(items, targets, strict=True)
        ]
        return _move_all(index, data, planned, on_step, is_cancelled)


def _targets(items: Sequence[Item], folder: Path) -> list[Path]:
    """Return free places, different ones for items with the same name."""
    taken: set[Path] = set()
    targets = []
    for item in items:
        source = Path(item.path)
        target, number = free_target(source, folder), 1
        while target in taken:
            number += 1
            target = free_target(source, folder, f"{source.stem} ({number}){source.suffix}")
        taken.add(target)
        targets.append(target)
    return targets


def rename_item(index: LibraryIndex, data: DataFolder, item_id: int, new_name: str) -> FileChange:
    """Rename an item's file; its extension stays. Raises StudioError."""
    (item,) = index.items([item_id]) or (None,)
    if item is None:
        raise StudioError(tr("The file is no longer in the library."), cause="invalid")
    source = Path(item.path)
    target = source.with_name(checked_name(source, new_name))
    with _moving(data):
        change = FileChange(item_id, item.path, str(target))
        result = _move_all(index, data, [change], ignore, never)
    if result.failed:
        raise StudioError(
            tr(
                "{name} was not renamed: {reason}.",
                name=source.name,
                reason=next(iter(result.failed.values())),
            ),
            cause="disk",
            cure=tr("Choose another name."),
        )
    return change


def undo_moves(
    index: LibraryIndex,
    data: DataFolder,
    changes: Sequence[FileChange],
    on_step: OnStep = ignore,
    is_cancelled: IsCancelled = never,
) -> ActionResult:
    """Move files back to where they were; one whose place is taken stays."""
    back = [FileChange(change.item_id, change.target, change.source) for change in changes]
    return move_to(index, data, back, on_step, is_cancelled)


def move_to(
    index: LibraryIndex,
    data: DataFolder,
    planned: Sequence[FileChange],
    on_step: OnStep = ignore,
    is_cancelled: IsCancelled = never,
) -> ActionResult:
    """Move files to the targets; one whose target is taken stays."""
    with _moving(data):
        return _move_all(index, data, planned, on_step, is_cancelled)


def copy_items(
    index: LibraryIndex,
    data: DataFolder,
    ids: Sequence[int],
    folder: Path,
    on_step: OnStep = ignore,
    is_cancelled: IsCancelled = never,
) -> ActionResult:
    """Copy items into a folder, with their notes; the copies are items, too."""

    def copy(item: Item) -> FileChange:
        return copy_item(index, data, item, free_target(Path(item.path), folder))

    return act_on_each(index.items(ids), attrgetter("path"), copy, on_step, is_cancelled)


def copy_item(index: LibraryIndex, data: DataFolder, item: Item, target: Path) -> FileChange:
    """Copy an item to a free path, with its notes. Raises OSError."""
    for old, new in reversed(pairs_of(Path(item.path), target)):
        new.parent.mkdir(exist_ok=True)
        copy_file(old, new)
    return add_copy(index, data, item, target)


def add_copy(index: LibraryIndex, data: DataFolder, item: Item, target: Path) -> FileChange:
    """Add a complete copy of an item to the library, with the notes."""
    annotation = index.annotation(item.id)
    _save_annotation(data, annotation, target, item.sha256)
    copy = read_item(target, with_plain_texts=True)
    (copy_id,) = index.add([copy]) if copy is not None else (0,)
    index.annotate({copy_id: annotation})
    return FileChange(copy_id, item.path, str(target))


def finish_moves(index: LibraryIndex, data: DataFolder) -> None:
    """Complete or undo what a kill interrupted; do nothing while another program moves files."""
    if not index.progress(_PROGRESS):
        return
    try:
        with file_lock.hold(data.moves_lock, 0):
            planned = _decode(index.progress(_PROGRESS))
            for change in planned:
                with contextlib.suppress(OSError):  # the scan reports what is there
                    _finish(index, data, change)
            index.set_progress(_PROGRESS, "")
    except TimeoutError:
        return


def _finish(index: LibraryIndex, data: DataFolder, change: FileChange) -> None:
    source, target = Path(change.source), Path(change.target)
    pairs = pairs_of(source, target)
    if target.exists() and (not source.exists() or is_same_file(source, target)):
        _record(index, data, change)
        remaining = pairs
    else:  # only files that belong to it are there
        remaining = [(new, old) for old, new in pairs[1:]]
    for old, new in remaining:
        if is_same_file(old, new):
            old.unlink()


def _decode(text: str) -> list[FileChange]:
    try:
        return msgspec.json.decode(text, type=list[FileChange])
    except (msgspec.DecodeError, UnicodeError):
        return []


@contextlib.contextmanager
def _moving(data: DataFolder) -> Iterator[None]:
    with file_lock.hold(data.moves_lock, _LOCK_SECONDS):
        yield


def _move_all(
    index: LibraryIndex,
    data: DataFolder,
    planned: Sequence[FileChange],
    on_step: OnStep,
    is_cancelled: IsCancelled,
) -> ActionResult:
    def move(change: FileChange) -> FileChange:
        _move(index, data, change)
        return change

    index.set_progress(_PROGRESS, msgspec.json.encode(planned).decode())
    result = act_on_each(planned, attrgetter("source"), move, on_step, is_cancelled)
    index.set_progress(_PROGRESS, "")
    return result


def _move(index: LibraryIndex, data: DataFolder, change: FileChange) -> None:
    # Programs with other data folders, which `_moving` does not hold back, may move the same file.
    with file_lock.hold_folder(Path(change.source).parent):
        pairs = pairs_of(Path(change.source), Path(change.target))
        try:
            place_all(pairs)
        except FileExistsError:
            raise StudioError(
                tr("{path} already exists", path=change.target), cause="invalid"
            ) from None
        try:
            _record(index, data, change)
        except OSError:  # a full disk; a fault of the index is for `finish_moves`
            _remove(target for _source, target in pairs)
            raise
        try:
            _leave(pairs[0])
        except OSError:
            _undo_record(index, data, change)
            _remove(target for _source, target in pairs)
            raise
        _remove(source for source, _target in pairs[1:])


def _leave(artifact: tuple[Path, Path]) -> None:
    """Remove an artifact from its old place: the step that decides who moved it.

    Raises OSError if it stays there, or if another program gave it another place meanwhile.
    """
    source, target = artifact
    try:
        source.unlink()
    except FileNotFoundError:
        if target.stat().st_nlink > 1:
            raise
        # It was deleted, or copied to another drive; ours may be the last one, so it stays.


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _undo_record(index: LibraryIndex, data: DataFolder, change: FileChange) -> None:
    for item in index.items([change.item_id]):
        index.move(item.id, change.source)
        if index.annotation(item.id) != Annotation():
            with contextlib.suppress(OSError):  # a full disk; notes on a missing file do no harm
                save_annotations(data, [Annotated(change.target, item.sha256, Annotation())])


def _record(index: LibraryIndex, data: DataFolder, change: FileChange) -> None:
    """Store the notes in the new folder, then the new path in the index."""
    for item in index.items([change.item_id]):
        _save_annotation(data, index.annotation(item.id), Path(change.target), item.sha256)
        index.move(item.id, change.target)


def _save_annotation(data: DataFolder, annotation: Annotation, path: Path, sha256: str) -> None:
    if annotation != Annotation():
        save_annotations(data, [Annotated(str(path), sha256, annotation)])
