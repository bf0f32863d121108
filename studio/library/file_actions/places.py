"""Places of files: what belongs to an artifact, free names, and copies that replace nothing."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from studio.core.errors import StudioError
from studio.core.file_names import slug
from studio.core.files import part_path, publish, sha256_of
from studio.core.translation import tr
from studio.library.encoders import sidecar_path
from studio.media.companion_midi import companion_midi, midi_path

_MAX_NUMBER = 100_000


def pairs_of(source: Path, target: Path) -> list[tuple[Path, Path]]:
    """Return (from, to) of an artifact and of the files that belong to it, the artifact first."""
    pairs = [(source, target)]
    if sidecar_path(source).is_file():
        pairs.append((sidecar_path(source), sidecar_path(target)))
    if midi := companion_midi(source):
        pairs.append((midi, midi_path(target)))
    return pairs


def free_target(source: Path, folder: Path, name: str = "") -> Path:
    """Return a path in `folder` that no file has: `name`, or `name (2)` and so on."""
    wanted = Path(name or source.name)
    for number in range(1, _MAX_NUMBER):
        stem = wanted.stem if number == 1 else f"{wanted.stem} ({number})"
        target = folder / f"{stem}{wanted.suffix}"
        if not any(os.path.lexists(place) for _source, place in pairs_of(source, target)):
            return target
    raise FileExistsError(17, os.strerror(17), str(folder / wanted))


def checked_name(path: Path, new_name: str) -> str:
    """Return the file name for a name that a person typed. Raises StudioError."""
    name = new_name.strip()
    stem = name[: -len(path.suffix)] if name.lower().endswith(path.suffix.lower()) else name
    safe = slug(stem, 200)
    if not safe or safe != "-".join(stem.split()):
        raise StudioError(
            tr("{new_name!r} cannot be a file name on every system.", new_name=new_name),
            cause="invalid",
            cure=tr(
                'Leave out the characters < > : " / \\ | ? * and a dot at the beginning or end.'
            ),
        )
    return f"{stem}{path.suffix}"


def place_all(pairs: Iterable[tuple[Path, Path]]) -> None:
    """Put files at their new places too, what belongs to an artifact before it.

    Uses links where the file system has them. Raises FileExistsError if a place is taken, and
    OSError; then none is there.
    """
    placed: list[Path] = []
    try:
        for source, target in reversed(list(pairs)):
            target.parent.mkdir(exist_ok=True)
            _place(source, target)
            placed.append(target)
    except BaseException:
        for target in placed:
            with contextlib.suppress(OSError):
                target.unlink()
        raise


def _place(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:  # another drive, or a file system without links
        copy_file(source, target)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file with its times, completely or not at all. Raises FileExistsError and OSError."""
    part = part_path(target)
    try:
        with source.open("rb") as old, part.open("xb") as new:
            shutil.copyfileobj(old, new, 1 << 20)
            new.flush()
            os.fsync(new.fileno())
        shutil.copystat(source, part)
        publish(part, target)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def remove_companions(source: Path, target: Path) -> None:
    """Delete what a kill left at a target whose artifact was not written yet."""
    for _old, new in pairs_of(source, target)[1:]:
        new.unlink(missing_ok=True)


def is_same_file(one: Path, other: Path) -> bool:
    """Return True if both exist with the same content."""
    try:
        if one.samefile(other):
            return True
        return one.stat().st_size == other.stat().st_size and sha256_of(one) == sha256_of(other)
    except OSError:
        return False
