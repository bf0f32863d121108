"""Reads the boxes of MP4 files (ISO/IEC 14496-12): the comment, and whether the file is complete.

A recipe is stored where other programs look for a comment: moov / udta / meta / ilst / ©cmt / data
(the layout of iTunes, which FFmpeg writes).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_BOX_PATH = (b"moov", b"udta", b"meta", b"ilst", b"\xa9cmt", b"data")
_META_FIELDS = 4
"""Bytes of version and flags before the content of `meta`, which is a full box."""
_DATA_FIELDS = 8
"""Bytes of type and language before the text."""
_MAX_BOXES = 10_000
_MAX_HEADER_BYTES = 4096


def read_comment(path: Path) -> str | None:
    """Return the comment of an MP4 file, or None. Raises OSError."""
    with path.open("rb") as file:
        start, end = 0, _size(file)
        for name in _BOX_PATH:
            boxes = _boxes(file, start, end)
            content = next(((begin, stop) for kind, begin, stop in boxes if kind == name), None)
            if content is None:
                return None
            start, end = content
            start += {b"meta": _META_FIELDS, b"data": _DATA_FIELDS}.get(name, 0)
        file.seek(start)
        return file.read(end - start).decode(errors="replace")


def read_measures(path: Path) -> tuple[int, int, float] | None:
    """Return width, height and seconds from the headers; None for another file. Raises OSError."""
    width = height = 0
    seconds = 0.0
    with path.open("rb") as file:
        movie = next(
            (box for box in _boxes(file, 0, _size(file)) if box[0] == b"moov"), (b"", 0, 0)
        )
        if not movie[0]:
            return None
        for kind, start, end in list(_boxes(file, movie[1], movie[2])):
            if kind == b"mvhd":
                seconds = _movie_seconds(_read(file, start, end))
            elif kind == b"trak":
                width, height = max((width, height), _track_size(file, start, end))
    return width, height, seconds


def _movie_seconds(header: bytes) -> float:
    """Return the duration in a movie header, whose fields are longer in its version 1."""
    scale_at, length = (20, 8) if header[:1] == b"\1" else (12, 4)
    scale = int.from_bytes(header[scale_at : scale_at + 4], "big")
    duration = int.from_bytes(header[scale_at + 4 : scale_at + 4 + length], "big")
    return duration / scale if scale else 0.0


def _track_size(file: BinaryIO, start: int, end: int) -> tuple[int, int]:
    """Return a track's width and height, the last fields of its header, in 16.16 fixed point."""
    for kind, begin, stop in _boxes(file, start, end):
        if kind == b"tkhd":
            size = _read(file, begin, stop)[-8:]
            return int.from_bytes(size[:4], "big") >> 16, int.from_bytes(size[4:], "big") >> 16
    return 0, 0


def _read(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(min(end - start, _MAX_HEADER_BYTES))


def is_complete(path: Path) -> bool:
    """True if complete boxes, media data among them, fill the file. Raises OSError."""
    with path.open("rb") as file:
        size = _size(file)
        boxes = list(_boxes(file, 0, size))
    return (
        bool(boxes)
        and boxes[-1][2] == size
        and {b"ftyp", b"moov", b"mdat"} <= {kind for kind, _start, _end in boxes}
    )


def _size(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, begin and end of the content of each box, up to an incomplete one."""
    for _number in range(_MAX_BOXES):
        file.seek(start)
        head = file.read(16)
        if len(head) < 8:
            return
        length, kind, fields = int.from_bytes(head[:4], "big"), head[4:8], 8
        if length == 1:  # a 64-bit length follows
            length, fields = int.from_bytes(head[8:16], "big"), 16
        elif length == 0:  # until the end of the file
            length = end - start
        if length < fields or start + length > end:
            return
        yield kind, start + fields, start + length
        start += length
