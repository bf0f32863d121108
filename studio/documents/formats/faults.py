"""Limits on what is read, and the errors that name them."""

from __future__ import annotations

from pathlib import Path

from studio.core.errors import StudioError
from studio.core.file_names import printable
from studio.core.translation import tr
from studio.documents.document import MAX_CHARACTERS

MAX_TEXT_FILE_BYTES = 32 * 2**20
"""Of a file that is text itself: thirty times the Bible."""
MAX_FILE_BYTES = 256 * 2**20
"""Of a file with images in it."""


def unreadable(path: Path, reason: str, cure: str) -> StudioError:
    """Return the error for a file that cannot be read."""
    return StudioError(
        tr("{file} cannot be read: {reason}.", file=printable(path.name), reason=reason),
        cause="invalid",
        cure=cure,
    )


def damaged(path: Path) -> StudioError:
    """Return the error for a file whose content is incomplete or invalid."""
    return unreadable(
        path,
        tr("it is damaged or incomplete"),
        tr("Get the file again, or open it in the program that made it and save it again."),
    )


def too_large(path: Path, reason: str) -> StudioError:
    """Return the error for a file above a limit; `reason` completes "cannot be read: …"."""
    return unreadable(path, reason, tr("Split it into several files, and open them one by one."))


def check_characters(path: Path, count: int) -> None:
    """Raise StudioError if a text is too long."""
    if count > MAX_CHARACTERS:
        raise too_large(
            path, tr("its text has more than {limit:,} characters", limit=MAX_CHARACTERS)
        )
