"""Works on a library until it is killed: `python -m tests.library.endless_work WORK DATA_FOLDER`.

Prints `ready` when it starts, and after each step what is done.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import msgspec

from studio.core.paths import DataFolder
from studio.library import catch_up as catch_up_module
from studio.library.catch_up import PROGRESS
from studio.library.file_actions.action import (
    ActionKind,
    ExportOptions,
    FileAction,
    new_action_id,
)
from studio.library.file_actions.journal import ActionJournal, Progress
from studio.library.file_actions.move import move_items
from studio.library.file_actions.results import FileChange
from studio.library.file_actions.run import ActionRun
from studio.library.library import Library
from studio.library.scanning import scan

KINDS: tuple[ActionKind, ...] = ("copy", "export", "move")


def catch_up(library: Library) -> Iterator[str]:
    """Add the queue's artifacts in small pieces, from the beginning each time."""
    catch_up_module._BATCH = 3
    for number in count():
        library.index.remove(library.index.ids()[::2])
        library.index.set_progress(PROGRESS, "")
        library.catch_up()
        yield str(number)


def rebuild(library: Library) -> Iterator[str]:
    """Rebuild the index."""
    scan._BATCH = 3
    for number in count():
        library.rebuild()
        yield str(number)


def annotate(library: Library) -> Iterator[str]:
    """Rate one item after the other, each time with another number of stars."""
    for number in count(1):
        for item_id in library.index.ids():
            library.annotate(
                [item_id],
                lambda old: msgspec.structs.replace(old, rating=number % 5 + 1),  # noqa: B023
            )
            yield f"{item_id} {number % 5 + 1}"


def move(library: Library) -> Iterator[str]:
    """Move all items to another folder and back."""
    folders = (library.data.outputs / "other", library.data.outputs)
    folders[0].mkdir(exist_ok=True)
    for number in count():
        move_items(library.index, library.data, library.index.ids(), folders[number % 2])
        yield str(number)


def act(library: Library) -> Iterator[str]:
    """Copy, export and move all items, each into a new folder; `tests` continue what is killed."""
    data = library.data
    for number in count():
        kind = KINDS[number % len(KINDS)]
        action = FileAction(
            id=new_action_id(),
            kind=kind,
            files=tuple(
                FileChange(item.id, item.path, "")
                for item in library.index.search(limit=1000)
                if not Path(item.path).parent.name.startswith("copy")
            ),
            folder=str(data.root / "targets" / f"{kind}-{time.time_ns()}"),
            options=ExportOptions(image_format="jpg"),
        )
        ActionJournal(data.file_actions).begin(action)
        ActionRun(library.index, data, Progress(action=action)).run()
        ActionJournal(data.file_actions).end(action.id)
        yield str(number)


WORKS: dict[str, Callable[[Library], Iterator[str]]] = {
    "catch_up": catch_up,
    "rebuild": rebuild,
    "annotate": annotate,
    "move": move,
    "act": act,
}

if __name__ == "__main__":
    opened = Library(DataFolder(Path(sys.argv[2])))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for done in WORKS[sys.argv[1]](opened):
        sys.stdout.write(f"{done}\n")
        sys.stdout.flush()
