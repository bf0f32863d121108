"""An image in several sizes, so that it is drawn fast and smoothly at any zoom."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QImageReader

from studio.core.errors import StudioError

MIN_LEVEL_SIDE = 512
"""Of the smallest level; drawing a larger image at any size takes little time."""
MAX_BYTES = 1 << 30
"""Of a decoded image."""


class ImageLevels(NamedTuple):
    """The image itself, then halves of it, in a format that is drawn without conversion."""

    images: tuple[QImage, ...] = ()
    size: QSize = QSize()
    """Of the result in pixels; a preview or thumbnail is drawn enlarged to it."""

    @property
    def is_empty(self) -> bool:
        """True without an image, as of a file that cannot be read."""
        return not self.images

    def best_for(self, scale: float) -> QImage:
        """Return the smallest level that has at least `scale` pixels for each of the result."""
        for image in reversed(self.images):
            if image.width() >= scale * self.size.width():
                return image
        return self.images[0]


def levels_of(image: QImage, size: QSize | None = None) -> ImageLevels:
    """Return an image without smaller levels; `size` is that of the result it stands for."""
    return ImageLevels() if image.isNull() else ImageLevels((image,), size or image.size())


def read_levels(path: str) -> ImageLevels:
    """Read an image file, empty if that fails. Slow: call it in another thread."""
    reader = QImageReader(path)
    size = reader.size()
    if size.isValid() and 4 * size.width() * size.height() > MAX_BYTES:
        reader.setScaledSize(size.scaled(8192, 8192, Qt.AspectRatioMode.KeepAspectRatio))
    reader.setAllocationLimit(0)  # the size was checked
    image = reader.read()
    if image.isNull():  # Qt has no reader of AVIF
        image = _read_by_pillow(path)
    if image.isNull():
        return ImageLevels()
    return with_levels(image, size if size.isValid() else image.size())


def _read_by_pillow(path: str) -> QImage:
    """Return the image with its transparency; null if it cannot be read."""
    from studio.media.image_reader import read_image, read_transparency
    from studio.ui.image.qt_images import to_image

    try:
        image, alpha = to_image(read_image(Path(path))[0]), read_transparency(Path(path))
    except StudioError:
        return QImage()
    if alpha is not None:
        image.setAlphaChannel(to_image(alpha))
    return image


def with_levels(image: QImage, size: QSize) -> ImageLevels:
    """Return an image with halves of it. Slow: call it in another thread."""
    if image.hasAlphaChannel():
        image = image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
    else:
        image = image.convertToFormat(QImage.Format.Format_RGB32)
    levels = [image]
    while min(image.width(), image.height()) >= 2 * MIN_LEVEL_SIDE:
        image = image.scaled(
            image.size() / 2,
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        levels.append(image)
    return ImageLevels(tuple(levels), size)
