"""Stores a preset that somebody shared."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget

from studio.core.errors import StudioError
from studio.core.presets import ReadPreset, read_preset, save_preset
from studio.core.translation import tr
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.widgets.factory import show_message


def import_preset(shared: AppState, path: Path, parent: QWidget) -> None:
    """Store the preset of a file under its title, and report what was left out."""

    def store() -> ReadPreset:
        read = read_preset(path)
        save_preset(shared.data, read.kind, read.preset)
        return read

    def report(read: ReadPreset) -> None:
        shared.presets_changed.emit(read.kind)
        title, left_out = read.preset.title, ", ".join(read.ignored)
        shared.post_toast(
            tr("Preset {title} was imported without {left_out}", title=title, left_out=left_out)
            if left_out
            else tr("Preset {title} was imported", title=title)
        )

    def show_error(error: Exception) -> None:
        cure = error.cure if isinstance(error, StudioError) else ""
        show_message(parent.window(), tr("Not imported"), f"{error} {cure}".strip())

    background.run(parent, store, report, show_error)
