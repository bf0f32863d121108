"""Files are written whole: a temporary name in the same folder, fsync, rename, fsync of the
folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

PART_SUFFIX = ".part"
_BLOCK_BYTES = 8 << 20
ENOUGH_BYTES = 50 * 2**20
"""Free, so that a disk counts as one with room."""


def write_whole(path: Path, data: bytes, *, replace: bool = False, mode: int = 0o644) -> None:
    """Write `data` to `path` so that the file is there complete or not at all.

    Raises FileExistsError when the file exists and `replace` is False, and OSError (ENOSPC …) with
    nothing changed.
    """
    part = part_path(path)
    try:
        descriptor = os.open(
            part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), mode
        )
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        publish(part, path, replace=replace)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def part_path(path: Path) -> Path:
    """Return a new temporary name beside `path`; short, because the final name may be near the
    system's limit.

    It begins with this process's id, so that what a dead process left can be told from what another
    one is writing.
    """
    return path.with_name(f".{os.getpid():08x}{secrets.token_hex(4)}{PART_SUFFIX}")


def publish(
    part: Path, path: Path, *, replace: bool = False, link: Callable[[Path, Path], None] = os.link
) -> None:
    """Give the complete, fsynced file `part` its final name `path`, and make the name last.

    Raises FileExistsError when the file exists and `replace` is False.
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
        # a file system without links (exFAT, some network drives): claim the name, then replace our
        # claim
        except OSError:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
            part.replace(path)
        else:
            part.unlink()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` last over a power cut. Windows cannot open a folder and does not
    need to.
    """
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path, read: Callable[[int], None] = lambda _size: None) -> str:
    """Return the file's SHA-256 as hex. `read` is told the bytes of each block, and may raise to
    stop.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            read(len(block))
    return digest.hexdigest()


def can_write(folder: Path) -> bool:
    """True where a file can be written to the folder, which is made where it is not there, and
    there is room.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return shutil.disk_usage(folder).free >= ENOUGH_BYTES
    except OSError:
        return False
