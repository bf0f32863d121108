"""Reads the annotations next to files into the index, for a scan and before they are changed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from studio.core.paths import DataFolder
from studio.library.annotations import (
    Annotated,
    Line,
    locked,
    read_annotations,
    read_fallback,
    save_annotations,
    stamp_of,
)
from studio.library.index import LibraryIndex
from studio.library.items import Annotation, Item
from studio.library.scanning.known_files import known_files


class Restoration:
    """Brings annotations from their files into the index. What is in a file counts."""

    def __init__(self, index: LibraryIndex, data: DataFolder) -> None:
        self._index = index
        self._data = data
        self._fallback = read_fallback(data)
        self._orphans: dict[str, Line] = {}
        """SHA-256 → annotation of a file that is no longer in its folder."""
        self._lines: dict[Path, dict[str, Line]] = {}

    def restore_known(self, folder: Path) -> int:
        """Apply the annotations of those files in a folder that the index has."""
        return self._apply(folder, read_annotations(folder).values())

    def restore_folder(self, folder: Path, names: set[str]) -> int:
        """Apply the annotations of a folder with these files; return how many changed."""
        lines = read_annotations(folder)
        for line in lines.values():
            if line.name not in names and line.annotation != Annotation():
                self._keep_orphan(line)
        return self._apply(folder, [line for line in lines.values() if line.name in names])

    def _apply(self, folder: Path, lines: Iterable[Line]) -> int:
        by_name = {line.name: line for line in lines}
        known = known_files(self._index, [str(folder / name) for name in by_name])
        before = self._index.annotations([file.id for file in known.values()])
        changed = {}
        for file in known.values():
            line = _later(by_name[Path(file.path).name], self._fallback.get(file.sha256))
            if before.get(file.id) != line.annotation:
                changed[file.id] = line.annotation
        if changed:
            self._index.annotate(changed)
        return len(changed)

    def save_moved(self, moved: Mapping[str, str]) -> None:
        """Store the notes of files that were moved into one folder: new path → old path.

        The program that moved them may have noted more before, or taken the notes along.
        """
        folder = Path(next(iter(moved))).parent
        known = known_files(self._index, list(moved)).values()
        noted = self._index.annotations([file.id for file in known])
        lines = {
            file: self._last_line(moved[file.path], file.sha256, noted[file.id]) for file in known
        }
        changed = {
            file.id: line.annotation
            for file, line in lines.items()
            if line.annotation != noted[file.id]
        }
        if changed:
            self._index.annotate(changed)
        if all(line.annotation == Annotation() for line in lines.values()):
            return
        with locked(folder) as is_locked:
            there = read_annotations(folder)
            files = []
            for file, line in lines.items():
                own = there.get(Path(file.path).name)
                is_newer = own is None or own.sha256 != file.sha256 or own.changed < line.changed
                if is_newer and line.annotation != Annotation():
                    files.append(Annotated(file.path, file.sha256, line.annotation))
            save_annotations(self._data, files, is_locked=is_locked)

    def _last_line(self, old_path: str, sha256: str, noted: Annotation) -> Line:
        """Return a file's notes from its old place; `noted`: those of the index."""
        own = self._own_line(old_path)
        if own is None or own.sha256 != sha256:
            own = Line(name=Path(old_path).name, sha256=sha256, annotation=noted)
        return _later(own, self._fallback.get(sha256))

    def restore_by_hash(self) -> int:
        """Apply annotations of files that are elsewhere now; return how many changed."""
        changed: dict[int, Annotation] = {}
        moved: list[Annotated] = []
        for sha256, line in self._orphans.items():
            for item in self._index.find_by_hash(sha256):
                if not item.missing and self._is_free(item):
                    changed[item.id] = line.annotation
                    moved.append(Annotated(item.path, sha256, line.annotation))
        for sha256, line in self._fallback.items():
            for item in self._index.find_by_hash(sha256):
                own = self._own_line(item.path)
                latest = line if own is None else _later(own, line)
                if item.id not in changed and self._index.annotation(item.id) != latest.annotation:
                    changed[item.id] = latest.annotation
        if moved:
            save_annotations(self._data, moved)
        if changed:
            self._index.annotate(changed)
        return len(changed)

    def _is_free(self, item: Item) -> bool:
        """Return True if nothing was noted about an item, not even that a note was deleted."""
        return self._own_line(item.path) is None and self._index.annotation(item.id) == Annotation()

    def _own_line(self, path: str) -> Line | None:
        folder = Path(path).parent
        if folder not in self._lines:
            self._lines[folder] = read_annotations(folder)
        return self._lines[folder].get(Path(path).name)

    def _keep_orphan(self, line: Line) -> None:
        self._orphans[line.sha256] = _later(line, self._orphans.get(line.sha256))


class FolderNotes:
    """Brings what other programs noted into the index before this one changes it."""

    def __init__(self, data: DataFolder) -> None:
        self._data = data
        self._seen: dict[Path, tuple[int, int, int]] = {}
        """Folder → the stamp of its annotations that the index has."""

    @contextlib.contextmanager
    def changing(self, index: LibraryIndex, folder: Path) -> Iterator[bool]:
        """Lock a folder's annotations, and bring the index up to date; see `annotations.locked`."""
        with locked(folder) as is_locked:
            if stamp_of(folder) != self._seen.get(folder):
                Restoration(index, self._data).restore_known(folder)
            yield is_locked
            self._seen[folder] = stamp_of(folder)


def _later(line: Line, other: Line | None) -> Line:
    """Return the one that changed last, `line` if both did at the same time."""
    return other if other is not None and other.changed > line.changed else line
