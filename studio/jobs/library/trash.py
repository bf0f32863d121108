"""Moves artifacts to the desktop's trash, and back. Blocks on the disk: call it in another thread.

Files that belong to an artifact go with it: the recipe of a text, the MIDI file of music.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
from PySide6.QtCore import QFile

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.media.companion_midi import companion_midi


class TrashedFile(msgspec.Struct, frozen=True):
    """One file in the trash."""

    path: Path
    """Where it was."""
    in_trash: Path | None
    """Where it is now; None if the system does not say, so that Studio cannot restore it."""


class Trashed(msgspec.Struct, frozen=True):
    """An artifact in the trash, with the files that belong to it."""

    path: Path
    files: tuple[TrashedFile, ...]

    @property
    def can_restore(self) -> bool:
        """True if Studio knows where its files are in the trash."""
        return all(file.in_trash is not None for file in self.files)


class TrashResult(msgspec.Struct, frozen=True):
    """What became of several artifacts."""

    trashed: tuple[Trashed, ...]
    failed: dict[Path, str]
    """Path → why it is still in its place."""


def move_to_trash(
    paths: Iterable[Path], is_cancelled: Callable[[], bool] = lambda: False
) -> TrashResult:
    """Move artifacts to the trash. One that cannot be moved stays in its place, complete."""
    trashed: list[Trashed] = []
    failed: dict[Path, str] = {}
    for path in paths:
        if is_cancelled():
            break
        try:
            trashed.append(_move(path))
        except OSError as error:
            failed[path] = error.strerror or str(error)
    return TrashResult(tuple(trashed), failed)


def restore(trashed: Trashed) -> None:
    """Move an artifact from the trash to where it was.

    Raises StudioError if it is no longer in the trash or another file has its name now.
    """
    for file in trashed.files:
        if file.in_trash is None or not file.in_trash.exists():
            raise StudioError(
                tr("{name} is no longer in the trash.", name=file.path.name),
                cause="disk",
                cure=tr("Look for it in your desktop's trash."),
            )
        if file.path.exists():
            raise StudioError(
                tr(
                    "{path} exists again, so the file in the trash was not moved there.",
                    path=file.path,
                ),
                cause="disk",
                cure=tr("Rename one of the two, then try again."),
            )
    for file in reversed(trashed.files):  # after a kill, what belongs to an artifact is there
        if file.in_trash is not None:
            _move_back(file.in_trash, file.path)


def _move(path: Path) -> Trashed:
    files = [_trash_file(path)]  # first: if it stays, what belongs to it must stay, too
    for companion in _companions(path):
        with contextlib.suppress(OSError):  # left behind, it harms nothing
            files.append(_trash_file(companion))
    return Trashed(path, tuple(files))


def _companions(path: Path) -> list[Path]:
    """Return the files that Studio wrote with an artifact, found while it is in the trash."""
    from studio.library.encoders import sidecar_path  # imports numpy

    sidecar, midi = sidecar_path(path), companion_midi(path)
    return [file for file in (sidecar if sidecar.is_file() else None, midi) if file is not None]


def _trash_file(path: Path) -> TrashedFile:
    file = QFile(str(path))
    if not path.is_symlink() and not path.exists():
        raise FileNotFoundError(2, tr("The file does not exist"))
    if not file.moveToTrash():
        raise OSError(5, tr("This folder has no trash, or you may not delete from it"))
    name = file.fileName()
    in_trash = Path(name) if name and Path(name) != path else None
    return TrashedFile(path, in_trash)


def _move_back(in_trash: Path, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(in_trash, path)
    # The freedesktop.org trash keeps a note of each file's origin.
    note = in_trash.parent.parent / "info" / f"{in_trash.name}.trashinfo"
    if in_trash.parent.name == "files":
        note.unlink(missing_ok=True)
