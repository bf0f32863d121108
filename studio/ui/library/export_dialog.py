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
from studio.core.translation import mark, tr, tr_marked, tr_plural
from studio.library.file_actions.action import ExportOptions
from studio.ui.app_state import AppState
from studio.ui.widgets.factory import button, choice_box, label, name_control, row

_IMAGES = {"png": "PNG", "jpg": "JPEG", "webp": "WebP", "avif": "AVIF"}
# not translated: names of formats
_AUDIO = {"wav": "WAV", "flac": "FLAC", "ogg": "Ogg Vorbis", "mp3": "MP3"}
_TEXTS = {"txt": mark("Plain text"), "md": mark("Markdown")}
_MAX_SIDE = 16_384


class ExportDialog(QDialog):
    """Exports items of the library in the background; the originals stay as they are."""

    def __init__(self, shared: AppState, ids: Sequence[int], parent: QWidget) -> None:
        super().__init__(parent)
        self._shared = shared
        self._ids = list(ids)
        count = len(self._ids)
        self.setWindowTitle(tr_plural("Export 1 item", "Export {count:,} items", count))
        self.folder = QLineEdit(str(Path.home()))
        name_control(self.folder, tr("Folder"), tr("The folder for the exported files"))
        self.image_format = choice_box(
            tr("Images as"), tr("Format of images"), tr("As they are"), _IMAGES
        )
        self.audio_format = choice_box(
            tr("Audio as"), tr("Format of audio"), tr("As it is"), _AUDIO
        )
        self.text_format = choice_box(
            tr("Texts as"),
            tr("Format of texts"),
            tr("As they are"),
            {suffix: tr_marked(title) for suffix, title in _TEXTS.items()},
        )
        self.quality = self._number(tr("Quality"), tr("Of JPEG, WebP and AVIF"), 1, 100, 90)
        self.max_side = self._number(
            tr("Longer side"), tr("Upper limit in pixels"), 0, _MAX_SIDE, 0
        )
        self.max_side.setSpecialValueText(tr("As it is"))
        self.with_metadata = QCheckBox(tr("Include prompt and settings"))
        self.with_metadata.setChecked(True)
        self.problem = label("", "error", wrap=True)
        self.problem.hide()
        self.export_button = button(tr("Export"), tr("Export the files"), self.export, primary=True)
        self.export_button.setDefault(True)
        self._lay_out()

    def _number(self, name: str, tip: str, low: int, high: int, value: int) -> QSpinBox:
        result = QSpinBox()
        result.setRange(low, high)
        result.setValue(value)
        name_control(result, name, tip)
        return result

    def _lay_out(self) -> None:
        choose = button(tr("Choose…"), tr("Choose the folder"), self._choose_folder)
        form = QFormLayout()
        form.addRow(tr("Folder"), row(self.folder, choose))
        form.addRow(tr("Images"), self.image_format)
        form.addRow(tr("Quality"), self.quality)
        form.addRow(tr("Longer side"), self.max_side)
        form.addRow(tr("Audio"), self.audio_format)
        form.addRow(tr("Texts"), self.text_format)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.with_metadata)
        layout.addWidget(self.problem)
        cancel = button(tr("Cancel"), tr("Close without exporting"), self.reject)
        layout.addWidget(row(None, cancel, self.export_button))
        self.resize(460, self.sizeHint().height())

    def _choose_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, tr("Export to"), self.folder.text())
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
            self.problem.setText(tr("Choose a folder."))
            self.problem.show()
            self.folder.setFocus()
            return
        self._shared.file_actions.export(self._ids, expand_home(text), self.options())
        self.accept()


def _value(box: QComboBox) -> Any:
    return box.currentData() or ""
