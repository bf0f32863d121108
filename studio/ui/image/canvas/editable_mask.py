"""A mask that is changed by operations in a worker thread, with undo and redo."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QObject, QSize, QThreadPool, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from studio.core.translation import tr
from studio.ui import background
from studio.ui.image.canvas.mask_tiles import Packed, Place, Tile, Tiles, pack
from studio.ui.image.canvas.operations import Changes, Operation, Restore

MAX_UNDO = 100
"""A step keeps the tiles that it changed, compressed: some kilobytes for a stroke, and at most
about 4 MB for a change of a whole mask of 8192 × 8192."""


class _Applied(NamedTuple):
    """What an operation changed."""

    changes: Changes
    before: Packed
    after: Packed


class _WorkerTiles:
    """The tiles after all operations that ran; only the worker thread uses them."""

    def __init__(self, tiles: Tiles, size: QSize) -> None:
        self._tiles, self._size = tiles, size
        self._packed: dict[Place, bytes] = {}
        """Of the tiles that an operation made; the next one needs them for its undo."""

    def run(self, operation: Operation) -> _Applied:
        """Do an operation."""
        before = self._tiles
        changes = operation.changes(before, self._size)
        self._tiles = with_changes(before, changes)
        packed = {
            place: self._packed[place] if place in self._packed else pack(before.get(place))
            for place in changes
        }
        after = {place: pack(tile) for place, tile in changes.items()}
        self._packed |= after
        return _Applied(changes, packed, after)


class _Step(QUndoCommand):
    """Undoes an operation by setting its tiles to what they were."""

    def __init__(self, mask: EditableMask, title: str, applied: _Applied) -> None:
        super().__init__(title)
        self._mask, self._applied = mask, applied
        self._is_done = True  # QUndoStack.push calls redo

    def redo(self) -> None:
        """Qt's override."""
        if self._is_done:
            self._is_done = False
        else:
            self._mask.restore(self._applied.after)

    def undo(self) -> None:
        """Qt's override."""
        self._mask.restore(self._applied.before)


class EditableMask(QObject):
    """The tiles of a mask. Operations run one after another; the window never waits for them."""

    changed = Signal()
    """Its pixels are other ones, an operation begins or ends, or other steps can be undone."""
    failed = Signal(str)
    """An operation could not be done, such as for lack of memory."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.size = QSize()
        """Of the image."""
        self.tiles: Tiles = {}
        """What is shown: the mask after all operations that have ended."""
        self.revision = 0
        """Goes up with every change of `tiles`."""
        self.stack = QUndoStack(self)
        self.stack.setUndoLimit(MAX_UNDO)
        self._pending = 0
        self._when_idle: deque[Callable[[], object]] = deque()
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._worker = _WorkerTiles({}, QSize())
        """Another one for each image; results of an earlier one are dropped."""

    @property
    def is_idle(self) -> bool:
        """True if no operation runs or waits."""
        return not self._pending

    @property
    def is_empty(self) -> bool:
        """True if nothing is masked."""
        return not self.tiles

    def load(self, tiles: Tiles, size: QSize) -> None:
        """Begin with a mask; earlier steps cannot be undone."""
        self._worker = _WorkerTiles(tiles, size)
        self._pending = 0
        self._when_idle.clear()
        self.stack.clear()
        self.size = size
        self._set_tiles(tiles)

    def apply(
        self, operation: Operation, title: str, done: Callable[[], object] | None = None
    ) -> None:
        """Do an operation, and call `done` when it shows. `title` names it for the undo."""

        def finish(applied: _Applied) -> None:
            self._take(applied.changes)
            if applied.changes:
                self.stack.push(_Step(self, title, applied))

        self._run(operation, finish, done)

    def restore(self, packed: Packed) -> None:
        """Set tiles to what they were, for a step that is undone or redone."""
        self._run(Restore(packed), lambda applied: self._take(applied.changes), None)

    def undo(self) -> None:
        """Undo the last step, also one that still runs."""
        self.call_when_idle(self.stack.undo)

    def redo(self) -> None:
        """Redo what was undone last."""
        self.call_when_idle(self.stack.redo)

    def call_when_idle(self, call: Callable[[], object]) -> None:
        """Call it now, or when all operations have ended."""
        if self._pending:
            self._when_idle.append(call)
        else:
            call()
            self.changed.emit()

    def push(self, step: QUndoCommand) -> None:
        """Do a step that belongs to the same undo, such as a change of the frame."""
        self.stack.push(step)
        self.changed.emit()

    def _run(
        self,
        operation: Operation,
        finish: Callable[[_Applied], None],
        done: Callable[[], object] | None,
    ) -> None:
        self._pending += 1
        worker = self._worker

        def end(applied: _Applied) -> None:
            if worker is self._worker:
                finish(applied)
                self._on_ended(done)

        def fail(error: Exception) -> None:
            if not isinstance(error, MemoryError):
                raise error
            if worker is self._worker:
                self._on_ended(done)
                self.failed.emit(tr("There is not enough memory for this step."))

        background.run(self, lambda: worker.run(operation), end, fail, self._pool)
        self.changed.emit()

    def _on_ended(self, done: Callable[[], object] | None) -> None:
        self._pending -= 1
        if done is not None:
            done()
        self.changed.emit()
        while not self._pending and self._when_idle:
            self._when_idle.popleft()()

    def _take(self, changes: Changes) -> None:
        self._set_tiles(with_changes(self.tiles, changes))

    def _set_tiles(self, tiles: Tiles) -> None:
        self.tiles = tiles
        self.revision += 1
        self.changed.emit()


def with_changes(tiles: Tiles, changes: Changes) -> Tiles:
    """Return the tiles after a change."""
    result: dict[Place, Tile] = dict(tiles)
    for place, tile in changes.items():
        if tile is None:
            result.pop(place, None)
        else:
            result[place] = tile
    return result
