"""Reads what the canvas shows and writes what it makes, off the GUI thread."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QSize

from studio.core.errors import StudioError
from studio.core.files import sha256_hex, write_whole
from studio.core.translation import tr
from studio.media.image_reader import MAX_PIXELS
from studio.media.masks.frame import Frame, whole
from studio.ui.image.canvas.mask_tiles import Tiles, from_array, mask_image
from studio.ui.image.image_levels import ImageLevels, with_levels
from studio.ui.image.qt_images import save_mask, to_image


class CanvasImage(NamedTuple):
    """An image and its mask, read from their files."""

    levels: ImageLevels
    tiles: Tiles


class CanvasFiles(NamedTuple):
    """The files of a request that the canvas made."""

    image: str
    mask: str
    """Empty if nothing is masked."""
    size: tuple[int, int] | None
    """Of the image if it was cropped or extended, else None."""
    is_extended: bool


def read_canvas(image: Path, mask: Path | None) -> CanvasImage:
    """Read an image and its mask, scaled to the image. Raises StudioError. Slow."""
    import numpy as np

    from studio.media.image_reader import read_image, read_mask

    pixels = to_image(read_image(image)[0])
    size = QSize(pixels.width(), pixels.height())
    tiles: Tiles = {}
    if mask is not None:
        levels = read_mask(mask)[0]
        if levels.size != (size.width(), size.height()):
            levels = levels.resize((size.width(), size.height()))
        tiles = from_array(np.asarray(levels))
    return CanvasImage(with_levels(pixels, size), tiles)


def write_canvas(image: Path, tiles: Tiles, size: QSize, frame: Frame, folder: Path) -> CanvasFiles:
    """Write the mask, and the image if the frame changes it. Raises StudioError, OSError. Slow."""
    image_size = (size.width(), size.height())
    if frame == whole(image_size):
        mask = str(save_mask(mask_image(tiles, size), folder)) if tiles else ""
        return CanvasFiles(str(image), mask, None, is_extended=False)
    return _write_framed(image, tiles, size, frame, folder)


def _write_framed(
    image: Path, tiles: Tiles, size: QSize, frame: Frame, folder: Path
) -> CanvasFiles:
    from PIL import Image, ImageChops

    from studio.media.image_reader import read_image
    from studio.media.masks.frame import framed_image, outpaint_mask
    from studio.ui.image.canvas.mask_tiles import image_array

    check_frame(frame)
    source = read_image(image)[0]
    framed = framed_image(source, frame)
    path = _save_png(framed, folder)
    mask = outpaint_mask(source.size, frame)
    if tiles:
        # Pillow's crop adds black around an image.
        painted = Image.fromarray(image_array(mask_image(tiles, size))).crop(frame)
        mask = ImageChops.lighter(mask, painted)
    has_mask = mask.getextrema() != (0, 0)
    saved = str(save_mask(to_image(mask), folder)) if has_mask else ""
    return CanvasFiles(str(path), saved, frame.size, frame.extends(source.size))


def check_frame(frame: Frame) -> None:
    """Raise StudioError if the frame's image would be too large to read again."""
    if frame.width * frame.height > MAX_PIXELS:
        raise StudioError(
            tr(
                "{width} × {height} is more than {limit} million pixels.",
                width=frame.width,
                height=frame.height,
                limit=MAX_PIXELS // 10**6,
            ),
            cause="invalid",
            cure=tr("Extend the image by less."),
        )


def _save_png(image: object, folder: Path) -> Path:
    """Write an image as PNG, named by its content."""
    import io

    from PIL import Image

    assert isinstance(image, Image.Image)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    data = buffer.getvalue()
    path = folder / f"start-{sha256_hex(data)[:16]}.png"
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, data, replace=True)
    return path
