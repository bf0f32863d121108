"""The words that a person added to the dictionary: a text file, one word a line."""

from __future__ import annotations

from pathlib import Path

from studio.core.errors import StudioError
from studio.core.file_lock import hold
from studio.core.files import write_whole
from studio.core.paths import DataFolder
from studio.core.regular_file import read_regular
from studio.core.translation import tr

MAX_BYTES = 4 << 20


def read_words(data: DataFolder) -> frozenset[str]:
    """Return the words; none without a file. Raises StudioError."""
    return frozenset(_read(data.words))


def add_word(data: DataFolder, word: str) -> frozenset[str]:
    """Add a word and return all. Raises StudioError if the file cannot be changed."""
    try:
        with hold(data.words_lock):
            words = _read(data.words)
            if word not in words:
                words.append(word)
                write_whole(data.words, "".join(f"{one}\n" for one in words).encode(), replace=True)
    except OSError as error:  # a lock that is held raises TimeoutError, one of these
        raise _unusable(data.words, error) from error
    return frozenset(words)


def _read(path: Path) -> list[str]:
    try:
        text = read_regular(path, MAX_BYTES).decode(errors="replace")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unusable(path, error) from error
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _unusable(path: Path, error: OSError) -> StudioError:
    return StudioError(
        tr("Your own words cannot be read or changed ({reason}).", reason=error.strerror or error),
        cure=tr("Check the file {path}.", path=path),
    )
