"""Removes metadata from files without decoding them: pixels and samples stay as they are.

PNG: only chunks that pixels need stay. JPEG and WebP: Exif, XMP, IPTC and comments go, the color
profile stays. AVIF: the recipe goes, and a file with Exif or XMP is refused. WAV, MP3 and FLAC:
tags and recipes go. MP4: boxes of metadata become free space, so that no offset changes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from studio.media.avif import strip_avif

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_CHUNKS = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP bKGD pHYs sBIT cICP acTL fcTL fdAT".split()
)
_JPEG_DROPPED = frozenset({0xE1, *range(0xE3, 0xEE), 0xEF, 0xFE})
"""APP1 (Exif, XMP), APP3 to 13 and 15, and comments; not JFIF, color profile and Adobe."""
_WEBP_DROPPED = (b"EXIF", b"XMP ", b"stud")
_WEBP_FLAGS = 0x04 | 0x08
"""Of the extended header, for XMP and Exif."""
_WAV_CHUNKS = (b"fmt ", b"fact", b"data")
_FLAC_BLOCKS = (0, 3)
"""Stream information and seek table."""
_MP4_DROPPED = (b"udta", b"meta", b"uuid")
_MP4_CONTAINERS = (b"moov", b"trak")


def without_metadata(data: bytes, suffix: str) -> bytes | None:
    """Return the file without metadata; None if this is impossible for its format.

    Raises ValueError for a damaged file.
    """
    strip = _STRIPS.get(suffix)
    try:
        return strip(data) if strip else None
    except (struct.error, IndexError) as error:
        raise ValueError("the file is damaged") from error


def _strip_png(data: bytes) -> bytes:
    if not data.startswith(_PNG_SIGNATURE):
        raise ValueError("it is no PNG file")
    kept, position = [_PNG_SIGNATURE], len(_PNG_SIGNATURE)
    while position < len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind in _PNG_CHUNKS:
            kept.append(data[position : position + 12 + length])
        position += 12 + length
        if kind == b"IEND":
            break
    return b"".join(kept)


def _strip_jpeg(data: bytes) -> bytes:
    if not data.startswith(b"\xff\xd8"):
        raise ValueError("it is no JPEG file")
    kept, position = [data[:2]], 2
    while data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xDA:  # pixels follow
            end = data.rfind(b"\xff\xd9")
            return b"".join([*kept, data[position : end + 2 if end > 0 else len(data)]])
        (length,) = struct.unpack_from(">H", data, position + 2)
        if marker not in _JPEG_DROPPED:
            kept.append(data[position : position + 2 + length])
        position += 2 + length
    raise ValueError("it has no pixels")


def _strip_webp(data: bytes) -> bytes:
    kept = []
    for kind, chunk in _riff_chunks(data, b"WEBP"):
        if kind in _WEBP_DROPPED:
            continue
        if kind == b"VP8X":
            chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_FLAGS & 0xFF]) + chunk[9:]
        kept.append(chunk)
    return _riff(b"WEBP", kept)


def _strip_wav(data: bytes) -> bytes:
    chunks = _riff_chunks(data, b"WAVE")
    return _riff(b"WAVE", [chunk for kind, chunk in chunks if kind in _WAV_CHUNKS])


def _riff_chunks(data: bytes, form: bytes) -> list[tuple[bytes, bytes]]:
    if data[:4] != b"RIFF" or data[8:12] != form:
        raise ValueError("it has another format than its name")
    chunks, position = [], 12
    while position + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        end = position + 8 + length + length % 2
        chunks.append((kind, data[position:end]))
        position = end
    return chunks


def _riff(form: bytes, chunks: list[bytes]) -> bytes:
    body = form + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _strip_mp3(data: bytes) -> bytes:
    while data[:3] == b"ID3" and len(data) >= 10:
        size = 0
        for byte in data[6:10]:
            size = size << 7 | byte & 0x7F
        data = data[10 + size + (10 if data[5] & 0x10 else 0) :]
    if data[-128:-125] == b"TAG":
        data = data[:-128]
    if data[-32:-24] == b"APETAGEX":
        size, _items, flags = struct.unpack("<III", data[-20:-8])
        data = data[: -(size + (32 if flags >> 31 else 0))]
    return data


def _strip_flac(data: bytes) -> bytes:
    if data[:4] != b"fLaC":
        raise ValueError("it has another format than its name")
    blocks, position, is_last = [], 4, False
    while not is_last:
        kind, is_last = data[position] & 0x7F, bool(data[position] & 0x80)
        end = position + 4 + int.from_bytes(data[position + 1 : position + 4], "big")
        if kind in _FLAC_BLOCKS:
            blocks.append((kind, data[position + 1 : end]))
        position = end
    kept = [
        bytes([kind | (0x80 if number == len(blocks) - 1 else 0)]) + rest
        for number, (kind, rest) in enumerate(blocks)
    ]
    return b"".join([b"fLaC", *kept, data[position:]])


def _strip_mp4(data: bytes) -> bytes:
    cleaned = bytearray(data)
    _free_boxes(cleaned, 0, len(cleaned))
    return bytes(cleaned)


def _free_boxes(data: bytearray, start: int, end: int) -> None:
    while start + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, start)
        fields = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, start + 8)
            fields = 16
        length = length or end - start
        if length < fields or start + length > end:
            raise ValueError("its boxes are damaged")
        if kind in _MP4_DROPPED:
            data[start + 4 : start + 8] = b"free"
            data[start + fields : start + length] = bytes(length - fields)
        elif kind in _MP4_CONTAINERS:
            _free_boxes(data, start + fields, start + length)
        start += length


_STRIPS: dict[str, Callable[[bytes], bytes | None]] = {
    ".png": _strip_png,
    ".jpg": _strip_jpeg,
    ".jpeg": _strip_jpeg,
    ".webp": _strip_webp,
    ".avif": strip_avif,
    ".wav": _strip_wav,
    ".mp3": _strip_mp3,
    ".flac": _strip_flac,
    ".mp4": _strip_mp4,
    ".m4v": _strip_mp4,
    ".mov": _strip_mp4,
    ".bmp": lambda data: data,
}
"""Extension → function for it."""
