"""A person's notes next to the files, so that an index that is rebuilt has them again.

Every folder with annotated files has `.studio/annotations.jsonl`. A line is the complete
annotation of one file, and the last line of a name counts. A folder that cannot be written has its
lines in the data folder, where a file is found by its hash.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from studio.core import file_lock
from studio.core.artifact import SIDECAR_FOLDER
from studio.core.file_names import one_line
from studio.core.files import sync_folder, write_whole
from studio.core.paths import DataFolder
from studio.core.regular_file import BINARY, CLOEXEC, NOFOLLOW, NONBLOCK, read_regular
from studio.library.items import MAX_RATING, Annotation

FILE_NAME = "annotations.jsonl"
_MAX_BYTES = 256 * 2**20
_MAX_LINE_BYTES = 2**20
_MAX_NAMES = 200
"""Tags, or collections, of one file."""
_MAX_NAME_CHARACTERS = 200
_MAX_NOTE_CHARACTERS = 100_000
_COMPACT_BYTES = 64 * 2**10
"""Smaller files are not compacted."""
_FULL_DISK = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | BINARY | CLOEXEC | NOFOLLOW | NONBLOCK


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The annotation of one file, as it is stored."""

    name: str
    """File name; in the data folder the absolute path."""
    sha256: str
    annotation: Annotation = Annotation()
    changed: float = 0.0
    """Unix time in seconds."""


class Annotated(NamedTuple):
    """A file with its new annotation."""

    path: str
    sha256: str
    annotation: Annotation


class NotesChange(NamedTuple):
    """What a change did to the notes of one item."""

    before: Annotation
    after: Annotation


_COMMAS = re.compile("[,，]")
_DECODER = msgspec.json.Decoder(Line)


def annotations_path(folder: Path) -> Path:
    """Return the file with the annotations of a folder's files."""
    return folder / SIDECAR_FOLDER / FILE_NAME


def read_annotations(folder: Path) -> dict[str, Line]:
    """Return file name → annotation of a folder's files. Lines that are damaged are skipped."""
    return {line.name: line for line in _read_lines(annotations_path(folder))}


def read_fallback(data: DataFolder) -> dict[str, Line]:
    """Return SHA-256 → annotation of files in folders that cannot be written."""
    return {line.sha256: line for line in _read_lines(data.annotations)}


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Keep other programs from changing a folder's annotations; yield False if that is impossible.

    Two data folders may watch the same folder.
    """
    path = annotations_path(folder)
    with contextlib.ExitStack() as stack:
        try:
            path.parent.mkdir(exist_ok=True)
            stack.enter_context(file_lock.hold(_lock_path(path)))
        except OSError:  # read-only, gone or full; `save_annotations` knows what to do
            yield False
        else:
            yield True


def stamp_of(folder: Path) -> tuple[int, int, int]:
    """Return what changes when a folder's annotations do; zeros if it has none."""
    try:
        status = annotations_path(folder).stat()
    except OSError:
        return 0, 0, 0
    return status.st_ino, status.st_size, status.st_mtime_ns


def save_annotations(
    data: DataFolder, files: Iterable[Annotated], *, is_locked: bool = False
) -> None:
    """Store annotations durably next to their files. Raises OSError if the disk is full.

    Lines of a folder that is read-only or gone go to the data folder. `is_locked`: the caller holds
    the lock of the folder.
    """
    now = time.time()
    folders: dict[Path, list[Annotated]] = {}
    for file in files:
        folders.setdefault(Path(file.path).parent, []).append(file)
    fallback: list[Line] = []
    for folder, annotated in folders.items():
        lines = [
            Line(
                name=Path(file.path).name,
                sha256=file.sha256,
                annotation=file.annotation,
                changed=now,
            )
            for file in annotated
        ]
        try:
            _append(annotations_path(folder), lines, is_locked=is_locked)
        except OSError as error:
            if error.errno in _FULL_DISK:
                raise
            fallback += [
                msgspec.structs.replace(line, name=file.path)
                for line, file in zip(lines, annotated, strict=True)
            ]
    if fallback:
        _append(data.annotations, fallback)


def _read_lines(path: Path) -> list[Line]:
    try:
        content = read_regular(path, _MAX_BYTES)
    except OSError:
        return []
    return list(filter(None, map(_decode, content.split(b"\n"))))


def _decode(line: bytes) -> Line | None:
    if not line or len(line) > _MAX_LINE_BYTES:
        return None
    try:
        decoded = _DECODER.decode(line)
        # Anyone may have written the file: a folder can come from elsewhere.
        return msgspec.structs.replace(decoded, annotation=normal(decoded.annotation))
    except (ValueError, RecursionError):  # torn by a kill; msgspec's errors are ValueErrors
        return None


def normal(annotation: Annotation) -> Annotation:
    """Return notes within their limits: names sorted, each once, none empty, on one line.

    A comma separates names where a person types them, so no name has one: a tag with commas is
    several tags, and a collection's name has spaces instead.
    """
    tags = (tag for text in annotation.tags for tag in split_names(text[:_MAX_NOTE_CHARACTERS]))
    return msgspec.structs.replace(
        annotation,
        rating=min(max(annotation.rating, 0), MAX_RATING),
        note=annotation.note[:_MAX_NOTE_CHARACTERS].replace("\0", " "),
        tags=_names(tags),
        collections=_names(map(collection_name, annotation.collections)),
    )


def split_names(text: str) -> list[str]:
    """Return the names in a text that separates them by commas, also Chinese ones."""
    return [name for part in _COMMAS.split(text) if (name := part.strip())]


def collection_name(text: str) -> str:
    """Return a collection's name without commas."""
    return " ".join(_COMMAS.sub(" ", text).split()) if _COMMAS.search(text) else text.strip()


def merged(old: Annotation, shown: Annotation, edited: Annotation) -> Annotation:
    """Return the old notes with what an editor changed in those that it showed.

    Another window or a command may have changed the others meanwhile.
    """
    return Annotation(
        rating=old.rating if edited.rating == shown.rating else edited.rating,
        favorite=old.favorite if edited.favorite == shown.favorite else edited.favorite,
        note=old.note if edited.note == shown.note else edited.note,
        tags=_merged(old.tags, shown.tags, edited.tags),
        collections=_merged(old.collections, shown.collections, edited.collections),
    )


def undone(now: Annotation, change: NotesChange) -> Annotation:
    """Return the notes without what a change did; what changed since stays as it is."""
    before, after = change
    return Annotation(
        rating=before.rating if now.rating == after.rating else now.rating,
        favorite=before.favorite if now.favorite == after.favorite else now.favorite,
        note=before.note if now.note == after.note else now.note,
        tags=_merged(now.tags, after.tags, before.tags),
        collections=_merged(now.collections, after.collections, before.collections),
    )


def keeps_newer(now: Annotation, change: NotesChange) -> bool:
    """Return whether `undone` keeps a rating, favorite or note that was changed again since."""
    before, after = change
    values = (
        (now.rating, after.rating, before.rating),
        (now.favorite, after.favorite, before.favorite),
        (now.note, after.note, before.note),
    )
    return any(new != old and value not in (new, old) for value, new, old in values)


def _merged(
    old: tuple[str, ...], shown: tuple[str, ...], edited: tuple[str, ...]
) -> tuple[str, ...]:
    removed = set(shown) - set(edited)
    return (*(name for name in old if name not in removed), *(set(edited) - set(shown)))


def _names(names: Iterable[str]) -> tuple[str, ...]:
    cut = (one_line(name[: 2 * _MAX_NAME_CHARACTERS])[:_MAX_NAME_CHARACTERS] for name in names)
    return tuple(sorted({name.strip() for name in cut} - {""})[:_MAX_NAMES])


def _lock_path(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")


def _append(path: Path, lines: Sequence[Line], *, is_locked: bool = False) -> None:
    """Append lines in one write; compact a file that has grown and is mostly outdated."""
    if not path.parent.exists():
        path.parent.mkdir()
    with contextlib.nullcontext() if is_locked else file_lock.hold(_lock_path(path)):
        is_new = not path.exists()
        before, after = _write(path, b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
        if is_new:
            sync_folder(path.parent)
            sync_folder(path.parent.parent)
        # Checked whenever the size doubles, so that most changes do not read the file.
        if after >= _COMPACT_BYTES and after.bit_length() > before.bit_length():
            _compact(path)


def _write(path: Path, data: bytes) -> tuple[int, int]:
    """Append and sync; return the size before and after."""
    descriptor = os.open(path, _FLAGS, 0o644)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        try:
            if status.st_size and _last_byte(file.fileno(), status.st_size) != b"\n":
                data = b"\n" + data  # a kill tore the last line
            if file.write(data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            os.fsync(descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(status.st_size)
            raise
    return status.st_size, status.st_size + len(data)


def _last_byte(descriptor: int, size: int) -> bytes:
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1)


def _compact(path: Path) -> None:
    lines = _read_lines(path)
    latest = {line.name: line for line in lines}
    if len(lines) >= 2 * len(latest):
        data = b"".join(msgspec.json.encode(line) + b"\n" for line in latest.values())
        write_whole(path, data, replace=True)
