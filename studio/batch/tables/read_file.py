"""Read the bytes of a prompt file within limits."""

from __future__ import annotations

import os
from pathlib import Path

from studio.core.errors import StudioError
from studio.core.translation import mark, tr, tr_marked

MAX_FILE_BYTES = 32 * 2**20
"""A hundred thousand rows of 300 characters; the size is checked before reading."""
_CURE = mark("Choose a .txt, .csv, .jsonl, .json or .xlsx file of prompts.")


def read_bytes(path: Path) -> bytes:
    """Return the file's bytes. Raises StudioError if it is unreadable, empty or too large."""
    try:
        if path.exists() and not path.is_file():  # reading a pipe or device may never end
            raise _unreadable(path, tr("it is not a file"))
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read(MAX_FILE_BYTES + 1) if size <= MAX_FILE_BYTES else b""
    except (OSError, ValueError) as error:
        raise _unreadable(path, reason_of(error)) from error
    if max(size, len(data)) > MAX_FILE_BYTES:
        raise _unreadable(
            path, tr("it has more than {maximum} MB", maximum=MAX_FILE_BYTES // 2**20)
        )
    if not data.strip():
        raise _unreadable(path, tr("it is empty"))
    return data


def reason_of(error: OSError | ValueError) -> str:
    """Return the reason for a failed read, without the error number and file name."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _unreadable(path: Path, why: str) -> StudioError:
    return StudioError(
        tr("{file} cannot be read: {reason}.", file=path.name, reason=why),
        cause="invalid",
        cure=tr_marked(_CURE),
    )
