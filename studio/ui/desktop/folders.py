"""Open folders with the desktop's file browser."""

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
