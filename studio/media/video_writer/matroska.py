"""Reads the elements of WebM files (RFC 8794, RFC 9559): the comment, and whether all is there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_EBML, _SEGMENT, _CLUSTER, _TAGS = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0x1254C367
_TAG, _SIMPLE_TAG, _NAME, _STRING = 0x7373, 0x67C8, 0x45A3, 0x4487
_MAX_ELEMENTS = 100_000
_MAX_TEXT_BYTES = 4 << 20
_Element = tuple[int, int, int]
"""Its id, and where its content begins and ends."""


def read_comment(path: Path) -> str | None:
    """Return the comment of a WebM file, or None. Raises OSError."""
    with path.open("rb") as file:
        for tags in _children(file, _segment(file), _TAGS):
            for tag in _children(file, tags, _TAG):
                for simple in _children(file, tag, _SIMPLE_TAG):
                    texts = {
                        element[0]: _text(file, element) for element in _elements(file, *simple[1:])
                    }
                    if texts.get(_NAME, "").lower() == "comment":
                        return texts.get(_STRING)
    return None


def is_complete(path: Path) -> bool:
    """True if the file has the length that it states, and some content. Raises OSError."""
    with path.open("rb") as file:
        segment = _segment(file)
        if segment is None or segment[2] != file.seek(0, 2):
            return False
        return any(True for _cluster in _children(file, segment, _CLUSTER))


def _segment(file: BinaryIO) -> _Element | None:
    size = file.seek(0, 2)
    elements = list(_elements(file, 0, size))
    if len(elements) < 2 or elements[0][0] != _EBML or elements[1][0] != _SEGMENT:
        return None
    return elements[1]


def _children(file: BinaryIO, parent: _Element | None, kind: int) -> Iterator[_Element]:
    if parent is not None:
        yield from (one for one in _elements(file, *parent[1:]) if one[0] == kind)


def _elements(file: BinaryIO, start: int, end: int) -> Iterator[_Element]:
    """Yield the elements that are whole in a part of the file."""
    for _number in range(_MAX_ELEMENTS):
        file.seek(start)
        head = file.read(12)
        name_length = _length_of(head, 0)
        size_length = _length_of(head, name_length)
        if not name_length or not size_length or len(head) < name_length + size_length:
            return
        name = int.from_bytes(head[:name_length], "big")
        size = int.from_bytes(head[name_length : name_length + size_length], "big")
        size &= (1 << 7 * size_length) - 1
        begin = start + name_length + size_length
        if begin + size > end:
            return
        yield name, begin, begin + size
        start = begin + size


def _length_of(head: bytes, position: int) -> int:
    """Return the bytes of a number of variable length, from its first byte; 0 for none."""
    if position >= len(head) or not head[position]:
        return 0
    return 9 - head[position].bit_length()


def _text(file: BinaryIO, element: _Element) -> str:
    file.seek(element[1])
    return file.read(min(element[2] - element[1], _MAX_TEXT_BYTES)).decode(errors="replace")
