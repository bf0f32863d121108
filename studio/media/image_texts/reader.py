"""Reads all embedded texts of an image file: PNG, JPEG or WebP."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from studio.core.regular_file import HeaderError, opened
from studio.media.image_texts.collector import JPEG_COMMENT, TextCollector
from studio.media.image_texts.exif import read_exif
from studio.media.image_texts.hidden_text import read_hidden_text
from studio.media.image_texts.png_chunks import SIGNATURE, read_png
from studio.media.image_texts.xmp import read_xmp

_MAX_PARTS = 10_000
_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_START_OF_SCAN, _APP1, _COMMENT = 0xDA, 0xE1, 0xFE
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of headers that state the size."""


class ImageTexts(msgspec.Struct, frozen=True, kw_only=True):
    """The texts in an image file, by PNG keyword or by a name of `collector`."""

    texts: dict[str, str] = {}
    skipped: tuple[str, ...] = ()
    """Names of texts that are too long to be read."""
    width: int = 0
    height: int = 0
    """In pixels, as stored; 0 if unknown."""


def read_image_texts(path: Path) -> ImageTexts | None:
    """Return the texts of an image file; None for other formats and unreadable files."""
    try:
        with opened(path) as (file, _size):
            return _read(file)
    except (OSError, HeaderError):
        return None


def read_hidden_texts(path: Path) -> str:
    """Return the text that is hidden in the pixels of a PNG file; empty if it has none."""
    try:
        with opened(path) as (file, _size):
            if file.read(8) != SIGNATURE:
                return ""
            header = read_png(file, TextCollector())
            return read_hidden_text(file, header) if header is not None else ""
    except (OSError, HeaderError):
        return ""


def _read(file: BinaryIO) -> ImageTexts | None:
    found = TextCollector()
    head = file.read(12)
    width = height = 0
    if head.startswith(SIGNATURE):
        header = read_png(file, found)
        if header is not None:
            width, height = header.width, header.height
    elif head.startswith(b"\xff\xd8"):
        width, height = _read_jpeg(file, found)
    elif head[:4] == b"RIFF" and head[8:] == b"WEBP":
        width, height = _read_webp(file, found)
    else:
        return None
    return ImageTexts(texts=found.texts, skipped=tuple(found.skipped), width=width, height=height)


def _read_jpeg(file: BinaryIO, found: TextCollector) -> tuple[int, int]:
    """Collect the texts of a JPEG file (ITU-T T.81) and return its size."""
    size = (0, 0)
    for marker, data in _segments(file):
        if marker in _FRAMES and len(data) >= 5:
            height, width = struct.unpack_from(">HH", data, 1)
            size = (width, height)
        elif marker == _APP1 and data.startswith(b"Exif\0\0"):
            read_exif(data, found)
        elif marker == _APP1 and data.startswith(_JPEG_XMP):
            read_xmp(data[len(_JPEG_XMP) :], found)
        elif marker == _COMMENT:
            found.add_bytes(JPEG_COMMENT, data)
    return size


def _segments(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield marker and data of the segments before the pixels."""
    position = 2
    for _ in range(_MAX_PARTS):
        file.seek(position)
        head = file.read(4)
        if len(head) < 4 or head[0] != 0xFF or head[1] == _START_OF_SCAN:
            return
        if head[1] == 0xFF:  # padding before a marker
            position += 1
            continue
        (length,) = struct.unpack(">H", head[2:])
        yield head[1], file.read(max(0, length - 2))
        position += 2 + max(2, length)


def _read_webp(file: BinaryIO, found: TextCollector) -> tuple[int, int]:
    """Collect the texts of a WebP file and return its canvas size, if it states one."""
    size, position = (0, 0), 12
    for _ in range(_MAX_PARTS):
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            break
        kind, length = struct.unpack("<4sI", head)
        if kind == b"VP8X" and length == 10 and len(data := file.read(10)) == 10:
            size = (
                1 + int.from_bytes(data[4:7], "little"),
                1 + int.from_bytes(data[7:10], "little"),
            )
        elif kind == b"EXIF" and found.fits("EXIF", length):
            read_exif(file.read(length), found)
        elif kind == b"XMP " and found.fits("XMP", length):
            read_xmp(file.read(length), found)
        position += 8 + length + length % 2
    return size
