"""Carries out an action on files, from its beginning or from where a kill interrupted it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from studio.core.errors import StudioError
from studio.core.paths import DataFolder
from studio.core.translation import mark, tr, tr_marked
from studio.library.artifacts import sweep_parts
from studio.library.file_actions.action import FileAction
from studio.library.file_actions.export import export_item, export_target
from studio.library.file_actions.journal import ActionJournal, Progress, Step
from studio.library.file_actions.move import (
    add_copy,
    copy_item,
    finish_moves,
    move_items,
    move_to,
)
from studio.library.file_actions.places import free_target, remove_companions
from studio.library.file_actions.results import (
    ActionResult,
    FileChange,
    IsCancelled,
    OnStep,
    ignore,
    never,
    reason_of,
)
from studio.library.index import LibraryIndex
from studio.library.items import Item

MOVED_TOGETHER = 20
"""Files that are moved under one lock."""
GONE = mark("It is no longer in the library.")
log = logging.getLogger(__name__)


class ActionRun:
    """One run of an action. Records each step in the journal."""

    def __init__(
        self,
        index: LibraryIndex,
        data: DataFolder,
        progress: Progress,
        on_changed: Callable[[Sequence[FileChange]], object] = lambda _changes: None,
    ) -> None:
        self._index = index
        self._data = data
        self._progress = progress
        self._action: FileAction = progress.action
        self._journal = ActionJournal(data.file_actions)
        self._on_changed = on_changed

    def run(self, on_step: OnStep = ignore, is_cancelled: IsCancelled = never) -> ActionResult:
        """Do what is not done yet. Raises sqlite3.Error, and OSError if the folder is unusable."""
        if self._action.folder:
            Path(self._action.folder).mkdir(parents=True, exist_ok=True)
        if self._progress.was_interrupted:
            self._recover()
        is_move = self._action.kind in ("move", "undo")
        size = MOVED_TOGETHER if is_move else 1
        remaining, total = self._progress.remaining(), len(self._action.files)
        on_step(total - len(remaining), total)
        for at in range(0, len(remaining), size):
            if is_cancelled():
                return self._progress.result(is_cancelled=True)
            chunk = remaining[at : at + size]
            if is_move:
                self._move(chunk)
            else:
                self._write(chunk[0])
            on_step(total - len(remaining) + at + len(chunk), total)
        return self._progress.result()

    def _recover(self) -> None:
        """Complete what a kill interrupted in the middle of a file."""
        finish_moves(self._index, self._data)
        if self._action.folder:
            sweep_parts(Path(self._action.folder))

    def _record(self, step: Step) -> None:
        self._progress.steps[step.number] = step
        try:
            self._journal.append(self._action.id, step)
        except OSError as error:  # on a full disk the action itself may still work
            log.warning("a step of a file action was not recorded: %s", error)

    def _fail(self, number: int, reason: str) -> None:
        self._record(Step(number=number, state="failed", reason=reason))

    def _finish(self, number: int, change: FileChange) -> None:
        self._record(
            Step(number=number, state="done", target=change.target, item_id=change.item_id)
        )

    # Moves
    # ----------------------------------------------------------------------

    def _move(self, numbers: Sequence[int]) -> None:
        files, by_id = self._action.files, {}
        items = {item.id: item for item in self._index.items([files[n].item_id for n in numbers])}
        done: list[FileChange] = []
        for number in numbers:
            change, item = files[number], items.get(files[number].item_id)
            if item is None:
                self._fail(number, tr_marked(GONE))
            elif self._is_moved(change, item):
                done.append(FileChange(item.id, change.source, item.path))
                self._finish(number, done[-1])
            else:
                by_id[item.id] = number
        try:
            result = self._move_all([files[number] for number in by_id.values()])
        except TimeoutError:
            for number in by_id.values():
                self._fail(number, tr("Another program is moving files."))
            return
        for change in result.done:
            self._finish(by_id[change.item_id], change)
        numbers_of = {items[item_id].path: number for item_id, number in by_id.items()}
        for path, reason in result.failed.items():
            self._fail(numbers_of[path], reason)
        self._on_changed([*done, *result.done])

    def _is_moved(self, change: FileChange, item: Item) -> bool:
        """True for an item that was moved before a kill, and not recorded."""
        if change.target:
            return item.path == change.target
        return Path(item.path).parent == Path(self._action.folder)

    def _move_all(self, changes: Sequence[FileChange]) -> ActionResult:
        if self._action.kind == "undo":
            return move_to(self._index, self._data, changes)
        ids = [change.item_id for change in changes]
        return move_items(self._index, self._data, ids, Path(self._action.folder))

    # Copies and exports
    # ----------------------------------------------------------------------

    def _write(self, number: int) -> None:
        item = next(iter(self._index.items([self._action.files[number].item_id])), None)
        if item is None:
            self._fail(number, tr_marked(GONE))
            return
        begun = self._progress.steps.get(number)
        try:
            change = self._written(item, Path(begun.target)) if begun is not None else None
            if change is None:
                target = self._target_for(item)
                self._record(Step(number=number, state="begun", target=str(target)))
                change = self._write_to(item, target)
        except (StudioError, OSError, ValueError) as error:
            self._fail(number, reason_of(error))
            return
        self._finish(number, change)
        if self._action.kind == "copy":
            self._on_changed([change])

    def _target_for(self, item: Item) -> Path:
        folder = Path(self._action.folder)
        if self._action.kind == "copy":
            return free_target(Path(item.path), folder)
        return export_target(item, folder, self._action.options)

    def _write_to(self, item: Item, target: Path) -> FileChange:
        if self._action.kind == "copy":
            return copy_item(self._index, self._data, item, target)
        export_item(item, target, self._action.options)
        return FileChange(item.id, item.path, str(target))

    def _written(self, item: Item, target: Path) -> FileChange | None:
        """Return a change that a kill left unrecorded; remove what belongs to an unwritten one."""
        if not target.exists():
            with contextlib.suppress(OSError):
                remove_companions(Path(item.path), target)
            return None
        if self._action.kind == "copy":
            return add_copy(self._index, self._data, item, target)
        return FileChange(item.id, item.path, str(target))
