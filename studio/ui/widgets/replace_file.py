"""Asks before a file is replaced whose name the save dialog of the system did not see."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget

from studio.core.translation import tr
from studio.ui.widgets.factory import confirm


def may_write(parent: QWidget, chosen: str, target: Path) -> bool:
    """Return whether to write to `target`, which is the chosen name, or this with an extension.

    The dialog has asked whether to replace the chosen file; asks for one with an extension.
    """
    if target == Path(chosen) or not target.exists():
        return True
    return confirm(
        parent,
        tr("Replace the file?"),
        tr("{name} exists already.", name=target.name),
        tr("Replace"),
    )
