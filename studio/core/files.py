"""Atomic writes: a temporary name in the same folder, fsync, rename, fsync of the folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from studio.core.regular_file import NOFOLLOW

PART_SUFFIX = ".part"
_BLOCK_BYTES = 8 << 20
ENOUGH_BYTES = 50 * 2**20
"""Free bytes that `can_write` asks for."""


def write_whole(
    path: Path,
    data: bytes,
    *,
    replace: bool = False,
    mode: int = 0o644,
    on_complete: Callable[[Path], None] = lambda _part: None,
) -> None:
    """Write `data` to `path` completely or not at all.

    `on_complete` gets the complete file under its temporary name; what it raises stops the write.
    Raises FileExistsError if the file exists and `replace` is False, and OSError (ENOSPC …) with
    nothing changed.
    """
    part = part_path(path)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NOFOLLOW
        descriptor = os.open(part, flags, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        on_complete(part)
        publish(part, path, replace=replace)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def part_path(path: Path) -> Path:
    """Return a new temporary name in the folder of `path`.

    It is short, because the final name may be near the system's limit, and begins with this
    process's id, so that files of dead processes can be recognized.
    """
    return path.with_name(f".{os.getpid():08x}{os.urandom(4).hex()}{PART_SUFFIX}")


def publish(
    part: Path, path: Path, *, replace: bool = False, link: Callable[[Path, Path], None] = os.link
) -> None:
    """Rename the complete, fsynced file `part` to `path` and sync the folder.

    Raises FileExistsError if the file exists and `replace` is False.
    """
    if replace:
        part.replace(path)
    elif sys.platform == "win32":
        part.rename(path)  # on Windows a rename never replaces
    else:
        try:
            link(part, path)  # a link never replaces
        except FileExistsError:
            raise
        except OSError:  # no hard links (exFAT, some network drives): create the name, replace it
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
            part.replace(path)
        else:
            part.unlink()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` survive a power cut; Windows needs no such call."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path, on_read: Callable[[int], None] = lambda _size: None) -> str:
    """Return the file's SHA-256 as hex. `on_read` gets each block's size, and may raise to stop."""
    import hashlib  # loads OpenSSL, 3.5 MB, which no start needs

    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            on_read(len(block))
    return digest.hexdigest()


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of bytes as hex."""
    import hashlib  # see `sha256_of`

    return hashlib.sha256(data).hexdigest()


def can_write(folder: Path) -> bool:
    """True if a file can be written to the folder, which is created, and the disk has room."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return shutil.disk_usage(folder).free >= ENOUGH_BYTES
    except OSError:
        return False


def is_gone(path: str) -> bool:
    """Return True if a file is not at its path; False if that cannot be seen."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False
