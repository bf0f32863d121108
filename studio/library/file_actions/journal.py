"""Records actions on files, so that one that a kill interrupted is continued at the next start.

Each action has a file: the action, then a line for each step. A step is recorded as begun before
its file is written, so that a file that is complete but not yet recorded is recognized.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from studio.core.files import write_whole
from studio.core.regular_file import IrregularFileError, read_regular
from studio.library.file_actions.action import FileAction
from studio.library.file_actions.results import ActionResult, FileChange

_SUFFIX = ".jsonl"
_MAX_BYTES = 1 << 30


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


class ActionJournal:
    """The actions of one data folder that are not over. Methods raise OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, action: FileAction) -> None:
        """Record an action before its first step."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self._path(action.id), msgspec.json.encode(action), mode=0o600)

    def append(self, action_id: str, step: Step) -> None:
        """Record a step."""
        with self._path(action_id).open("ab") as file:
            # The line break first: a line that a kill cut off does not spoil this one.
            file.write(b"\n" + msgspec.json.encode(step))

    def end(self, action_id: str) -> None:
        """Forget an action that is over."""
        self._path(action_id).unlink(missing_ok=True)

    def pending(self) -> Iterator[Progress]:
        """Yield the actions that are not over, oldest first. A damaged file is deleted."""
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            progress = _read(path)
            if progress is not None and progress.action.id == path.stem:
                yield progress
            else:
                path.unlink()

    def _path(self, action_id: str) -> Path:
        return self._folder / f"{action_id}{_SUFFIX}"


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
