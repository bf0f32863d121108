"""Actions of the command line, recorded in the same journal as the window's."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from studio.core.paths import DataFolder
from studio.library.file_actions.action import FileAction
from studio.library.file_actions.journal import ActionJournal, OnUnreadable, Progress
from studio.library.file_actions.results import ActionResult, reason_of
from studio.library.file_actions.run import ActionRun
from studio.library.index import LibraryIndex

log = logging.getLogger(__name__)


def run_recorded(index: LibraryIndex, data: DataFolder, action: FileAction) -> ActionResult:
    """Carry out an action; only a kill leaves it in the journal. Raises as `ActionRun.run` does."""
    journal = ActionJournal(data.file_actions)
    try:
        journal.begin(action)
    except OSError as error:  # on a full disk the action itself may still work
        log.warning("an action on files is not recorded: %s", error)
    return _run(index, data, journal, Progress(action=action))


def continue_interrupted(
    index: LibraryIndex, data: DataFolder, on_unreadable: OnUnreadable
) -> Iterator[tuple[FileAction, ActionResult]]:
    """Continue actions that a kill interrupted, of commands and the window; yield each.

    Raises sqlite3.Error.
    """
    journal = ActionJournal(data.file_actions)
    for progress in journal.pending(on_unreadable):
        action = progress.action
        try:
            yield action, _run(index, data, journal, progress)
        except OSError as error:  # its folder is gone, which is no fault of the next command
            yield action, ActionResult((), {action.folder: reason_of(error)})


def _run(
    index: LibraryIndex, data: DataFolder, journal: ActionJournal, progress: Progress
) -> ActionResult:
    try:
        return ActionRun(index, data, progress).run()
    finally:  # also after Ctrl+C, which means that nothing more is wanted
        with contextlib.suppress(OSError):
            journal.end(progress.action.id)
