"""Asks how to export items: folder, format, size, metadata; exports with progress."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QProgressBar,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from studio.core.paths import expand_home
from studio.library.file_actions.export import ExportOptions, export_items
from studio.library.file_actions.results import ActionResult
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.folders import open_folder
from studio.ui.widgets.factory import button, choice_box, label, name_control, row

_IMAGES = {"png": "PNG", "jpg": "JPEG", "webp": "WebP"}
_AUDIO = {"wav": "WAV", "flac": "FLAC", "ogg": "Ogg Vorbis", "mp3": "MP3"}
_TEXTS = {"txt": "Plain text", "md": "Markdown"}
_MAX_SIDE = 16_384
_SHOWN_FAILURES = 5


class ExportDialog(QDialog):
    """Exports items of the library; the originals stay as they are."""

    progressed = Signal(int, int)

    def __init__(self, shared: AppState, ids: Sequence[int], parent: QWidget) -> None:
        super().__init__(parent)
        self._shared = shared
        self._ids = list(ids)
        self._cancelled = threading.Event()
        count = len(self._ids)
        self.setWindowTitle(f"Export {count:,} item{'' if count == 1 else 's'}")
        self.folder = QLineEdit(str(Path.home()))
        name_control(self.folder, "Folder", "The folder for the exported files")
        self.image_format = choice_box("Images as", "Format of images", "As they are", _IMAGES)
        self.audio_format = choice_box("Audio as", "Format of audio", "As it is", _AUDIO)
        self.text_format = choice_box("Texts as", "Format of texts", "As they are", _TEXTS)
        self.quality = self._number("Quality", "Of JPEG and WebP", 1, 100, 90)
        self.max_side = self._number("Longer side", "Upper limit in pixels", 0, _MAX_SIDE, 0)
        self.max_side.setSpecialValueText("As it is")
        self.with_metadata = QCheckBox("Include prompt and settings")
        self.with_metadata.setChecked(True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        name_control(self.bar, "Progress", "Files that are exported")
        self.bar.hide()
        self.problem = label("", "error", wrap=True)
        self.problem.hide()
        self.export_button = button("Export", "Export the files", self.export, primary=True)
        self.export_button.setDefault(True)
        self._lay_out()
        self.progressed.connect(self._on_progressed)

    def _number(self, name: str, tip: str, low: int, high: int, value: int) -> QSpinBox:
        result = QSpinBox()
        result.setRange(low, high)
        result.setValue(value)
        name_control(result, name, tip)
        return result

    def _lay_out(self) -> None:
        choose = button("Choose…", "Choose the folder", self._choose_folder)
        form = QFormLayout()
        form.addRow("Folder", row(self.folder, choose))
        form.addRow("Images", self.image_format)
        form.addRow("Quality", self.quality)
        form.addRow("Longer side", self.max_side)
        form.addRow("Audio", self.audio_format)
        form.addRow("Texts", self.text_format)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.with_metadata)
        layout.addWidget(self.bar)
        layout.addWidget(self.problem)
        cancel = button("Cancel", "Close without exporting more", self.reject)
        layout.addWidget(row(None, cancel, self.export_button))
        self.resize(460, self.sizeHint().height())

    def _choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Export to", self.folder.text())
        if name:
            self.folder.setText(name)

    def options(self) -> ExportOptions:
        """Return what the user chose."""
        return ExportOptions(
            image_format=_value(self.image_format),
            audio_format=_value(self.audio_format),
            text_format=_value(self.text_format),
            quality=self.quality.value(),
            max_side=self.max_side.value(),
            with_metadata=self.with_metadata.isChecked(),
        )

    def export(self) -> None:
        """Export in another thread."""
        library, ids, options = self._shared.library, self._ids, self.options()
        folder = expand_home(self.folder.text())
        self.export_button.setEnabled(False)
        self.problem.hide()
        self.bar.setRange(0, len(ids))
        self.bar.show()
        self._cancelled.clear()

        def work() -> ActionResult:
            items = library.index.items(ids)
            return export_items(
                items, folder, options, self.progressed.emit, self._cancelled.is_set
            )

        background.run(self, work, lambda result: self._on_done(result, folder), self._on_failed)

    def _on_progressed(self, done: int, total: int) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)

    def _on_done(self, result: ActionResult, folder: Path) -> None:
        self.export_button.setEnabled(True)
        count = len(result.done)
        if count:
            text = f"Exported {count:,} file{'' if count == 1 else 's'}"
            self._shared.post_toast(text, "Show", lambda: open_folder(folder))
        if result.failed:
            lines = [f"{Path(path).name}: {why}" for path, why in result.failed.items()]
            self._show_problem("\n".join(lines[:_SHOWN_FAILURES]))
        else:
            self.accept()

    def _on_failed(self, error: Exception) -> None:
        self.export_button.setEnabled(True)
        self._show_problem(f"Nothing was exported: {error}")

    def _show_problem(self, text: str) -> None:
        self.bar.hide()
        self.problem.setText(text)
        self.problem.show()

    def done(self, result: int) -> None:
        """Stop the export when the dialog is closed."""
        self._cancelled.set()
        super().done(result)


def _value(box: QComboBox) -> Any:
    return box.currentData() or ""
