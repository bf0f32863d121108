"""The paths of all files that Studio stores."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple

import platformdirs

from studio.core.errors import StudioError
from studio.core.translation import tr

ENVIRONMENT_VARIABLE = "STUDIO_DATA_DIR"
MAX_NAME_BYTES = 255
"""Bytes of one file or folder name; the limit of common file systems."""
MAX_PATH_BYTES = 4_000


def user_path(text: str | Path) -> Path:
    """Return a path that the user typed, with `~` expanded.

    Every path from the command line is passed through this or `input_path`. Raises StudioError if
    the name is impossible, or not valid UTF-8, in which queue and recipes are stored.
    """
    if any("\ud800" <= character <= "\udfff" for character in str(text)):
        raise _invalid(
            tr("The name {name} is not valid UTF-8.", name=_shown(str(text))),
            tr("Rename the file or folder."),
        )
    return input_path(text)


def input_path(text: str | Path) -> Path:
    """Return the path of a file to read, whose name may have any encoding. Raises StudioError."""
    name = str(text)
    if "\0" in name:
        raise _invalid(
            tr("The name {name} is not possible.", name=_shown(name)), tr("Check the name.")
        )
    if len(os.fsencode(name)) > MAX_PATH_BYTES or any(
        _name_size(part) > MAX_NAME_BYTES for part in Path(name).parts
    ):
        raise _invalid(
            tr("The name {name} is too long.", name=_shown(name)),
            tr("A name can have at most {limit} bytes.", limit=MAX_NAME_BYTES),
        )
    try:
        return Path(name).expanduser()
    except RuntimeError:  # no such user, or a user without a home folder
        raise _invalid(
            tr("The home folder in {name} is unknown.", name=_shown(name)),
            tr("Write the absolute path."),
        ) from None


def expand_home(path: str | Path) -> Path:
    """Return the path with `~` expanded; unchanged if the user is unknown or has no home folder."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def check_output_folder(folder: Path) -> None:
    """Raise StudioError if the folder cannot be written to, or not be created.

    A dangling link is accepted: it may lead to a drive that is not mounted yet.
    """
    existing = folder
    while not os.path.lexists(existing) and existing.parent != existing:
        existing = existing.parent
    if is_dangling(existing):
        return
    if not existing.is_dir():
        raise _invalid(tr("{path} is a file, not a folder.", path=existing), tr("Choose a folder."))
    if not os.access(existing, os.W_OK | os.X_OK):
        raise _invalid(
            tr("{path} cannot be written to.", path=existing),
            tr("Choose another folder, or change its permissions."),
        )


def is_dangling(path: Path) -> bool:
    """True for a link with a missing target; False for a link to itself."""
    try:
        path.stat()
    except FileNotFoundError:
        return path.is_symlink()
    except OSError:
        return False
    return False


def _name_size(part: str) -> int:
    return len(part) if sys.platform == "win32" else len(os.fsencode(part))


def _shown(name: str) -> str:
    name = name.encode(errors="replace").decode()
    return name if len(name) <= 80 else f"{name[:60]}…"


def _invalid(message: str, cure: str) -> StudioError:
    return StudioError(message, cause="invalid", cure=cure)


class DataFolder(NamedTuple):
    """The folder of everything that Studio stores."""

    root: Path

    @property
    def database(self) -> Path:
        """Jobs, batches and artifacts."""
        return self.root / "studio.db"

    @property
    def documents(self) -> Path:
        """Documents with their versions; see `documents/store.py`."""
        return self.root / "documents.sqlite"

    @property
    def words(self) -> Path:
        """Words that the spell check accepts; see `documents/spelling/own_words.py`."""
        return self.root / "words.txt"

    @property
    def words_lock(self) -> Path:
        """Held while a program adds a word."""
        return self.root / "words.lock"

    @property
    def dictionaries(self) -> Path:
        """A person's own Hunspell dictionaries, such as `en_GB.aff` and `en_GB.dic`."""
        return self.root / "dictionaries"

    @property
    def library(self) -> Path:
        """The library's index, which can be rebuilt from the files; see `library/index.py`."""
        return self.root / "library.db"

    @property
    def library_lock(self) -> Path:
        """Held while a program changes a person's notes, or replaces the index."""
        return self.root / "library.lock"

    @property
    def moves_lock(self) -> Path:
        """Held while a program moves the library's files."""
        return self.root / "library-moves.lock"

    @property
    def file_actions(self) -> Path:
        """What is being done to many files; see `library/file_actions/journal.py`."""
        return self.root / "file-actions"

    @property
    def rebuilt_library(self) -> Path:
        """A new index while it is built; see `library/scanning/rebuild.py`."""
        return self.root / "library-rebuilt.db"

    @property
    def library_lists(self) -> Path:
        """Saved searches, watched folders and collections; see `library/kept_lists.py`."""
        return self.root / "library.json"

    @property
    def annotations(self) -> Path:
        """A person's notes about files in folders that cannot be written."""
        return self.root / "annotations.jsonl"

    @property
    def thumbnails(self) -> Path:
        """Thumbnails of the library, which can be made again."""
        return self.root / "thumbnails.db"

    @property
    def models(self) -> Path:
        """One folder per model, with its `card.toml`."""
        return self.root / "models"

    @property
    def downloads(self) -> Path:
        """Partial downloads of models."""
        return self.root / "downloads"

    @property
    def outputs(self) -> Path:
        """Artifacts, unless the user chose another folder."""
        return self.root / "outputs"

    @property
    def tasks(self) -> Path:
        """A person's own guided tasks, TOML files; see `text_tasks/loader.py`."""
        return self.root / "tasks"

    @property
    def presets(self) -> Path:
        """A person's presets, a folder per kind."""
        return self.root / "presets"

    @property
    def wildcards(self) -> Path:
        """Files of lines for `__name__` in a prompt of the window."""
        return self.root / "wildcards"

    @property
    def masks(self) -> Path:
        """Masks painted in the window, which recipes refer to."""
        return self.root / "masks"

    @property
    def frames(self) -> Path:
        """Frames of videos that recipes refer to, as images."""
        return self.root / "frames"

    @property
    def logs(self) -> Path:
        """Log files, without prompts."""
        return self.root / "logs"

    @property
    def settings(self) -> Path:
        """The settings."""
        return self.root / "settings.json"

    @property
    def settings_lock(self) -> Path:
        """Held while a program changes the settings."""
        return self.root / "settings.lock"

    @property
    def drafts(self) -> Path:
        """The values of the window's forms."""
        return self.root / "drafts.json"

    @property
    def watched(self) -> Path:
        """The state of watched folders, a file each."""
        return self.root / "watched"

    @property
    def lock(self) -> Path:
        """Lock of the program that runs this folder's queue."""
        return self.root / "studio.lock"

    @property
    def socket(self) -> Path:
        """Socket of the window that runs this folder's queue."""
        return self.root / "studio.socket"

    @property
    def ballast(self) -> Path:
        """Deleted when the disk is full, so that failures can still be recorded."""
        return self.root / "ballast"

    @property
    def cache(self) -> Path:
        """Caches of libraries."""
        return self.root / "cache"

    @property
    def telemetry_mark(self) -> Path:
        """Marks that telemetry files of a library are removed; see `telemetry.py`."""
        return self.root / "telemetry-removed.txt"

    def check(self) -> None:
        """Raise StudioError if the data folder or a folder in it is a file."""
        for folder in self._folders():
            if os.path.lexists(folder) and not folder.is_dir():
                raise _unusable(self.root, tr("{path} is not a folder", path=folder))
        existing = next((parent for parent in self.root.parents if os.path.lexists(parent)), None)
        if existing is not None and not existing.is_dir():
            raise _unusable(self.root, tr("{path} is not a folder", path=existing))

    def create(self) -> None:
        """Create the folders, readable by this user only. Raises StudioError."""
        self.check()
        for folder in self._folders():
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise _unusable(
                    self.root,
                    tr("{path} cannot be created ({reason})", path=folder, reason=error.strerror),
                ) from error

    def _folders(self) -> tuple[Path, ...]:
        return self.root, self.models, self.outputs, self.logs


def _unusable(root: Path, why: str) -> StudioError:
    return _invalid(
        tr("The data folder {root} cannot be used: {why}.", root=root, why=why),
        tr("Choose another folder with --data-dir."),
    )


def data_folder(override: str | Path | None = None) -> DataFolder:
    """Return `override`, $STUDIO_DATA_DIR or the platform's data folder. Raises StudioError."""
    chosen = override or os.environ.get(ENVIRONMENT_VARIABLE)
    return DataFolder(root=(user_path(chosen) if chosen else _platform_folder()).absolute())


def _platform_folder() -> Path:
    return user_path(platformdirs.user_data_dir("studio", appauthor=False))
