"""What an action on files did, in words."""

from __future__ import annotations

from pathlib import Path

from studio.core.translation import tr, tr_plural
from studio.library.file_actions.action import ActionKind


def done_text(kind: ActionKind, count: int, folder: str) -> str:
    """Return what was done with files; `folder`: the name of the one they are in now."""
    if kind == "move":
        return tr_plural(
            "1 file moved to {folder}", "{count:,} files moved to {folder}", count, folder=folder
        )
    if kind == "copy":
        return tr_plural(
            "1 file copied to {folder}", "{count:,} files copied to {folder}", count, folder=folder
        )
    if kind == "export":
        return tr_plural("1 file exported", "{count:,} files exported", count)
    return tr_plural("1 file moved back", "{count:,} files moved back", count)


def stopped_text(kind: ActionKind, done: int, total: int, folder: str) -> str:
    """Return what was done before the user stopped it; `total`: all files it was for."""
    if kind == "move":
        return tr_plural(
            "Stopped: {done:,} of 1 file moved to {folder}",
            "Stopped: {done:,} of {count:,} files moved to {folder}",
            total,
            done=done,
            folder=folder,
        )
    if kind == "copy":
        return tr_plural(
            "Stopped: {done:,} of 1 file copied to {folder}",
            "Stopped: {done:,} of {count:,} files copied to {folder}",
            total,
            done=done,
            folder=folder,
        )
    if kind == "export":
        return tr_plural(
            "Stopped: {done:,} of 1 file exported",
            "Stopped: {done:,} of {count:,} files exported",
            total,
            done=done,
        )
    return tr_plural(
        "Stopped: {done:,} of 1 file moved back",
        "Stopped: {done:,} of {count:,} files moved back",
        total,
        done=done,
    )


def failed_text(kind: ActionKind, count: int) -> str:
    """Return how many files an action left as they were."""
    if kind == "move":
        return tr_plural("1 file not moved", "{count:,} files not moved", count)
    if kind == "copy":
        return tr_plural("1 file not copied", "{count:,} files not copied", count)
    if kind == "export":
        return tr_plural("1 file not exported", "{count:,} files not exported", count)
    return tr_plural("1 file not moved back", "{count:,} files not moved back", count)


def running_text(kind: ActionKind, done: int, total: int) -> str:
    """Return how far an action is, in files."""
    if kind == "move":
        return tr("Moving {done:,} of {total:,}", done=done, total=total)
    if kind == "copy":
        return tr("Copying {done:,} of {total:,}", done=done, total=total)
    if kind == "export":
        return tr("Exporting {done:,} of {total:,}", done=done, total=total)
    return tr("Moving back {done:,} of {total:,}", done=done, total=total)


def unreadable_text(path: Path, reason: str) -> str:
    """Return that an interrupted action is not continued because its record cannot be read."""
    return tr(
        "An interrupted move, copy or export is not continued: {path} cannot be read ({reason}).",
        path=path,
        reason=reason,
    )
