"""JPEG and WebP files with the recipe, encoded by Pillow.

JPEG: the recipe is in comments of up to 64 KB each (ITU-T T.81, COM), which decoders skip. WebP: in
a RIFF chunk, see `riff_id3`. Both also have the settings as other programs write them, in Exif.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from studio.core.settings import CompressedQuality
from studio.media import riff_id3

if TYPE_CHECKING:
    from PIL.Image import Image

QUALITY: dict[CompressedQuality, int] = {"high": 95, "small": 80}
_MARK = b"studio\0"
_MAX_SEGMENT = 65_533
_MAX_EXIF_BYTES = 60_000
"""A JPEG holds at most 64 KB of Exif data; a longer text is in the recipe only."""
_USER_COMMENT = 0x9286
_EXIF_FIELDS = 0x8769
_UNICODE = b"UNICODE\0"
_COMMENT, _START_OF_SCAN = 0xFE, 0xDA


def encode_jpeg(image: Image, quality: int, recipe: str = "", parameters: str = "") -> bytes:
    """Encode an RGB image as JPEG; from 90 on with whole color resolution."""
    buffer = io.BytesIO()
    image.save(
        buffer,
        "JPEG",
        quality=min(max(quality, 1), 100),
        subsampling=0 if quality >= 90 else 2,
        exif=_exif(parameters),
    )
    return _tag_jpeg(buffer.getvalue(), recipe) if recipe else buffer.getvalue()


def encode_webp(image: Image, quality: int, recipe: str = "", parameters: str = "") -> bytes:
    """Encode an RGB image as WebP."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=min(max(quality, 1), 100), exif=_exif(parameters))
    data = buffer.getvalue()
    return riff_id3.tag_riff(data, recipe) if recipe else data


def read_jpeg(data: bytes) -> str | None:
    """Return the recipe of a JPEG file, or None."""
    parts = [body[len(_MARK) :] for body in _comments(data) if body.startswith(_MARK)]
    return b"".join(parts).decode(errors="replace") if parts else None


def is_whole_jpeg(data: bytes) -> bool:
    """True if the file begins and ends as a JPEG."""
    return data.startswith(b"\xff\xd8") and data.endswith(b"\xff\xd9")


def _exif(parameters: str) -> bytes:
    """Return Exif data with the settings, where other programs look for them."""
    from PIL import Image as PILImage

    exif = PILImage.Exif()
    text = _UNICODE + parameters.encode("utf-16-be", errors="replace")
    if parameters and len(text) <= _MAX_EXIF_BYTES:
        exif.get_ifd(_EXIF_FIELDS)[_USER_COMMENT] = text
    return exif.tobytes()


def _tag_jpeg(data: bytes, text: str) -> bytes:
    body, size = text.encode(), _MAX_SEGMENT - len(_MARK)
    segments = b"".join(
        b"\xff\xfe" + struct.pack(">H", len(part) + len(_MARK) + 2) + _MARK + part
        for part in (body[at : at + size] for at in range(0, len(body), size))
    )
    return (
        data[:2] + segments + data[2:] if data[2:4] != b"\xff\xe0" else _after_jfif(data, segments)
    )


def _after_jfif(data: bytes, segments: bytes) -> bytes:
    """Insert segments after the JFIF header, which must come first."""
    (length,) = struct.unpack_from(">H", data, 4)
    return data[: 4 + length] + segments + data[4 + length :]


def _comments(data: bytes) -> Iterator[bytes]:
    if data[:2] != b"\xff\xd8":
        return
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        (length,) = struct.unpack_from(">H", data, position + 2)
        if marker == _START_OF_SCAN or length < 2:
            return
        if marker == _COMMENT:
            yield data[position + 4 : position + 2 + length]
        position += 2 + length
