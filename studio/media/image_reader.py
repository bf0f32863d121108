"""The only decoder of images that a user chooses: limits first, then upright pixels in sRGB."""

from __future__ import annotations

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
from studio.core.files import sha256_hex
from studio.core.regular_file import HeaderError, opened
from studio.core.translation import tr
from studio.media.avif import color_codes, is_avif, is_heic
from studio.media.color_profile import COLOR_CODES, to_srgb

if TYPE_CHECKING:
    from PIL.Image import Image


MAX_BYTES = 256 * 2**20
MAX_PIXELS = 80_000_000
"""The largest cameras have about 60 million."""
MAX_REDUCED_PIXELS = 500_000_000
"""Of a JPEG that is scaled down while it is decoded."""
# Decoders that read pixels and nothing else: EPS would start another program.
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF")
_ALPHA_MODES = ("RGBA", "LA", "PA", "La", "RGBa")
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    TypeError,
    KeyError,
    RuntimeError,
    struct.error,
    zlib.error,
    OverflowError,
)
"""What Pillow raises for damaged files."""


def image_size(path: Path, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Return the upright image's width and height, from the file's header. Raises StudioError.

    `max_pixels`: more than `read_image` decodes, for a list of files, which may be larger, too.
    """
    try:
        with opened(path) as (file, size):
            if max_pixels <= MAX_PIXELS or _is_read_whole(
                file
            ):  # of others the header is read only
                _check_bytes(path, size)
            with _opened(path, file, max_pixels) as image:
                # Pillow would read all pixels of a PNG to find Exif data after them; the size of a
                # TIFF is the upright one.
                has_exif = (
                    _check_png(file, size) if image.format == "PNG" else image.format != "TIFF"
                )
                rotated = has_exif and _orientation(image) >= 5
                return (image.height, image.width) if rotated else (image.width, image.height)
    except HeaderError as error:
        raise _refusal(tr("{name} is not a file.", name=short_name(path))) from error
    except FileNotFoundError as error:
        raise _refusal(tr("{name} does not exist.", name=short_name(path))) from error
    except _BROKEN as error:
        raise _unreadable(path, error) from error


def read_image(path: Path, side: int = 0, max_pixels: int = MAX_PIXELS) -> tuple[Image, str]:
    """Return the upright image, in sRGB on white, and the SHA-256 of its file. Raises StudioError.

    With `side` the image may be scaled down, to at least that size. `max_pixels`: of a JPEG that
    becomes smaller than `MAX_PIXELS` by that.
    """
    data = _bytes_of(path)
    try:
        with _opened(path, io.BytesIO(data), max_pixels) as source:
            if side:
                _reduce(path, source, side)
            source.load()  # turns a TIFF upright, and reads the Exif data after a PNG's pixels
            image = _upright(to_srgb(_to_eight_bits(source)), source)
            return on_background(image, "white").convert("RGB"), sha256_hex(data)
    except _BROKEN as error:
        raise _unreadable(path, error) from error


def read_transparency(path: Path) -> Image | None:
    """Return the upright image's alpha channel in grayscale; None if nothing is transparent.

    Raises StudioError.
    """
    try:
        with _opened(path, io.BytesIO(_bytes_of(path))) as source:
            source.load()
            if source.mode not in _ALPHA_MODES and "transparency" not in source.info:
                return None
            alpha = _upright(source.convert("RGBA").getchannel("A"), source)
            return alpha if alpha.histogram()[255] < alpha.width * alpha.height else None
    except _BROKEN as error:
        raise _unreadable(path, error) from error


def _reduce(path: Path, source: Image, side: int) -> None:
    """Let a JPEG's decoder scale it down. Raises StudioError if too many pixels remain."""
    size = source.size
    # The decoder keeps a whole progressive image in memory before it scales it.
    is_whole = size[0] * size[1] > MAX_PIXELS and bool(source.info.get("progressive"))
    source.draft("RGB", (side, side))
    if is_whole or source.width * source.height > MAX_PIXELS:
        raise _too_large(path, size)


def on_background(image: Image, color: str) -> Image:
    """Return the image on a background of this color."""
    from PIL import Image as PILImage

    if image.mode not in _ALPHA_MODES and "transparency" not in image.info:
        return image
    image = image.convert("RGBA")
    return PILImage.alpha_composite(PILImage.new("RGBA", image.size, color), image)


def read_mask(path: Path) -> tuple[Image, str]:
    """Return a mask in grayscale and the SHA-256 of its file; transparent areas become black."""
    data = _bytes_of(path)
    try:
        with _opened(path, io.BytesIO(data)) as source:
            source.load()
            mask = _upright(_to_eight_bits(source), source)
            return on_background(mask, "black").convert("L"), sha256_hex(data)
    except _BROKEN as error:
        raise _unreadable(path, error) from error


@contextmanager
def _opened(path: Path, file: Any, max_pixels: int = MAX_PIXELS) -> Iterator[Image]:
    from PIL import Image as PILImage

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about Pillow's own size limit, and damaged metadata
        if _is_heic(file):
            raise _refusal(
                tr(
                    "{name} is a HEIC image, which cannot be read. Save it as JPEG, PNG or AVIF.",
                    name=short_name(path),
                )
            )
        try:
            image = _open(file, max_pixels)
        except PILImage.DecompressionBombError as error:
            message = tr(
                "{name} has more than {limit} million pixels.",
                name=short_name(path),
                limit=MAX_PIXELS // 10**6,
            )
            raise _refusal(message) from error
        with image:
            if image.width * image.height > max_pixels:
                raise _too_large(path, image.size)
            if image.format == "AVIF" and (codes := color_codes(file)):
                image.info[COLOR_CODES] = codes
            yield image


def _open(file: BinaryIO, max_pixels: int) -> Image:
    """Read the header of an image."""
    from PIL import Image as PILImage
    from PIL import UnidentifiedImageError

    try:
        return PILImage.open(file, formats=_FORMATS)
    except PILImage.DecompressionBombError:
        if max_pixels <= MAX_PIXELS:
            raise
    # Pillow's own limit is the same for all threads, so its classes are called without it.
    file.seek(0)
    prefix = file.read(16)
    for factory, accept in (PILImage.OPEN[name] for name in _FORMATS):
        if accept is not None and accept(prefix):
            file.seek(0)
            return factory(file, "")
    raise UnidentifiedImageError


def _is_heic(file: BinaryIO) -> bool:
    """Return True for a HEIC file. The file position stays."""
    head = file.read(32)
    file.seek(0)
    return is_heic(head)


def _is_read_whole(file: BinaryIO) -> bool:
    """Return True for WebP and AVIF, which Pillow reads as a whole. The file position stays."""
    head = file.read(32)
    file.seek(0)
    return head[8:12] == b"WEBP" or is_avif(head)


def _check_png(file: BinaryIO, size: int) -> bool:
    """Return whether a PNG has an Exif chunk. Raises OSError if its pixels are cut off.

    The file position stays.
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


def _orientation(image: Image) -> int:
    """Return the Exif orientation, 1 to 8; 1 if it is missing or damaged."""
    try:
        orientation = image.getexif().get(0x0112, 1)
    except _BROKEN:
        return 1
    return orientation if orientation in range(1, 9) else 1


def _upright(image: Image, source: Image) -> Image:
    """Return the decoded image, transposed by the Exif orientation of its source.

    Pillow's `exif_transpose` also rewrites the Exif data, and raises for tags of an unusual type.
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
    return image if turn is None else image.transpose(turn)


def _to_eight_bits(image: Image) -> Image:
    """Scale 16-bit and 32-bit channels to 8-bit ones; Pillow would clip them."""
    import numpy as np
    from PIL import Image as PILImage

    if not (image.mode.startswith("I") or image.mode == "F"):
        return image
    values = np.nan_to_num(np.asarray(image).astype(np.float64))
    top = 65_535.0 if image.mode.startswith("I") else max(1.0, float(values.max(initial=0)))
    scaled = PILImage.fromarray((np.clip(values / top, 0, 1) * 255).round().astype(np.uint8))
    if "icc_profile" in image.info:
        scaled.info["icc_profile"] = image.info["icc_profile"]
    return scaled


def _bytes_of(path: Path) -> bytes:
    try:
        with opened(path) as (file, size):
            _check_bytes(path, size)
            return file.read(MAX_BYTES + 1)
    except HeaderError as error:
        raise _refusal(tr("{name} is not a file.", name=short_name(path))) from error
    except FileNotFoundError as error:
        raise _refusal(tr("{name} does not exist.", name=short_name(path))) from error
    except OSError as error:
        raise _unreadable_because(path, error.strerror or str(error)) from error


def _check_bytes(path: Path, size: int) -> None:
    if size > MAX_BYTES:
        raise _refusal(
            tr(
                "{name} has {size:.0f} MB. The limit for an image is {limit} MB.",
                name=short_name(path),
                size=size / 2**20,
                limit=MAX_BYTES // 2**20,
            )
        )


def _too_large(path: Path, size: tuple[int, int]) -> StudioError:
    return _refusal(
        tr(
            "{name} has {width} × {height} pixels. The limit is {limit} million.",
            name=short_name(path),
            width=size[0],
            height=size[1],
            limit=MAX_PIXELS // 10**6,
        )
    )


def _unreadable(path: Path, error: BaseException) -> StudioError:
    from PIL import UnidentifiedImageError

    name = short_name(path)
    if isinstance(error, UnidentifiedImageError):
        return _refusal(
            tr("{name} is not a PNG, JPEG, WebP, AVIF, BMP, GIF or TIFF image.", name=name)
        )
    if isinstance(error, PermissionError | IsADirectoryError):
        return _unreadable_because(path, error.strerror or str(error))
    return _refusal(tr("{name} cannot be read: the file is damaged or cut off.", name=name))


def _unreadable_because(path: Path, reason: str) -> StudioError:
    name = short_name(path)
    return _refusal(tr("{name} cannot be read ({reason}).", name=name, reason=reason))


def _refusal(message: str) -> StudioError:
    return StudioError(message, cause="invalid", cure=tr("Choose another image."))


def short_name(path: Path) -> str:
    """Return the file's name, with an ellipsis in the middle of a long one."""
    name = printable(path.name)
    return name if len(name) <= 40 else f"{name[:24]}…{name[-14:]}"
