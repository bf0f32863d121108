"""AVIF files: recognized, their color space, written with the recipe and without metadata.

AVIF and HEIC share the container of MP4 (ISO/IEC 14496-12 and 23008-12). Pillow reads AVIF; readers
of HEIC are under licenses that do not fit, because of the patents on HEVC.

The recipe is in a box `uuid` after the pixels, which decoders skip.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from PIL.Image import Image

_AVIF = (b"avif", b"avis")
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""Brands of files; `mif1` and `msf1` are general, and before HEIC files."""
HEIC_SUFFIXES = (".heic", ".heif")
_COLOR = b"colrnclx"
_RECIPE = bytes.fromhex("6a9cd18a5d3a503c856a0bf7749e4664")
"""Type of our box."""
_PARTS = (b"ftyp", b"meta", b"mdat")
"""Boxes that pixels need."""
_METADATA = (b"Exif", b"mime")
"""Kinds of items in the box `meta`."""
_MAX_HEAD = 1 << 16
"""The properties of an image are in front of its pixels."""


def is_avif(head: bytes) -> bool:
    """Return True for the first bytes of an AVIF file, 32 or more."""
    brands = (head[8:12], *(head[at : at + 4] for at in range(16, 32, 4)))
    return head[4:8] == b"ftyp" and any(brand in _AVIF for brand in brands)


def is_heic(head: bytes) -> bool:
    """Return True for the first bytes of a HEIC file, 32 or more."""
    return head[4:8] == b"ftyp" and head[8:12] in _HEIC and not is_avif(head)


def color_codes(file: BinaryIO) -> tuple[int, int] | None:
    """Return the codes of an AVIF's primaries and transfer (ITU-T H.273); None if it has none.

    The file position stays.
    """
    before = file.tell()
    try:
        file.seek(0)
        head = file.read(_MAX_HEAD)
    finally:
        file.seek(before)
    at = head.find(_COLOR) + len(_COLOR)
    if at < len(_COLOR) or at + 4 > len(head):
        return None
    return int.from_bytes(head[at : at + 2], "big"), int.from_bytes(head[at + 2 : at + 4], "big")


def encode_avif(image: Image, quality: int, recipe: str = "") -> bytes:
    """Encode an RGB or RGBA image as AVIF; from 90 on with whole color resolution."""
    buffer = io.BytesIO()
    image.save(
        buffer,
        "AVIF",
        quality=min(max(quality, 1), 100),
        subsampling="4:4:4" if quality >= 90 else "4:2:0",
    )
    data = buffer.getvalue()
    if not recipe:
        return data
    text = recipe.encode()
    return data + struct.pack(">I4s", 24 + len(text), b"uuid") + _RECIPE + text


def read_avif(data: bytes) -> str | None:
    """Return the recipe of an AVIF file, or None."""
    for kind, box in _boxes(data):
        if kind == b"uuid" and box[8:24] == _RECIPE:
            return box[24:].decode(errors="replace")
    return None


def is_whole_avif(data: bytes) -> bool:
    """True if the boxes of the file end where it ends."""
    return is_avif(data[:32]) and sum(len(box) for _kind, box in _boxes(data)) == len(data)


def strip_avif(data: bytes) -> bytes | None:
    """Return the file without metadata; None if it is among what pixels need, as Exif data are.

    Raises ValueError for a damaged file.
    """
    if not is_avif(data[:32]):
        raise ValueError("it is no AVIF file")
    kept = [(kind, box) for kind, box in _boxes(data) if kind in _PARTS]
    if [kind for kind, _box in kept].count(b"mdat") == 0:
        raise ValueError("it has no pixels")
    has_items = any(
        box.find(name) >= 0 for kind, box in kept if kind == b"meta" for name in _METADATA
    )
    if has_items or [kind for kind, _box in _boxes(data)][: len(kept)] != [
        kind for kind, _ in kept
    ]:
        return None  # positions in the file are stored in it: nothing in front of pixels can go
    return b"".join(box for _kind, box in kept)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content, with its header, of the boxes of a file."""
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if length == 1 and at + 16 <= len(data):
            (length,) = struct.unpack_from(">Q", data, at + 8)
        end = at + length if length else len(data)
        if end < at + 8 or end > len(data):
            return
        yield kind, data[at:end]
        at = end
