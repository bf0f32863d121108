"""Reads texts that are hidden in the lowest bit of a PNG's pixels, as NovelAI writes them.

The stream runs down the columns, from the left. It consists of a signature of 15 characters, the
payload's length in bit units (32-bit, big-endian) and the payload, UTF-8 or gzip. The alpha
variants use one bit of a pixel, the RGB variants three. Only the columns that hold the stream are
unfiltered, so that neither time nor memory depends on the image's width.
https://github.com/NovelAI/novelai-image-metadata
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from studio.media.image_texts.collector import TextCollector, clean, decode
from studio.media.image_texts.png_chunks import PngHeader, chunks

MAX_PAYLOAD_BYTES = 96 * 1024
MAX_INFLATED_BYTES = 64 * 2**20
"""Of the image's pixels."""
_MAX_WIDTH = 65_535
_SIGNATURE_BYTES = 15
_HEAD = 8 * (_SIGNATURE_BYTES + 4)
_SIGNATURES = {
    b"stealth_pnginfo": False,
    b"stealth_pngcomp": True,
    b"stealth_rgbinfo": False,
    b"stealth_rgbcomp": True,
}
"""Signature → whether the payload is compressed."""
_RGB, _RGBA = 2, 6
_PIECE = 64 * 1024
_DIGITS = bytes([48, 49]) * 128
"""Translates a byte to the digit of its lowest bit."""


def read_hidden_text(file: BinaryIO, header: PngHeader) -> str:
    """Return the hidden text of a PNG file; empty if it has none."""
    if header.depth != 8 or header.interlaced or not header.height:
        return ""
    if not 0 < header.width <= _MAX_WIDTH:
        return ""
    variants = {_RGBA: ((3,), (0, 1, 2)), _RGB: ((0, 1, 2),)}.get(header.color_type, ())
    return next(filter(None, (_read_variant(file, header, used) for used in variants)), "")


def _read_variant(file: BinaryIO, header: PngHeader, used: tuple[int, ...]) -> str:
    """Read the text in these channels of a pixel."""
    head = _stream(file, header, used, _HEAD)
    signature = head[:_SIGNATURE_BYTES]
    if signature not in _SIGNATURES or (len(used) == 3) != (b"rgb" in signature):
        return ""
    length = int.from_bytes(head[_SIGNATURE_BYTES:], "big")
    if not 0 < length <= 8 * MAX_PAYLOAD_BYTES:
        return ""
    payload = _stream(file, header, used, _HEAD + length)[_SIGNATURE_BYTES + 4 :]
    if _SIGNATURES[signature]:
        payload = TextCollector().inflate("", payload, zlib.MAX_WBITS | 16)
    return clean(decode(payload)).strip()


def _stream(file: BinaryIO, header: PngHeader, used: tuple[int, ...], count: int) -> bytes:
    """Return the first `count` of the hidden digits as bytes; empty if the image is too small."""
    pixels = -(-count // len(used))
    width = -(-pixels // header.height)
    height = header.height if width > 1 else pixels
    if width > header.width:
        return b""
    columns = [bytearray(height * len(used)) for _ in range(width)]
    rows = 0
    for row in _rows(file, header, used, width):
        for channel, values in enumerate(row):
            place = rows * len(used) + channel
            for column, value in zip(columns, values, strict=True):
                column[place] = value
        rows += 1
        if rows == height:
            break
    if rows < height:
        return b""
    digits = b"".join(columns)[: count - count % 8].translate(_DIGITS)
    return int(digits, 2).to_bytes(len(digits) // 8, "big")


def _rows(
    file: BinaryIO, header: PngHeader, used: tuple[int, ...], width: int
) -> Iterator[list[bytes]]:
    """Yield the first `width` pixels of each row: the values of each used channel."""
    channels = 4 if header.color_type == _RGBA else 3
    length = 1 + header.width * channels
    above = [bytes(width) for _ in used]
    waiting = bytearray()
    for piece in _pixel_data(file):
        waiting += piece
        position = 0
        while position + length <= len(waiting):
            kind = waiting[position]
            start, end = position + 1, position + 1 + width * channels
            above = [
                _unfilter(kind, waiting[start + channel : end : channels], before)
                for channel, before in zip(used, above, strict=True)
            ]
            yield above
            position += length
        del waiting[:position]


def _pixel_data(file: BinaryIO) -> Iterator[bytes]:
    """Yield the decompressed pixel data, up to a limit or to where it is damaged."""
    inflater, left = zlib.decompressobj(), MAX_INFLATED_BYTES
    for kind, length in chunks(file):
        while kind == b"IDAT" and length > 0 and left > 0:
            data = file.read(min(length, _PIECE))
            if not data:  # the file was cut off meanwhile
                return
            length -= len(data)
            while data and left > 0:
                try:
                    piece = inflater.decompress(data, 4 * _PIECE)
                except zlib.error:
                    return
                yield piece
                left -= len(piece)
                data = inflater.unconsumed_tail


def _unfilter(kind: int, values: bytes | bytearray, above: bytes) -> bytes:
    """Undo the filter of a row (ISO/IEC 15948, 9.2) for one channel of its first pixels."""
    if kind == 0:
        return bytes(values)
    if kind == 2:
        return bytes((value + up) & 255 for value, up in zip(values, above, strict=True))
    left = corner = 0
    result = bytearray(len(values))
    for index, (value, up) in enumerate(zip(values, above, strict=True)):
        if kind == 1:
            predicted = left
        elif kind == 3:
            predicted = (left + up) >> 1
        else:
            predicted = _paeth(left, up, corner)
        left, corner = (value + predicted) & 255, up
        result[index] = left
    return bytes(result)


def _paeth(left: int, up: int, corner: int) -> int:
    estimate = left + up - corner
    to_left, to_up, to_corner = abs(estimate - left), abs(estimate - up), abs(estimate - corner)
    if to_left <= to_up and to_left <= to_corner:
        return left
    return up if to_up <= to_corner else corner
