"""The only decoder of images that a user chooses: limits first, then upright pixels in sRGB."""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from studio.core.errors import StudioError
from studio.core.file_names import printable
from studio.core.regular_file import HeaderError, opened
from studio.media.color_profile import to_srgb

if TYPE_CHECKING:
    from PIL.Image import Image


MAX_BYTES = 256 * 2**20
MAX_PIXELS = 80_000_000
"""A camera's largest picture has about 60 million; three times as many bytes are read."""
# Decoders that read pixels and nothing else: EPS would start another program.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    TypeError,
    KeyError,
    struct.error,
    zlib.error,
    OverflowError,
)
"""What Pillow raises for files that are not what they say."""


# Reading
# ----------------------------------------------------------------------


def look(path: Path) -> tuple[int, int]:
    """Return width and height, upright, from the file's header. Raises StudioError where it is no
    picture that can be used.
    """
    try:
        with opened(path) as (file, size):
            _check_bytes(path, size)
            with _opened(path, file) as picture:
                # Of a PNG Pillow reads every pixel to look for what may stand behind them; a TIFF's
                # size is the upright one.
                asked = (
                    _check_png(file, size) if picture.format == "PNG" else picture.format != "TIFF"
                )
                turned = asked and _orientation(picture) >= 5
                return (
                    (picture.height, picture.width) if turned else (picture.width, picture.height)
                )
    except HeaderError as error:
        raise _refused(path, "is not a file") from error
    except FileNotFoundError as error:
        raise _refused(path, "is not there") from error
    except _BROKEN as error:
        raise _unreadable(path, error) from error


def read_picture(path: Path, side: int = 0) -> tuple[Image, str]:
    """Return a picture upright, in sRGB on white, and the SHA-256 of its file. Raises StudioError.

    With `side` it may come smaller, but not smaller than that.
    """
    data = _bytes_of(path)
    try:
        with _opened(path, io.BytesIO(data)) as opened_picture:
            if side:
                opened_picture.draft("RGB", (side, side))
            # a TIFF is upright then, and the notes behind a PNG's pixels are read
            opened_picture.load()
            picture = _upright(to_srgb(_to_eight_bits(opened_picture)), opened_picture)
            return _on_ground(picture, "white").convert("RGB"), hashlib.sha256(data).hexdigest()
    except _BROKEN as error:
        raise _unreadable(path, error) from error


def _on_ground(picture: Image, colour: str) -> Image:
    """Return a picture with this colour behind what is see-through."""
    from PIL import Image

    if (
        picture.mode not in ("RGBA", "LA", "PA", "La", "RGBa")
        and "transparency" not in picture.info
    ):
        return picture
    picture = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", picture.size, colour), picture)


def read_mask(path: Path) -> tuple[Image, str]:
    """Return a mask in grey, white where it repaints, and the SHA-256 of its file; what is
    see-through repaints nothing.
    """
    data = _bytes_of(path)
    try:
        with _opened(path, io.BytesIO(data)) as picture:
            picture.load()
            mask = _upright(_to_eight_bits(picture), picture)
            return _on_ground(mask, "black").convert("L"), hashlib.sha256(data).hexdigest()
    except _BROKEN as error:
        raise _unreadable(path, error) from error


@contextmanager
def _opened(path: Path, file: Any) -> Iterator[Image]:
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # about its own limit, which is not ours, and about notes in the file that are damaged
        try:
            picture = Image.open(file, formats=_FORMATS)
        except Image.DecompressionBombError as error:
            raise _too_large(path, "more") from error
        with picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise _too_large(path, f"{picture.width} × {picture.height}")
            yield picture


def _check_png(file: BinaryIO, size: int) -> bool:
    """Return whether a PNG has a chunk of Exif; the file is left where it was. Raises OSError where
    its pixels are cut off.
    """
    before = file.tell()
    found = False
    try:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            length, name = struct.unpack(">I4s", head)
            found = found or name == b"eXIf"
            end = file.seek(length + 4, io.SEEK_CUR)
            if name == b"IDAT" and end > size:
                raise OSError("cut off")
        return found
    finally:
        file.seek(before)


def _orientation(picture: Image) -> int:
    """Return the Exif orientation, 1 to 8; 1 where the notes do not say, or are damaged."""
    try:
        orientation = picture.getexif().get(0x0112, 1)
    except _BROKEN:
        return 1
    return orientation if orientation in range(1, 9) else 1


def _upright(picture: Image, source: Image) -> Image:
    """Return the decoded picture turned as its file says.

    Pillow's `exif_transpose` does not do here: it writes all notes again, and raises for tags of an
    unusual type.
    """
    from PIL.Image import Transpose

    turn = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(_orientation(source))
    return picture if turn is None else picture.transpose(turn)


def _to_eight_bits(picture: Image) -> Image:
    """Return pictures of 16 and 32 bits a pixel with their brightness scaled to 8; Pillow would cut
    it off.
    """
    import numpy as np
    from PIL import Image

    if not (picture.mode.startswith("I") or picture.mode == "F"):
        return picture
    values = np.nan_to_num(np.asarray(picture).astype(np.float64))
    top = 65_535.0 if picture.mode.startswith("I") else max(1.0, float(values.max(initial=0)))
    made = Image.fromarray((np.clip(values / top, 0, 1) * 255).round().astype(np.uint8))
    made.info.update({name: value for name, value in picture.info.items() if name == "icc_profile"})
    return made


def _bytes_of(path: Path) -> bytes:
    try:
        with opened(path) as (file, size):
            _check_bytes(path, size)
            return file.read(MAX_BYTES + 1)
    except HeaderError as error:
        raise _refused(path, "is not a file") from error
    except FileNotFoundError as error:
        raise _refused(path, "is not there") from error
    except OSError as error:
        raise _refused(path, f"cannot be read ({error.strerror or error})") from error


def _check_bytes(path: Path, size: int) -> None:
    if size > MAX_BYTES:
        raise _refused(
            path, f"has {size / 2**20:.0f} MB, and {MAX_BYTES // 2**20} are the most for a picture"
        )


def _too_large(path: Path, what: str) -> StudioError:
    return _refused(path, f"has {what} pixels; {MAX_PIXELS // 10**6} million are the most")


def _unreadable(path: Path, error: BaseException) -> StudioError:
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return _refused(path, "is no picture that can be read (PNG, JPEG, WebP, BMP, GIF, TIFF)")
    if isinstance(error, PermissionError | IsADirectoryError):
        return _refused(path, f"cannot be read ({error.strerror})")
    return _refused(path, "cannot be read: the file is damaged or cut off")


def _refused(path: Path, why: str) -> StudioError:
    return StudioError(
        f"{short_name(path)} {why}.", cause="invalid", cure="Choose another picture."
    )


def short_name(path: Path) -> str:
    """Return the file's name, the middle of a long one left out."""
    name = printable(path.name)
    return name if len(name) <= 40 else f"{name[:24]}…{name[-14:]}"
