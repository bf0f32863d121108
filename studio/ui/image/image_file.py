"""A control for one image file: a button to choose it, and its thumbnail."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPixmap
from PySide6.QtWidgets import QFileDialog, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from studio.core.requests.shared_fields import IMAGE_SUFFIXES
from studio.core.translation import tr
from studio.media.avif import HEIC_SUFFIXES
from studio.media.image_reader import short_name
from studio.ui import background
from studio.ui.image.qt_images import ImagePreview, read_preview
from studio.ui.widgets.factory import button, label, name_control, restyle, row
from studio.ui.widgets.icons import set_icon

THUMBNAIL_SIDE = 64


class ImageFile(QWidget):
    """Takes a file by dialog or drop. `path` is absolute, and empty without a file."""

    changed = Signal()

    def __init__(self, title: str, tip: str) -> None:
        super().__init__()
        self._title = title
        self.path = ""
        self.problem = ""
        """Why the file cannot be read; empty if it can, and until that is known."""
        self.setAcceptDrops(True)
        self.choose_button = button(title, tip, self.choose, "image")
        self.clear_button = QToolButton()
        set_icon(self.clear_button, "trash")
        name_control(
            self.clear_button,
            tr("Remove: {title}", title=title),
            tr("Work without this file"),
        )
        self.clear_button.clicked.connect(lambda: self.set_path(""))
        self.thumbnail = QLabel()
        self.thumbnail.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.thumbnail.setFixedSize(THUMBNAIL_SIDE, THUMBNAIL_SIDE)
        self._text = label("", "muted", wrap=True)
        self._text.setSizePolicy(
            QSizePolicy.Policy.Ignored, self._text.sizePolicy().verticalPolicy()
        )
        self._detail = row(self.thumbnail, self._text)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self._buttons = row(self.choose_button, self.clear_button, None, spacing=4)
        layout.addWidget(self._buttons)
        layout.addWidget(self._detail)
        self._show(None)

    def add_button(self, control: QWidget) -> None:
        """Add a button to the row of those that choose and remove."""
        layout = self._buttons.layout()
        assert layout is not None
        layout.insertWidget(layout.count() - 1, control)  # type: ignore[attr-defined]  # a box

    def set_path(self, path: str) -> None:
        """Take another file, or none."""
        if path == self.path:
            return
        self.path, self.problem = path, ""
        self._show(None)
        if path:
            side = round(THUMBNAIL_SIDE * self.devicePixelRatioF())
            background.run(
                self,
                lambda: read_preview(Path(path), None, side),
                lambda preview: self._on_read(path, preview),
                lambda error: self._on_read_failed(path, error),
            )
        self.changed.emit()

    def choose(self) -> None:
        """Open the file dialog."""
        folder = str(Path(self.path).parent) if self.path else str(Path.home())
        patterns = " ".join(f"*{suffix}" for suffix in IMAGE_SUFFIXES)
        name, _filter = QFileDialog.getOpenFileName(
            self, self._title, folder, tr("Images ({patterns})", patterns=patterns)
        )
        if name:
            self.set_path(name)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept an image file, also one that contains a recipe."""
        urls = event.mimeData().urls()
        name = urls[0].toLocalFile() if urls else ""
        # The message for HEIC says what to do; without one, nothing would happen.
        if Path(name).suffix.lower() in (*IMAGE_SUFFIXES, *HEIC_SUFFIXES):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Take the dropped file."""
        event.acceptProposedAction()
        self.set_path(event.mimeData().urls()[0].toLocalFile())

    def _on_read(self, path: str, preview: ImagePreview) -> None:
        if path == self.path:  # no other file was chosen meanwhile
            self._show(preview)

    def _on_read_failed(self, path: str, error: Exception) -> None:
        if path == self.path:
            self.problem = str(error)
            self._show(None)
            self.changed.emit()

    def _show(self, preview: ImagePreview | None) -> None:
        self.clear_button.setVisible(bool(self.path))
        self._detail.setVisible(bool(self.path))
        self.thumbnail.clear()
        if not self.path:
            return
        name = short_name(Path(self.path))
        self._text.setProperty("role", "error" if self.problem else "muted")
        restyle(self._text)
        if preview is None:
            self._text.setText(self.problem or name)
            return
        pixmap = QPixmap.fromImage(preview.thumbnail)
        pixmap.setDevicePixelRatio(self.devicePixelRatioF())
        self.thumbnail.setPixmap(pixmap)
        width, height = preview.size
        self._text.setText(tr("{name}, {width} × {height}", name=name, width=width, height=height))
