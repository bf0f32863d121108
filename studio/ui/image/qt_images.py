"""Given pictures and masks as Qt's images: read by the same code, with the same limits, as for a
model. Not in the GUI thread.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter

from studio.core.files import write_whole

if TYPE_CHECKING:
    from PIL.Image import Image

PAINT_SIDE = 1024
"""A mask is painted at most this large: it is brought to the picture's size when it is used."""
MASK_OPACITY = 0.6
_STRIPES = ("#ff2840", "#ffffff")
_STRIPE = 12
"""Two colours, so that a mask is seen on every picture."""


class Seen(NamedTuple):
    """What there is to show about a given picture and its mask."""

    size: tuple[int, int]
    small: QImage
    mask_size: tuple[int, int] | None
    mask_share: float
    """Of the picture, that the mask repaints."""


def see(path: Path, mask: Path | None, side: int) -> Seen:
    """Read both, the picture scaled to `side`, with the mask over it in red. Raises StudioError."""
    from studio.media.image_reader import look, read_mask, read_picture

    size = look(path)
    small = scaled(to_image(read_picture(path, side)[0]), side)
    if mask is None:
        return Seen(size, small, None, 0.0)
    grey = read_mask(mask)[0]
    share = (
        sum(number * count for number, count in enumerate(grey.histogram()))
        / 255
        / (grey.width * grey.height)
    )
    painter = QPainter(small)
    painter.setOpacity(MASK_OPACITY)
    painter.drawImage(small.rect(), overlay_of(to_image(grey)))
    painter.end()
    return Seen(size, small, grey.size, share)


def read_to_paint(path: Path, mask: Path | None) -> tuple[QImage, QImage]:
    """Return a picture, and its mask of the same size, to paint on. Raises StudioError."""
    from studio.media.image_reader import read_mask, read_picture

    picture = scaled(to_image(read_picture(path, PAINT_SIDE)[0]), PAINT_SIDE)
    if mask is None:
        empty = QImage(picture.size(), QImage.Format.Format_Grayscale8)
        empty.fill(0)
        return picture, empty
    return picture, to_image(read_mask(mask)[0].resize((picture.width(), picture.height())))


def scaled(image: QImage, side: int) -> QImage:
    """Return it no larger than `side` in both directions."""
    if max(image.width(), image.height()) <= side:
        return image
    return image.scaled(
        side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )


def to_image(picture: Image) -> QImage:
    """Return Pillow's picture (RGB or grey) as Qt's, in memory of its own."""
    form, bands = (
        (QImage.Format.Format_RGB888, 3)
        if picture.mode == "RGB"
        else (QImage.Format.Format_Grayscale8, 1)
    )
    return QImage(
        picture.tobytes(), picture.width, picture.height, picture.width * bands, form
    ).copy()


def overlay_of(mask: QImage) -> QImage:
    """Return what is shown over the picture: the mask's white in colour, its black see-through."""
    overlay = QImage(mask.size(), QImage.Format.Format_ARGB32)
    painter = QPainter(overlay)
    painter.fillRect(overlay.rect(), stripes())
    painter.end()
    overlay.setAlphaChannel(mask)
    return overlay.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def stripes() -> QBrush:
    """Return what a mask is painted with."""
    tile = QImage(_STRIPE, _STRIPE, QImage.Format.Format_ARGB32)
    for across in range(_STRIPE):
        for down in range(_STRIPE):
            tile.setPixelColor(
                across, down, QColor(_STRIPES[(across + down) % _STRIPE < _STRIPE // 4])
            )
    return QBrush(tile)


def save_mask(mask: QImage, folder: Path) -> Path:
    """Write a painted mask; the same mask has the same name. Raises OSError."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    mask.save(buffer, "PNG")  # type: ignore[call-overload]  # the stub wants bytes, which it refuses
    data = bytes(buffer.data().data())
    path = folder / f"mask-{hashlib.sha256(data).hexdigest()[:16]}.png"
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, data, replace=True)
    return path
