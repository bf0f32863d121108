"""Reads the texts in EXIF data (CIPA DC-008), also those with an unusual type or in another place.

Pillow raises for some tags that other programs write; only a few tags matter here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from studio.media.image_texts.collector import (
    CAMERA,
    IMAGE_DESCRIPTION,
    MAKE,
    MAKER_NOTE,
    SOFTWARE,
    USER_COMMENT,
    XP_COMMENT,
    TextCollector,
    decode,
)

_TAGS = {
    0x010E: IMAGE_DESCRIPTION,
    0x010F: MAKE,
    0x0110: CAMERA,
    0x0131: SOFTWARE,
    0x9286: USER_COMMENT,
    0x927C: MAKER_NOTE,
    0x9C9C: XP_COMMENT,
}
_EXIF_IFD = 0x8769
_BYTE_TYPES = (1, 2, 6, 7, 129)
"""BYTE, ASCII, SBYTE, UNDEFINED, UTF-8."""
_LONG = 4
_LIKELY = (
    ("\n", "~"),
    ("\u00a0", "\u04ff"),
    ("\u2010", "\u203f"),
    ("\u3000", "\u30ff"),
    ("\u4e00", "\u9fff"),
    ("\uac00", "\ud7a3"),
    ("\uff00", "\uffef"),
)
"""Latin, Cyrillic, punctuation, kana, Chinese characters, Hangul."""
_MAX_ENTRIES = 1_000
_MAX_DIRECTORIES = 4
_MAX_MAKER_NOTE = 64
"""Fooocus writes a word; cameras write binary data."""


def read_exif(data: bytes, found: TextCollector) -> None:
    """Collect the texts of EXIF data, which begins with `II`, `MM` or `Exif`."""
    data = data.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None or len(data) < 8:
        return
    waiting: list[int] = list(struct.unpack_from(f"{order}I", data, 4))
    seen: set[int] = set()
    while waiting and len(seen) < _MAX_DIRECTORIES:
        offset = waiting.pop()
        if offset in seen:
            continue
        seen.add(offset)
        for tag, kind, count, place in _entries(data, offset, order):
            if tag == _EXIF_IFD and kind == _LONG:
                waiting += struct.unpack_from(f"{order}I", data, place)
            elif tag in _TAGS and kind in _BYTE_TYPES:
                _read_tag(_TAGS[tag], _value(data, count, place, order), order, found)


def _entries(data: bytes, offset: int, order: str) -> Iterator[tuple[int, int, int, int]]:
    """Yield tag, type, count and the place of the value or its offset."""
    if offset + 2 > len(data):
        return
    (count,) = struct.unpack_from(f"{order}H", data, offset)
    for index in range(min(count, _MAX_ENTRIES)):
        place = offset + 2 + 12 * index
        if place + 12 > len(data):
            return
        tag, kind, length = struct.unpack_from(f"{order}HHI", data, place)
        yield tag, kind, length, place + 8


def _value(data: bytes, count: int, place: int, order: str) -> bytes:
    if count > 4:
        (place,) = struct.unpack_from(f"{order}I", data, place)
    return data[place : place + count]


def _read_tag(name: str, value: bytes, order: str, found: TextCollector) -> None:
    if not found.fits(name, len(value)) or (name == MAKER_NOTE and len(value) > _MAX_MAKER_NOTE):
        return
    if name == USER_COMMENT:
        found.add(name, decode_user_comment(value, order))
    elif name == XP_COMMENT:
        found.add(name, value.decode("utf-16-le", errors="replace"))
    else:
        found.add_bytes(name, value.rstrip(b"\0"))


def decode_user_comment(value: bytes, order: str = "<") -> str:
    """Decode a UserComment: an encoding's name in 8 bytes, then the text.

    The byte order of UNICODE is not specified, and some programs write UTF-8 there: the likeliest
    decoding is chosen. `order`: that of the EXIF data.
    """
    return _decode_comment(value, order).rstrip("\0")


def _decode_comment(value: bytes, order: str) -> str:
    code, text = value[:8], value[8:]
    if code == b"UNICODE\0":
        return _decode_unicode(text, order)
    if code == b"JIS\0\0\0\0\0":
        return text.decode("iso2022_jp", errors="replace")
    if code in (b"ASCII\0\0\0", b"\0" * 8):
        return decode(text.rstrip(b"\0"))
    return _decode_unicode(value, order) if b"\0" in value.rstrip(b"\0") else decode(value)


def _decode_unicode(text: bytes, order: str) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if text.startswith(mark):
            return text[2:].decode(encoding, errors="replace")
    encodings = ["utf-16-le", "utf-16-be"] if order == "<" else ["utf-16-be", "utf-16-le"]
    decoded = [text.decode(encoding, errors="replace") for encoding in encodings]
    if b"\0" not in text.rstrip(b"\0"):
        decoded.append(text.rstrip(b"\0").decode(errors="replace"))
    return max(decoded, key=_likelihood)


def _likelihood(text: str) -> float:
    """Rate a decoding: ASCII with swapped bytes looks like Chinese, so ASCII counts twice."""
    sample = text[:4_000]
    points = sum(
        2 if character.isascii() and (character.isprintable() or character == "\n") else 1
        for character in sample
        if any(first <= character <= last for first, last in _LIKELY)
    )
    return points / max(1, len(sample))
