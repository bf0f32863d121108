"""The one place that decides where files go."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple

ENVIRONMENT_VARIABLE = "STUDIO_DATA_DIR"


class DataFolder(NamedTuple):  # no msgspec: the window is painted before that is imported
    """Everything that Studio keeps, under one folder."""

    root: Path

    @property
    def database(self) -> Path:
        """Jobs, batches and the library's index."""
        return self.root / "studio.db"

    @property
    def models(self) -> Path:
        """One folder a model, each with its `card.toml`."""
        return self.root / "models"

    @property
    def downloads(self) -> Path:
        """Wheels and parts on their way to become a model."""
        return self.root / "downloads"

    @property
    def outputs(self) -> Path:
        """Artifacts, unless the person chose another folder."""
        return self.root / "outputs"

    @property
    def masks(self) -> Path:
        """Masks that were painted in the window; recipes name them."""
        return self.root / "masks"

    @property
    def logs(self) -> Path:
        """Log files; they never hold a prompt."""
        return self.root / "logs"

    @property
    def settings(self) -> Path:
        """What the person set."""
        return self.root / "settings.json"

    @property
    def settings_lock(self) -> Path:
        """Held while a program changes the settings."""
        return self.root / "settings.lock"

    @property
    def drafts(self) -> Path:
        """What stands in the forms of the window."""
        return self.root / "drafts.json"

    @property
    def watched(self) -> Path:
        """What became of the batch files in folders that are watched, a file for each folder."""
        return self.root / "watched"

    @property
    def lock(self) -> Path:
        """Held by the one program that runs this folder's queue."""
        return self.root / "studio.lock"

    @property
    def socket(self) -> Path:
        """On which the window that runs this folder's queue is found."""
        return self.root / "studio.socket"

    @property
    def ballast(self) -> Path:
        """Deleted when the disk is full, so that the failure can be recorded."""
        return self.root / "ballast"

    @property
    def telemetry_mark(self) -> Path:
        """Says that what a library's telemetry left on this computer is removed; see `core/telemetry.py`."""
        return self.root / "telemetry-removed.txt"

    def create(self) -> None:
        """Make the folders, readable by this person only."""
        for folder in (self.root, self.models, self.outputs, self.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def data_folder(override: str | Path | None = None) -> DataFolder:
    """Return the data folder: `override`, else $STUDIO_DATA_DIR, else the platform's own place."""
    chosen = override or os.environ.get(ENVIRONMENT_VARIABLE)
    return DataFolder(root=(Path(chosen).expanduser() if chosen else _platform_folder()).absolute())


def _platform_folder() -> Path:
    linux = sys.platform == "linux"
    if linux:  # what platformdirs says there; its import takes 6 ms before the first paint
        home = os.environ.get("XDG_DATA_HOME", "").strip()
        return (Path(home) if home else Path("~/.local/share").expanduser()) / "studio"
    import platformdirs

    return Path(platformdirs.user_data_dir("studio", appauthor=False))


def resources() -> Path:
    """Return the folder of what is not code: in the wheel inside the package, in a checkout beside it."""
    inside = Path(__file__).resolve().parent.parent / "resources"
    if inside.is_dir():
        return inside
    frozen = getattr(sys, "_MEIPASS", None)  # PyInstaller's folder
    if frozen:
        return Path(frozen) / "resources"
    return Path(__file__).resolve().parent.parent.parent / "resources"
