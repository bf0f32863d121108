"""User images and masks as QImage, read by `image_reader` as for a model. Not in the GUI thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter

from studio.core.files import sha256_hex, write_whole

if TYPE_CHECKING:
    from PIL.Image import Image

MASK_OPACITY = 0.6
_STRIPES = ("#ff2840", "#ffffff")
_STRIPE = 12
"""Stripes of two colors, so that a mask is visible on every image."""


class ImagePreview(NamedTuple):
    """What the window shows of an image and its mask."""

    size: tuple[int, int]
    thumbnail: QImage
    mask_size: tuple[int, int] | None
    mask_share: float
    """The part of the image, 0..1, that the mask changes."""


def read_preview(path: Path, mask: Path | None, side: int) -> ImagePreview:
    """Read an image, scaled to `side`, with its mask over it. Raises StudioError."""
    from studio.media.image_reader import image_size, read_image, read_mask

    size = image_size(path)
    thumbnail = scaled(to_image(read_image(path, side)[0]), side)
    if mask is None:
        return ImagePreview(size, thumbnail, None, 0.0)
    pixels = read_mask(mask)[0]
    share = (
        sum(level * count for level, count in enumerate(pixels.histogram()))
        / 255
        / (pixels.width * pixels.height)
    )
    painter = QPainter(thumbnail)
    painter.setOpacity(MASK_OPACITY)
    painter.drawImage(thumbnail.rect(), overlay_of(to_image(pixels)))
    painter.end()
    return ImagePreview(size, thumbnail, pixels.size, share)


def scaled(image: QImage, side: int) -> QImage:
    """Scale the image down so that neither side is larger than `side`."""
    if max(image.width(), image.height()) <= side:
        return image
    return image.scaled(
        side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )


def to_image(image: Image) -> QImage:
    """Copy a Pillow image (RGB or L) to a QImage."""
    pixel_format, channels = (
        (QImage.Format.Format_RGB888, 3)
        if image.mode == "RGB"
        else (QImage.Format.Format_Grayscale8, 1)
    )
    return QImage(
        image.tobytes(), image.width, image.height, image.width * channels, pixel_format
    ).copy()


def overlay_of(mask: QImage) -> QImage:
    """Return the mask as stripes where it is white, transparent where it is black."""
    overlay = QImage(mask.size(), QImage.Format.Format_ARGB32)
    painter = QPainter(overlay)
    painter.fillRect(overlay.rect(), stripes())
    painter.end()
    overlay.setAlphaChannel(mask)
    return overlay.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def stripes(opacity: float = 1.0) -> QBrush:
    """Return the brush that shows a mask."""
    tile = QImage(_STRIPE, _STRIPE, QImage.Format.Format_ARGB32)
    for x in range(_STRIPE):
        for y in range(_STRIPE):
            color = QColor(_STRIPES[(x + y) % _STRIPE < _STRIPE // 4])
            color.setAlphaF(opacity)
            tile.setPixelColor(x, y, color)
    return QBrush(tile)


def save_mask(mask: QImage, folder: Path) -> Path:
    """Write a mask as PNG, named by its content. Raises OSError."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    mask.save(buffer, "PNG")  # type: ignore[call-overload]  # the stub wants bytes, which it refuses
    data = bytes(buffer.data().data())
    path = folder / f"mask-{sha256_hex(data)[:16]}.png"
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, data, replace=True)
    return path
