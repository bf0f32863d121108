"""Records actions on files, so that one that a kill interrupted is continued at the next start.

Each action has a file: the action, then a line for each step. A step is recorded as begun before
its file is written, so that a file that is complete but not yet recorded is recognized. Who carries
an action out holds its lock, so that no other program continues it.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

from studio.core import file_lock
from studio.core.files import write_whole
from studio.core.regular_file import IrregularFileError, read_regular
from studio.library.file_actions.action import FileAction
from studio.library.file_actions.results import ActionResult, FileChange

_SUFFIX = ".jsonl"
_MAX_BYTES = 1 << 30
log = logging.getLogger(__name__)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one file of an action."""

    number: int
    """Index in `FileAction.files`."""
    state: Literal["begun", "done", "failed"]
    target: str = ""
    item_id: int = 0
    """Of a copy; the item's own otherwise."""
    reason: str = ""


class Progress(msgspec.Struct, kw_only=True):
    """An action with what was done so far."""

    action: FileAction
    steps: dict[int, Step] = {}
    """Number of the file → its last step."""
    was_interrupted: bool = False
    """True if it was read back: a kill may have left a file half moved."""

    def result(self, *, is_cancelled: bool = False) -> ActionResult:
        """Return what became of the files."""
        files = self.action.files
        done = [step for step in self.steps.values() if step.state == "done"]
        return ActionResult(
            tuple(FileChange(one.item_id, files[one.number].source, one.target) for one in done),
            {
                files[step.number].source: step.reason
                for step in self.steps.values()
                if step.state == "failed"
            },
            is_cancelled=is_cancelled,
        )

    def remaining(self) -> list[int]:
        """Return the numbers of the files that are not done."""
        over = {number for number, step in self.steps.items() if step.state != "begun"}
        return [number for number in range(len(self.action.files)) if number not in over]


OnUnreadable = Callable[[Path, str], object]
"""Called with a journal that cannot be read, where it is now, and why."""


def log_unreadable(path: Path, reason: str) -> None:
    """Log a journal that cannot be read."""
    log.warning("an interrupted action on files cannot be read: %s: %s", path, reason)


class ActionJournal:
    """The actions of one data folder that are not over, and the locks of those that run here.

    Methods raise OSError.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._locks: dict[str, contextlib.ExitStack] = {}

    def begin(self, action: FileAction) -> None:
        """Record an action before its first step, and lock it until `end` or `close`."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock(action.id)
        write_whole(self._path(action.id), msgspec.json.encode(action), mode=0o600)

    def append(self, action_id: str, step: Step) -> None:
        """Record a step."""
        with self._path(action_id).open("ab") as file:
            # The line break first: a line that a kill cut off does not spoil this one.
            file.write(b"\n" + msgspec.json.encode(step))

    def end(self, action_id: str) -> None:
        """Forget an action that is over."""
        self._path(action_id).unlink(missing_ok=True)
        self._unlock(action_id)
        with contextlib.suppress(OSError):
            self._lock_path(action_id).unlink()

    def pending(self, on_unreadable: OnUnreadable = log_unreadable) -> Iterator[Progress]:
        """Yield and lock the actions that no program carries out, oldest first.

        A damaged file is deleted. One that cannot be read gets another name, so that it is
        reported once.
        """
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            try:
                progress = self._take(path)
            except OSError as error:
                on_unreadable(_set_aside(path), error.strerror or str(error))
                continue
            if progress is not None:
                yield progress

    def close(self) -> None:
        """Leave the actions to whoever continues them."""
        for action_id in list(self._locks):
            self._unlock(action_id)

    def _take(self, path: Path) -> Progress | None:
        """Lock an action and return it; None if it runs, is over or damaged."""
        action_id = path.stem
        if action_id in self._locks:
            return None
        try:
            self._lock(action_id)
        except TimeoutError:
            return None
        try:
            progress = _read(path)
            if progress is not None and progress.action.id == action_id:
                return progress
            self.end(action_id)
        except FileNotFoundError:  # it ended meanwhile
            self.end(action_id)
        except BaseException:
            self._unlock(action_id)
            raise
        return None

    def _lock(self, action_id: str) -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(file_lock.hold(self._lock_path(action_id), 0.0))
            self._locks[action_id] = stack.pop_all()

    def _unlock(self, action_id: str) -> None:
        stack = self._locks.pop(action_id, None)
        if stack is not None:
            stack.close()

    def _path(self, action_id: str) -> Path:
        return self._folder / f"{action_id}{_SUFFIX}"

    def _lock_path(self, action_id: str) -> Path:
        return self._folder / f"{action_id}.lock"


def _set_aside(path: Path) -> Path:
    """Rename a journal that cannot be read; return where it is then."""
    with contextlib.suppress(OSError):
        return path.rename(path.with_suffix(".unreadable"))
    return path


def _read(path: Path) -> Progress | None:
    try:
        first, *lines = read_regular(path, _MAX_BYTES).split(b"\n")
        action = msgspec.json.decode(first, type=FileAction)
    except (IrregularFileError, msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    progress = Progress(action=action, was_interrupted=True)
    for line in lines:
        try:
            step = msgspec.json.decode(line, type=Step)
        except (msgspec.DecodeError, UnicodeError):  # cut off by a kill
            continue
        if 0 <= step.number < len(progress.action.files):
            progress.steps[step.number] = step
    return progress
