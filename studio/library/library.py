"""The library: one object for window and command line. Any thread may call it. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from studio.core.artifact import Artifact
from studio.core.paths import DataFolder
from studio.library.catch_up import add_artifacts, catch_up
from studio.library.index import LibraryIndex
from studio.library.items import Annotation

IsCancelled = Callable[[], bool]


def never() -> bool:
    """Return False: the work is not cancelled."""
    return False


class Library:
    """The library of one data folder. Raises sqlite3.Error if the index cannot be opened."""

    def __init__(self, data: DataFolder) -> None:
        self.data = data
        data.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.index = LibraryIndex(data.library)

    def close(self) -> None:
        """Close the index."""
        self.index.close()

    def catch_up(self, is_cancelled: IsCancelled = never) -> list[int]:
        """Add what the queue made since the last call; return the ids. Call it at each start.

        Raises StudioError and sqlite3.Error.
        """
        return catch_up(self.index, self.data.database, is_cancelled)

    def add_artifacts(self, artifacts: Iterable[Artifact]) -> list[int]:
        """Add artifacts of a job that finished; return the ids of new items."""
        return add_artifacts(self.index, artifacts)

    def add_files(self, paths: Iterable[Path], is_cancelled: IsCancelled = never) -> list[int]:
        """Add files where they lie, texts without a recipe too; return the ids of items."""
        from studio.library.read_item import read_item

        ids: list[int] = []
        for path in paths:
            if is_cancelled():
                break
            item = read_item(Path(path).absolute(), with_plain_texts=True)
            if item is not None:
                ids += self.index.add([item])
        return ids

    def annotate(
        self, ids: Iterable[int], change: Callable[[Annotation], Annotation]
    ) -> dict[int, Annotation]:
        """Change a person's notes about items; return id → the notes before, for undo."""
        before = self.index.annotations(list(ids))
        self.index.annotate({item_id: normal(change(old)) for item_id, old in before.items()})
        return before


def normal(annotation: Annotation) -> Annotation:
    """Return notes with their names sorted, each once, without empty ones."""
    return msgspec.structs.replace(
        annotation, tags=_names(annotation.tags), collections=_names(annotation.collections)
    )


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({name.strip() for name in names} - {""}))
