"""Removes files that onnxruntime's telemetry stored while earlier builds of Studio allowed it.

Since 1.29 onnxruntime keeps a device id and a database of events in the user's cache folder, and a
session file in the temporary folder. `core/environment.py` keeps it from doing so now;
docs/security.md describes what it sent.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
import tempfile
from pathlib import Path

from studio.core.paths import DataFolder
from studio.core.translation import tr

PARTS = ("Microsoft", "DeveloperTools", ".onnxruntime")
_NAMES = re.compile(r"deviceid(\.tmp\..*)?|onnxruntime\.db(-journal|-shm|-wal)?|.*\.ses")
_SESSION = re.compile(rb"\d{13}\r?\n[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\r?\n?")


def remove_telemetry_files(data: DataFolder) -> str:
    """Remove the files; return a sentence for the user, or an empty string without files.

    Runs once per data folder: later files belong to other programs. Never raises.
    """
    if data.telemetry_mark.exists():
        return ""
    removed: list[Path] = []
    kept: list[Path] = []
    for folder in _folders():
        with contextlib.suppress(OSError):  # missing, or not accessible
            (removed if _remove_folder(folder) else kept).append(folder)
    _remove_session_file(Path(tempfile.gettempdir()) / ".ses")
    with contextlib.suppress(OSError):
        data.telemetry_mark.write_text(
            f"removed: {', '.join(map(str, removed)) or 'nothing'}\n", encoding="utf-8"
        )
    return _sentence(removed, kept)


def _folders() -> list[Path]:
    """Return the folders where onnxruntime stores its telemetry on this system."""
    if sys.platform == "win32":
        roots = [os.environ.get("LOCALAPPDATA", ""), os.environ.get("APPDATA", "")]
    elif sys.platform == "darwin":
        roots = [str(Path("~/Library/Application Support").expanduser())]
    else:
        roots = [os.environ.get("XDG_CACHE_HOME", ""), str(Path("~/.cache").expanduser())]
    return [Path(root, *PARTS) for root in dict.fromkeys(roots) if Path(root).is_absolute()]


def _remove_folder(folder: Path) -> bool:
    """Remove the known files and the empty folders; return whether the folder is gone.

    Links and files with other names stay. Raises OSError if the folder is missing.
    """
    for place in (folder.parents[1], folder.parent, folder):
        if not stat.S_ISDIR(place.lstat().st_mode):
            raise NotADirectoryError(str(place))
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            if _NAMES.fullmatch(path.name) and stat.S_ISREG(path.lstat().st_mode):
                path.unlink()
    with contextlib.suppress(OSError):  # not empty
        for place in (folder, folder.parent, folder.parents[1]):
            place.rmdir()
    return not folder.exists()


def _remove_session_file(path: Path) -> None:
    with contextlib.suppress(OSError):
        status = path.lstat()
        own = not hasattr(os, "getuid") or status.st_uid == os.getuid()
        if (
            own
            and stat.S_ISREG(status.st_mode)
            and status.st_size < 100
            and _SESSION.fullmatch(path.read_bytes())
        ):
            path.unlink()


def _sentence(removed: list[Path], kept: list[Path]) -> str:
    if not removed and not kept:
        return ""
    start = tr(
        "An earlier build of Studio let the library onnxruntime send usage data to Microsoft. "
        "That is off now"
    )
    if kept:
        return tr(
            "{start}. Studio could not remove all of its files: please delete what it "
            "stored in {folder}.",
            start=start,
            folder=kept[0],
        )
    return tr("{start}, and its files in {folder} are removed.", start=start, folder=removed[0])
