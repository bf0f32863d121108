"""Reads the text chunks of PNG files (ISO/IEC 15948): tEXt, zTXt, iTXt, eXIf."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from studio.media.image_texts.collector import MAX_TEXT_BYTES, TextCollector, decode
from studio.media.image_texts.exif import read_exif
from studio.media.image_texts.xmp import read_xmp

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS = 65_536
"""libpng writes pixels in chunks of 8 kB: enough for 500 MB."""
XMP_KEYWORD = "XML:com.adobe.xmp"
_RAW_PROFILES = ("Raw profile type exif", "Raw profile type APP1")  # not translated: keywords
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")


@dataclass(frozen=True)
class PngHeader:
    """The fields of IHDR that describe the pixels."""

    width: int
    height: int
    depth: int
    color_type: int
    interlaced: bool


def chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield type and length of each chunk, with the file at the chunk's data."""
    size = file.seek(0, os.SEEK_END)
    position = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        file.seek(position)
        head = file.read(8)
        if len(head) < 8:
            return
        length, kind = struct.unpack(">I4s", head)
        if position + 8 + length > size or kind == b"IEND":
            return
        yield kind, length
        position += 12 + length


def read_png(file: BinaryIO, found: TextCollector) -> PngHeader | None:
    """Collect the texts of a PNG file and return its header; None if that is damaged."""
    header = None
    for kind, length in chunks(file):
        if kind == b"IHDR" and length == 13:
            width, height, depth, color, _, _, interlace = struct.unpack(">IIBBBBB", file.read(13))
            header = PngHeader(width, height, depth, color, bool(interlace))
        elif kind == b"eXIf" and found.fits("EXIF", length):
            read_exif(file.read(length), found)
        elif kind in _TEXTS:
            _read_text(kind, length, file, found)
    return header


def _read_text(kind: bytes, length: int, file: BinaryIO, found: TextCollector) -> None:
    if length > MAX_TEXT_BYTES + 1024:
        found.fits(file.read(80).partition(b"\0")[0].decode("latin-1"), length)
        return
    name, separator, body = file.read(length).partition(b"\0")
    keyword = name[:80].decode("latin-1")
    if not separator or not keyword:
        return
    data = body
    if kind == b"zTXt":
        data = found.inflate(keyword, body[1:])
    elif kind == b"iTXt":
        compressed, rest = body[:1] == b"\x01", body[2:].split(b"\0", 2)
        if len(rest) < 3:
            return
        data = found.inflate(keyword, rest[2]) if compressed else rest[2]
    _keep(keyword, data, found)


def _keep(keyword: str, data: bytes, found: TextCollector) -> None:
    if keyword == XMP_KEYWORD:
        read_xmp(data, found)
    elif keyword in _RAW_PROFILES:
        read_exif(_from_hex(decode(data)), found)
    else:
        found.add_bytes(keyword, data)


def _from_hex(text: str) -> bytes:
    """Return the EXIF data that ImageMagick writes as its name, length and hexadecimal digits."""
    try:
        return bytes.fromhex("".join(text.split()[2:]))
    except ValueError:
        return b""
