"""A control for the first or last frame of a video: its file, and how it fits the video."""

from __future__ import annotations

from PySide6.QtCore import Signal

from studio.core.translation import tr
from studio.preflight.images import describe_fit, is_cropped
from studio.ui.image.image_file import ImageFile
from studio.ui.image.qt_images import ImagePreview
from studio.ui.widgets.factory import button, label


class FrameFile(ImageFile):
    """Takes an image by dialog or drop, and shows how it is cropped to the video's size."""

    size_requested = Signal(int, int)
    """Width and height of the image, whose shape the video should have."""

    def __init__(self, title: str, tip: str) -> None:
        self._image_size = (0, 0)
        self._video_size = (0, 0)
        self._fit = label("", "muted", wrap=True)
        self.shape_button = button(
            tr("Match its shape"),
            tr("Set width and height so that nothing is cut off"),
            self._on_shape,
        )
        super().__init__(title, tip)
        self.add_button(self.shape_button)
        layout = self.layout()
        assert layout is not None
        layout.addWidget(self._fit)
        self._show_fit()

    def fit_to(self, width: int, height: int) -> None:
        """Set the video's size."""
        self._video_size = (width, height)
        self._show_fit()

    def set_path(self, path: str) -> None:
        """See `ImageFile`."""
        if path != self.path:
            self._image_size = (0, 0)
        super().set_path(path)
        self._show_fit()

    def _on_read(self, path: str, preview: ImagePreview) -> None:
        if path == self.path:
            self._image_size = preview.size
        super()._on_read(path, preview)
        self._show_fit()

    def _show_fit(self) -> None:
        is_known = all(self._image_size) and all(self._video_size)
        text = describe_fit(self._image_size, *self._video_size) if is_known else ""
        self._fit.setText(text)
        self._fit.setVisible(bool(text))
        self.shape_button.setVisible(is_known and is_cropped(self._image_size, *self._video_size))

    def _on_shape(self) -> None:
        self.size_requested.emit(*self._image_size)
