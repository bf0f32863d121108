"""Open files and folders with the desktop's programs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices


def open_folder(folder: Path) -> None:
    """Open a folder."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def open_folder_of(path: Path) -> None:
    """Open the folder of a file."""
    open_folder(path.parent)


def open_file(path: Path) -> None:
    """Open a file with the desktop's program for it."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))
