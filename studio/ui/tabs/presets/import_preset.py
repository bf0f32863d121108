"""Stores a preset that somebody shared; asks first where an own one has its name."""

from __future__ import annotations

from pathlib import Path

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from studio.core.errors import StudioError
from studio.core.presets import (
    SUFFIX,
    Preset,
    ReadPreset,
    delete_preset,
    find_preset,
    free_title,
    read_preset,
    save_preset,
)
from studio.core.translation import tr
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.widgets.factory import shorten_for_label, show_message

_SHOWN_NAMES = 5
"""Of the values that were left out."""


def ask_for_preset(shared: AppState, parent: QWidget) -> None:
    """Choose a file that somebody shared, and store its preset."""
    name, _filter = QFileDialog.getOpenFileName(
        parent.window(),
        tr("Import a preset"),
        str(Path.home()),
        tr("Presets (*{suffix})", suffix=SUFFIX),
    )
    if name:
        import_preset(shared, Path(name), parent)


def import_preset(shared: AppState, path: Path, parent: QWidget) -> None:
    """Store the preset of a file, and report what was left out."""
    _Import(shared, parent).start(path)


class _Import:
    """One import."""

    def __init__(self, shared: AppState, parent: QWidget) -> None:
        self._shared = shared
        self._parent = parent

    def start(self, path: Path) -> None:
        """Read the file, and the own preset of that name if there is one."""
        data = self._shared.data

        def read() -> tuple[ReadPreset, Preset | None]:
            found = read_preset(path)
            return found, find_preset(data, found.kind, found.preset.title)

        background.run(self._parent, read, lambda both: self._on_read(*both), self._show_error)

    def _on_read(self, read: ReadPreset, before: Preset | None) -> None:
        title = read.preset.title
        if before is None:
            self._store(read, None)
        elif msgspec.structs.replace(before, title=title) == read.preset:
            self._shared.post_toast(tr("You have the preset {title} already", title=title))
        else:
            self._ask(read, before)

    def _ask(self, read: ReadPreset, before: Preset) -> None:
        """Ask which of two presets with the same name to keep."""
        question = tr("A preset named {title} exists, with other values.", title=before.title)
        box = QMessageBox(
            QMessageBox.Icon.Question,
            tr("Import a preset"),
            shorten_for_label(question),
            parent=self._parent.window(),
        )
        box.setTextFormat(Qt.TextFormat.PlainText)
        keep_both = box.addButton(tr("Keep both"), QMessageBox.ButtonRole.AcceptRole)
        replace = box.addButton(tr("Replace"), QMessageBox.ButtonRole.DestructiveRole)
        cancel = box.addButton(tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep_both)
        box.setEscapeButton(cancel)
        box.exec()
        if box.clickedButton() is keep_both:
            self._store(read, None)
        elif box.clickedButton() is replace:
            self._store(read, before)

    def _store(self, read: ReadPreset, before: Preset | None) -> None:
        """Store it in place of `before`, or else under a title that is free."""
        data, kind = self._shared.data, read.kind

        def store() -> str:
            preset = read.preset
            if before is None:
                title = free_title(data, kind, preset.title)
                preset = msgspec.structs.replace(preset, title=title)
            save_preset(data, kind, preset, replace=before is not None)
            return preset.title

        background.run(
            self._parent, store, lambda title: self._report(read, title, before), self._show_error
        )

    def _report(self, read: ReadPreset, title: str, before: Preset | None) -> None:
        shared, kind = self._shared, read.kind
        shared.presets_changed.emit(kind)

        def undo() -> None:
            if before is None:
                delete_preset(shared.data, kind, title)
            else:
                save_preset(shared.data, kind, before, replace=True)
            shared.presets_changed.emit(kind)

        left_out = ", ".join(read.ignored[:_SHOWN_NAMES])
        if len(read.ignored) > _SHOWN_NAMES:
            left_out += ", …"
        shared.post_toast(
            tr("Preset {title} was imported without {left_out}", title=title, left_out=left_out)
            if left_out
            else tr("Preset {title} was imported", title=title),
            tr("Undo"),
            undo,
        )

    def _show_error(self, error: Exception) -> None:
        cure = error.cure if isinstance(error, StudioError) else tr("Check the free disk space.")
        show_message(self._parent.window(), tr("Not imported"), f"{error} {cure}".strip())
