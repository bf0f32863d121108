"""Actions on several files, each of which may fail alone: their results and progress."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from studio.core.errors import StudioError

_T = TypeVar("_T")
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


def act_on_each(
    sources: Sequence[_T],
    path_of: Callable[[_T], str],
    act: Callable[[_T], FileChange],
    on_step: OnStep,
    is_cancelled: IsCancelled,
) -> ActionResult:
    """Call `act` for each source until it is cancelled; what a file refuses is in the result."""
    done: list[FileChange] = []
    failed: dict[str, str] = {}
    for number, source in enumerate(sources):
        if is_cancelled():
            return ActionResult(tuple(done), failed, is_cancelled=True)
        try:
            done.append(act(source))
        except (StudioError, OSError, ValueError) as error:
            failed[path_of(source)] = reason_of(error)
        on_step(number + 1, len(sources))
    return ActionResult(tuple(done), failed)


def reason_of(error: Exception) -> str:
    """Return why nothing was done with a file."""
    if isinstance(error, StudioError):
        return f"{error.message} {error.cure}".strip()
    return (error.strerror if isinstance(error, OSError) else "") or str(error)
