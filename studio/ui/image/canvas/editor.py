"""Opens an image on the canvas and saves what was made, off the GUI thread."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.ui import background
from studio.ui.image.canvas.files import CanvasFiles, CanvasImage, read_canvas, write_canvas
from studio.ui.image.canvas.page import CanvasOptions, CanvasPage
from studio.ui.image.image_levels import read_levels


class CanvasEditor(QObject):
    """One image at a time. Every signal names the image, which may have changed meanwhile."""

    opened = Signal(str)
    closed = Signal(str)
    """The canvas is not shown any longer."""
    accepted = Signal(str)
    """Something was made and is being saved."""
    saved = Signal(str, object)
    """The image, and the CanvasFiles for the request."""
    failed = Signal(str, str)
    """The image and an error message."""

    def __init__(self, folder: Path, parent: QObject) -> None:
        super().__init__(parent)
        self.page = CanvasPage()
        self.image = ""
        """Path of the image while the canvas is open."""
        self._folder = folder
        self.page.accepted.connect(self._on_accepted)
        self.page.cancelled.connect(self.close)

    @property
    def is_open(self) -> bool:
        """True while an image is edited."""
        return bool(self.image)

    def open(self, image: str, mask: str, options: CanvasOptions) -> None:
        """Show the canvas, and read the image and its mask (may be empty) for it."""
        self.image = image
        self.page.show_loading()
        self.opened.emit(image)
        background.run(
            self,
            lambda: read_canvas(Path(image), Path(mask) if mask else None),
            lambda content: self._on_read(image, content, options),
            lambda error: self._on_unreadable(image, error),
        )

    def close(self) -> None:
        """Discard what was made."""
        if self.image:
            image, self.image = self.image, ""
            self.page.show_loading()  # releases the pixels
            self.closed.emit(image)

    def _on_read(self, image: str, content: CanvasImage, options: CanvasOptions) -> None:
        if image != self.image:
            return
        self.page.open(content, options)
        if options.control:
            background.run(
                self,
                lambda: read_levels(options.control),
                lambda levels: self.page.show_control(levels) if image == self.image else None,
            )

    def _on_unreadable(self, image: str, error: Exception) -> None:
        if not isinstance(error, (StudioError, MemoryError)):
            raise error
        if image == self.image:
            self.close()
            text = str(error) or tr("There is not enough memory for this image.")
            self.failed.emit(image, text)

    def _on_accepted(self) -> None:
        image, view, mask = self.image, self.page.view, self.page.painted
        tiles, size, frame = mask.tiles, mask.size, view.frame
        self.page.set_busy(tr("Saving…"))
        self.accepted.emit(image)
        background.run(
            self,
            lambda: write_canvas(Path(image), tiles, size, frame, self._folder),
            lambda files: self._on_written(image, files),
            lambda error: self._on_not_written(image, error),
        )

    def _on_written(self, image: str, files: CanvasFiles) -> None:
        if image == self.image:
            self.close()
            self.saved.emit(image, files)

    def _on_not_written(self, image: str, error: Exception) -> None:
        """Keep the canvas open, so that nothing that was made is lost."""
        if not isinstance(error, (StudioError, OSError, MemoryError)):
            raise error
        if image != self.image:
            return
        self.page.set_busy("")
        if isinstance(error, StudioError):
            text = f"{error.message} {error.cure}"
        elif isinstance(error, OSError):
            text = tr("The mask could not be saved: {reason}.", reason=error.strerror or error)
        else:
            text = tr("There is not enough memory for this image.")
        self.page.show_error(text)
        self.failed.emit(image, "")  # the canvas shows it
