"""Asks how to export items: folder, format, size, metadata."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from studio.core.paths import expand_home
from studio.library.file_actions.action import ExportOptions
from studio.ui.app_state import AppState
from studio.ui.widgets.factory import button, choice_box, label, name_control, row

_IMAGES = {"png": "PNG", "jpg": "JPEG", "webp": "WebP"}
_AUDIO = {"wav": "WAV", "flac": "FLAC", "ogg": "Ogg Vorbis", "mp3": "MP3"}
_TEXTS = {"txt": "Plain text", "md": "Markdown"}
_MAX_SIDE = 16_384


class ExportDialog(QDialog):
    """Exports items of the library in the background; the originals stay as they are."""

    def __init__(self, shared: AppState, ids: Sequence[int], parent: QWidget) -> None:
        super().__init__(parent)
        self._shared = shared
        self._ids = list(ids)
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
        self.problem = label("", "error", wrap=True)
        self.problem.hide()
        self.export_button = button("Export", "Export the files", self.export, primary=True)
        self.export_button.setDefault(True)
        self._lay_out()

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
        layout.addWidget(self.problem)
        cancel = button("Cancel", "Close without exporting", self.reject)
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
        """Close, and export in the background."""
        text = self.folder.text().strip()
        if not text:
            self.problem.setText("Choose a folder.")
            self.problem.show()
            self.folder.setFocus()
            return
        self._shared.file_actions.export(self._ids, expand_home(text), self.options())
        self.accept()


def _value(box: QComboBox) -> Any:
    return box.currentData() or ""
