"""Moves, copies and exports in the background, one action after the other.

An action is recorded before it begins (`library/file_actions/journal.py`). One that the end of the
program interrupted is continued at the next start.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject, QRunnable, QThreadPool, QTimer, Signal

from studio.core.errors import StudioError
from studio.jobs.library.action_texts import done_text, stopped_text, unreadable_text
from studio.jobs.library.live_library import START_MS, LiveLibrary
from studio.library.file_actions.action import (
    ActionKind,
    ExportOptions,
    FileAction,
    new_action_id,
)
from studio.library.file_actions.journal import ActionJournal, Progress, log_unreadable
from studio.library.file_actions.results import ActionResult, FileChange, reason_of

log = logging.getLogger(__name__)
FilesOf = Callable[[], tuple[FileChange, ...]]


@dataclass
class ActionState:
    """An action that waits or runs."""

    action: FileAction
    total: int
    was_resumed: bool = False
    done: int = 0
    """Files that are done, or failed."""
    cancelled: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class EndedAction:
    """An action that is over."""

    action: FileAction
    result: ActionResult
    was_resumed: bool = False
    """True if it began before the last start."""

    @property
    def summary(self) -> str:
        """What was done, for a toast."""
        action, done, folder = self.action, len(self.result.done), Path(self.action.folder).name
        if self.result.is_cancelled:
            return stopped_text(action.kind, done, len(action.files), folder)
        return done_text(action.kind, done, folder)


class FileActions(QObject):
    """The actions on files of one data folder. Its methods return at once."""

    changed = Signal()
    """Other actions, or more files are done."""
    ended = Signal(object)
    """EndedAction."""
    _progressed = Signal(str, int, int)
    _ended = Signal(object)
    _read = Signal(object)

    def __init__(self, library: LiveLibrary) -> None:
        super().__init__()
        self._library = library
        self._journal = ActionJournal(library.data.file_actions)
        self._states: dict[str, ActionState] = {}
        self._undoable: dict[str, tuple[FileChange, ...]] = {}
        self._is_closing = False
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._records = QThreadPool(self)
        self._records.setMaxThreadCount(1)
        self._progressed.connect(self._on_progressed)
        self._ended.connect(self._on_ended)
        self._read.connect(self._on_read)

    @property
    def states(self) -> list[ActionState]:
        """The actions that wait or run, in their order."""
        return list(self._states.values())

    def move(self, ids: Sequence[int], folder: Path) -> str:
        """Move files into a folder; return the action's id."""
        return self._start("move", ids, folder)

    def copy(self, ids: Sequence[int], folder: Path) -> str:
        """Copy files into a folder; return the action's id."""
        return self._start("copy", ids, folder)

    def export(self, ids: Sequence[int], folder: Path, options: ExportOptions) -> str:
        """Write files into a folder, in another format or size; return the action's id."""
        return self._start("export", ids, folder, options)

    def can_undo(self, action_id: str) -> bool:
        """True if an action moved files that `undo` moves back."""
        return action_id in self._undoable

    def undo(self, action_id: str) -> None:
        """Move files back that an action moved, once."""
        changes = self._undoable.pop(action_id, ())
        if changes:
            back = tuple(FileChange(one.item_id, one.target, one.source) for one in changes)
            action = FileAction(id=new_action_id(), kind="undo", files=back)
            self._add(action, len(back), lambda: back)

    def cancel(self, action_id: str) -> None:
        """Stop an action after the file that it works on; what is done stays."""
        if action_id in self._states:
            self._states[action_id].cancelled.set()
            self.changed.emit()

    def start(self) -> None:
        """Continue what the end of the program interrupted, a moment later."""
        QTimer.singleShot(START_MS, self, self._read_soon)

    def close(self) -> None:
        """Stop after the current file; the next start continues. Call it before the library's."""
        self._records.waitForDone()
        self._is_closing = True
        self._pool.clear()
        self._pool.waitForDone()
        self._journal.close()

    # In this thread
    # ----------------------------------------------------------------------

    def _start(
        self,
        kind: ActionKind,
        ids: Sequence[int],
        folder: Path,
        options: ExportOptions | None = None,
    ) -> str:
        action = FileAction(
            id=new_action_id(),
            kind=kind,
            files=(),
            folder=str(folder.absolute()),
            options=options or ExportOptions(),
        )
        chosen = list(ids)
        self._add(action, len(chosen), lambda: self._files_of(action, chosen))
        return action.id

    def _add(self, action: FileAction, total: int, files_of: FilesOf) -> None:
        state = self._states[action.id] = ActionState(action, total)
        self._records.start(_Call(lambda: self._record(state, files_of)))
        self.changed.emit()

    def _read_soon(self) -> None:
        if not self._is_closing:
            self._records.start(_Call(self._read_pending))

    def _on_read(self, state: ActionState) -> None:
        if not self._is_closing:
            self._states[state.action.id] = state
            self.changed.emit()

    def _on_progressed(self, action_id: str, done: int, total: int) -> None:
        if action_id in self._states:
            self._states[action_id].done, self._states[action_id].total = done, total
            self.changed.emit()

    def _on_ended(self, ended: EndedAction) -> None:
        self._states.pop(ended.action.id, None)
        if ended.action.kind == "move" and ended.result.done:
            self._undoable[ended.action.id] = ended.result.done
        self.changed.emit()
        self.ended.emit(ended)

    # In other threads
    # ----------------------------------------------------------------------

    def _files_of(self, action: FileAction, ids: Sequence[int]) -> tuple[FileChange, ...]:
        return tuple(
            FileChange(item.id, item.path, "")
            for item in self._library.index.items(ids)
            if action.kind != "move" or str(Path(item.path).parent) != action.folder
        )

    def _record(self, state: ActionState, files_of: FilesOf) -> None:
        try:
            state.action = msgspec.structs.replace(state.action, files=files_of())
            try:
                self._journal.begin(state.action)
            except (OSError, ValueError) as error:  # moving files away may be what frees the disk
                log.warning("an action on files is not recorded: %s", error)
        except (StudioError, OSError, sqlite3.Error) as error:
            self._end(state, ActionResult((), {state.action.folder: reason_of(error)}))
            return
        self._run_soon(state, Progress(action=state.action))

    def _read_pending(self) -> None:
        for progress in self._journal.pending(self._report_unreadable):
            action = progress.action
            if action.id not in self._states:
                state = ActionState(action, len(action.files), was_resumed=True)
                self._read.emit(state)
                self._run_soon(state, progress)

    def _report_unreadable(self, path: Path, reason: str) -> None:
        log_unreadable(path, reason)
        self._library.problem_found.emit(unreadable_text(path, reason))

    def _run_soon(self, state: ActionState, progress: Progress) -> None:
        self._pool.start(_Call(lambda: self._run(state, progress)))

    def _run(self, state: ActionState, progress: Progress) -> None:
        try:
            result = self._result(state, progress)
        except (StudioError, OSError, sqlite3.Error) as error:
            so_far, reason = progress.result(), reason_of(error)
            files = state.action.files
            rest = {files[number].source: reason for number in progress.remaining()}
            result = ActionResult(so_far.done, {**so_far.failed, **rest})
        if result.is_cancelled and not state.cancelled.is_set():
            return  # the program ends; the next start continues
        try:
            self._journal.end(state.action.id)
        except OSError as error:  # the next start continues it, and finds everything done
            log.warning("an action on files stays recorded: %s", error)
        self._end(state, result)

    def _result(self, state: ActionState, progress: Progress) -> ActionResult:
        from studio.library.file_actions.run import ActionRun  # imports numpy

        library, action = self._library, state.action

        def show(changes: Sequence[FileChange]) -> None:
            signal = library.items_added if action.kind == "copy" else library.items_changed
            signal.emit([change.item_id for change in changes])

        run = ActionRun(library.index, library.data, progress, show)
        with library.retrying():
            return run.run(
                lambda done, total: self._progressed.emit(action.id, done, total),
                lambda: self._is_closing or state.cancelled.is_set(),
            )

    def _end(self, state: ActionState, result: ActionResult) -> None:
        self._ended.emit(EndedAction(state.action, result, state.was_resumed))


class _Call(QRunnable):
    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__()
        self._call = call

    def run(self) -> None:
        try:
            self._call()
        except RuntimeError:  # the signals' owner was deleted
            return
