"""Opens the mask editor for an image and saves the painted mask, off the GUI thread."""

from __future__ import annotations

import functools
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.ui import background
from studio.ui.image.mask_editor import MaskEditor
from studio.ui.image.qt_images import read_for_painting, save_mask


class MaskPainter(QObject):
    """One mask editor at a time. Every signal names the image, which may have changed meanwhile."""

    accepted = Signal(str)
    """A mask was painted and is being saved."""
    saved = Signal(str, str)
    """The image and the mask's file."""
    failed = Signal(str, str)
    """The image and an error message."""

    def __init__(self, folder: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self.editor: MaskEditor | None = None
        """The editor while it is open."""
        self.image = ""
        """The image that is chosen now; an editor for another one does not open or save."""
        self._folder = folder

    def open(self, image: str, mask: str) -> None:
        """Read the image and its mask (may be empty), then open the editor."""
        background.run(
            self,
            lambda: read_for_painting(Path(image), Path(mask) if mask else None),
            lambda images: self._show_editor(image, *images),
            lambda error: self._on_unreadable(image, error),
        )

    def _show_editor(self, image: str, pixels: QImage, mask: QImage) -> None:
        parent = self.parent()
        if image != self.image or self.editor is not None or not isinstance(parent, QWidget):
            return
        self.editor = MaskEditor(pixels, mask, parent.window())
        self.editor.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.editor.finished.connect(functools.partial(self._on_finished, image))
        self.editor.open()

    def _on_finished(self, image: str, result: int) -> None:
        editor, self.editor = self.editor, None
        if editor is None or not result or image != self.image:
            return
        mask = editor.painted_mask.copy()
        self.accepted.emit(image)
        background.run(
            self,
            lambda: save_mask(mask, self._folder),
            lambda path: self.saved.emit(image, str(path)),
            lambda error: self._on_not_saved(image, error),
        )

    def _on_unreadable(self, image: str, error: Exception) -> None:
        if not isinstance(error, StudioError):
            raise error
        self.failed.emit(image, str(error))

    def _on_not_saved(self, image: str, error: Exception) -> None:
        if not isinstance(error, OSError):
            raise error
        self.failed.emit(
            image, tr("The mask could not be saved: {reason}.", reason=error.strerror or error)
        )
