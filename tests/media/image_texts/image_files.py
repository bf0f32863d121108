"""Writes image files with embedded texts, byte for byte as other programs do."""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

XMP_NAMESPACE = b"http://ns.adobe.com/xap/1.0/\0"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def text_chunk(keyword: str, text: str) -> bytes:
    return chunk(b"tEXt", keyword.encode("latin-1") + b"\0" + text.encode("latin-1"))


def compressed_chunk(keyword: str, text: str) -> bytes:
    return chunk(b"zTXt", keyword.encode("latin-1") + b"\0\0" + zlib.compress(text.encode()))


def international_chunk(keyword: str, text: str, *, compressed: bool = False) -> bytes:
    data = zlib.compress(text.encode()) if compressed else text.encode()
    flags = bytes([compressed]) + b"\0"
    return chunk(b"iTXt", keyword.encode("latin-1") + b"\0" + flags + b"\0\0" + data)


def png(path: Path, texts: dict[str, str] | None = None, *chunks: bytes, size=(64, 48)) -> Path:
    """A PNG with texts as Pillow's PngInfo writes them: Latin-1 as tEXt, others as iTXt."""
    parts = []
    for keyword, text in (texts or {}).items():
        try:
            parts.append(text_chunk(keyword, text))
        except UnicodeEncodeError:
            parts.append(international_chunk(keyword, text))
    buffer = io.BytesIO()
    Image.new("RGB", size, "teal").save(buffer, "PNG")
    data = buffer.getvalue()
    path.write_bytes(data[:33] + b"".join(parts) + b"".join(chunks) + data[33:])
    return path


def exif(tags: dict[int, tuple[int, bytes]], inner: dict[int, bytes] | None = None, order="<"):
    """EXIF data: `tags` of the first directory (type, value), `inner` of the Exif directory."""
    entries = dict(tags)
    if inner:
        entries[0x8769] = (4, b"\0\0\0\0")
    first = 8
    after = first + 2 + 12 * len(entries) + 4
    body, directory = b"", b""
    for tag, (kind, value) in sorted(entries.items()):
        if tag == 0x8769:
            directory += b"POINTER."
            continue
        place = value.ljust(4, b"\0")
        if len(value) > 4:
            place = struct.pack(order + "I", after + len(body))
            body += value + b"\0" * (len(value) % 2)
        directory += struct.pack(order + "HHI", tag, kind, len(value)) + place
    if inner:
        offset = after + len(body)
        pointer = struct.pack(order + "HHII", 0x8769, 4, 1, offset)
        directory = directory.replace(b"POINTER.", pointer)
        begin = offset + 2 + 12 * len(inner) + 4
        values, table = b"", b""
        for tag, value in sorted(inner.items()):
            table += struct.pack(order + "HHII", tag, 7, len(value), begin + len(values))
            values += value
        body += struct.pack(order + "H", len(inner)) + table + b"\0\0\0\0" + values
    mark = b"II*\0" if order == "<" else b"MM\0*"
    head = mark + struct.pack(order + "I", first) + struct.pack(order + "H", len(entries))
    return head + directory + b"\0\0\0\0" + body


def user_comment(text: str, encoding: str = "utf-16-be") -> bytes:
    """A UserComment; piexif, which A1111 uses, always writes big-endian UNICODE."""
    return b"UNICODE\0" + text.encode(encoding)


def jpeg(path: Path, exif_data: bytes = b"", xmp: bytes = b"", size=(64, 48)) -> Path:
    buffer = io.BytesIO()
    Image.new("RGB", size, "teal").save(buffer, "JPEG")
    data = buffer.getvalue()
    segments = b""
    for body in (exif_data and b"Exif\0\0" + exif_data, xmp and XMP_NAMESPACE + xmp):
        if body:
            segments += b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    path.write_bytes(data[:2] + segments + data[2:])
    return path


def webp(path: Path, exif_data: bytes = b"", xmp: bytes = b"", size=(64, 48)) -> Path:
    Image.new("RGB", size, "teal").save(path, "WEBP", exif=exif_data, xmp=xmp, lossless=True)
    return path


def hidden(path: Path, text: str, signature: str, size=(40, 60), *, filters="adaptive") -> Path:
    """A PNG with a text in the lowest bit of its alpha or color values, as NovelAI writes it."""
    payload = gzip.compress(text.encode()) if signature.endswith("comp") else text.encode()
    stream = signature.encode() + struct.pack(">I", 8 * len(payload)) + payload
    digits = np.unpackbits(np.frombuffer(stream, np.uint8))
    width, height = size
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack(
        [rows * 3 % 256, columns * 5 % 256, (rows + columns) % 256, np.full_like(rows, 255)], -1
    ).astype(np.uint8)
    channels = 3 if "rgb" in signature else 1
    used = pixels[..., :3] if channels == 3 else pixels[..., 3:]
    flat = used.transpose(1, 0, 2).reshape(-1)
    assert len(digits) <= len(flat), "the image is too small for the text"
    flat[: len(digits)] = flat[: len(digits)] & 0xFE | digits
    placed = flat.reshape(width, height, channels).transpose(1, 0, 2)
    pixels[..., :3] = placed if channels == 3 else pixels[..., :3]
    pixels[..., 3:] = placed if channels == 1 else pixels[..., 3:]
    if filters == "adaptive":
        Image.fromarray(pixels, "RGBA").save(path)
    else:
        path.write_bytes(_encode(pixels, int(filters)))
    return path


def _encode(pixels: np.ndarray, kind: int) -> bytes:
    """Encode an RGBA image with one filter for all rows (ISO/IEC 15948, section 9)."""
    height, width, channels = pixels.shape
    raw = pixels.reshape(height, -1).astype(int)
    left = np.pad(raw, ((0, 0), (channels, 0)))[:, :-channels]
    up = np.pad(raw, ((1, 0), (0, 0)))[:-1]
    corner = np.pad(left, ((1, 0), (0, 0)))[:-1]
    estimate = left + up - corner
    a, b, c = abs(estimate - left), abs(estimate - up), abs(estimate - corner)
    paeth = np.where((a <= b) & (a <= c), left, np.where(b <= c, up, corner))
    predicted = [np.zeros_like(raw), left, up, (left + up) // 2, paeth][kind]
    rows = np.insert((raw - predicted) % 256, 0, kind, axis=1).astype(np.uint8)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    data = zlib.compress(rows.tobytes())
    pieces = [chunk(b"IDAT", data[at : at + 100]) for at in range(0, len(data), 100)]
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(pieces) + chunk(b"IEND", b"")
