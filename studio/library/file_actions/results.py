"""What actions on files return, and how they report progress."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

OnStep = Callable[[int, int], object]
"""Called with the number of files that are done, and of all."""
IsCancelled = Callable[[], bool]


class FileChange(msgspec.Struct, frozen=True):
    """A file that was moved, renamed, copied or exported."""

    item_id: int
    source: str
    target: str


class ActionResult(msgspec.Struct, frozen=True):
    """What became of several files."""

    done: tuple[FileChange, ...]
    """Pass moves to `undo_moves`."""
    failed: dict[str, str]
    """Path → why nothing was done with it."""
    is_cancelled: bool = False


def ignore(_done: int, _total: int) -> None:
    """Ignore progress."""


def never() -> bool:
    """Return False: the action is not cancelled."""
    return False
