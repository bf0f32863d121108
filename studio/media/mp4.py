"""What an MP4 file says in its boxes (ISO/IEC 14496-12), without a decoder: the comment, and
whether the file is whole.

A recipe lies where other programs look for a comment: moov / udta / meta / ilst / ©cmt / data (the
layout of iTunes, which FFmpeg writes).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_WAY = (b"moov", b"udta", b"meta", b"ilst", b"\xa9cmt", b"data")
_META_FIELDS = 4
"""`meta` is a full box: version and flags stand before what it holds."""
_DATA_FIELDS = 8
"""The kind of text and its language, before it."""
_MAX_BOXES = 10_000


def read_comment(path: Path) -> str | None:
    """Return the comment of an MP4 file; None where it has none or is no such file. Raises
    OSError.
    """
    with path.open("rb") as file:
        start, end = 0, _size(file)
        for name in _WAY:
            found = next(
                ((begin, stop) for kind, begin, stop in _boxes(file, start, end) if kind == name),
                None,
            )
            if found is None:
                return None
            start, end = found
            start += {b"meta": _META_FIELDS, b"data": _DATA_FIELDS}.get(name, 0)
        file.seek(start)
        return file.read(end - start).decode(errors="replace")


def is_complete(path: Path) -> bool:
    """True where the file is made of whole boxes up to its end, pictures among them. Raises
    OSError.
    """
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
    """Yield kind, begin and end of what each box between two places holds, up to one that is not
    whole.
    """
    for _number in range(_MAX_BOXES):
        file.seek(start)
        head = file.read(16)
        if len(head) < 8:
            return
        length, kind, fields = int.from_bytes(head[:4], "big"), head[4:8], 8
        if length == 1:  # longer than four bytes can say
            length, fields = int.from_bytes(head[8:16], "big"), 16
        elif length == 0:  # up to the end
            length = end - start
        if length < fields or start + length > end:
            return
        yield kind, start + fields, start + length
        start += length
