"""Text of any length in WAV and MP3 files, where libsndfile truncates or drops it, and in WebP.

WAV and WebP: a RIFF chunk of our own, `stud`, at the end (Microsoft RIFF specification 1.0, WebP
Container Specification: readers skip unknown chunks). MP3: an ID3v2.4 tag with one
TXXX frame at the beginning (https://id3.org/id3v2.4.0-structure).
"""

from __future__ import annotations

import struct

_CHUNK = b"stud"
_DESCRIPTION = b"studio"


def tag_riff(data: bytes, text: str) -> bytes:
    """Return the RIFF file with the text in a chunk at its end, if there is a text."""
    if not text:
        return data
    body = text.encode()
    chunk = _CHUNK + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    return data[:4] + struct.pack("<I", len(data) + len(chunk) - 8) + data[8:] + chunk


def read_riff(data: bytes) -> str | None:
    """Return the text, or None."""
    if data[:4] != b"RIFF" or data[8:12] not in (b"WAVE", b"WEBP"):
        return None
    position = 12
    while position + 8 <= len(data):
        kind, (length,) = (
            data[position : position + 4],
            struct.unpack_from("<I", data, position + 4),
        )
        if kind == _CHUNK:
            return data[position + 8 : position + 8 + length].decode(errors="replace")
        position += 8 + length + length % 2
    return None


def is_whole_riff(data: bytes) -> bool:
    """True if the file has the length in its header."""
    return (
        data[:4] == b"RIFF"
        and len(data) >= 12
        and struct.unpack_from("<I", data, 4)[0] == len(data) - 8
    )


def tag_mp3(data: bytes, text: str) -> bytes:
    """Return the MP3 file with a text, if there is one, as its only ID3v2 tag."""
    audio = data[_tag_length(data) :]
    if not text:
        return audio
    body = b"\x03" + _DESCRIPTION + b"\0" + text.encode()  # 3: UTF-8
    frame = b"TXXX" + _syncsafe(len(body)) + b"\0\0" + body
    return b"ID3\x04\0\0" + _syncsafe(len(frame)) + frame + audio


def read_mp3(data: bytes) -> str | None:
    """Return the text, or None."""
    end, position = min(_tag_length(data), len(data)), 10
    while position + 10 <= end:
        kind, length = data[position : position + 4], _unsyncsafe(data[position + 4 : position + 8])
        body = data[position + 10 : position + 10 + length]
        if kind == b"TXXX" and body.startswith(b"\x03" + _DESCRIPTION + b"\0"):
            return body[len(_DESCRIPTION) + 2 :].decode(errors="replace")
        if not length:
            return None
        position += 10 + length
    return None


def _tag_length(data: bytes) -> int:
    return 10 + _unsyncsafe(data[6:10]) if data[:3] == b"ID3" and len(data) >= 10 else 0


def _syncsafe(number: int) -> bytes:
    # 7-bit groups, so that no length looks like the start of an audio frame.
    return bytes((number >> shift) & 0x7F for shift in (21, 14, 7, 0))


def _unsyncsafe(data: bytes) -> int:
    return sum(
        (byte & 0x7F) << shift
        for byte, shift in zip(data.ljust(4, b"\0"), (21, 14, 7, 0), strict=True)
    )
