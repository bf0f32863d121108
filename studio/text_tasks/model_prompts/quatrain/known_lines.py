"""The lines that the starter poem model learned from, as a Bloom filter: a poem has none of them.

About one in a hundred other lines is taken for one of them, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

FILE = "known-lines.bin"
SLOTS_A_LINE = 10
_HASHES = 7


class KnownLines:
    """A set of lines that answers whether it may have a line."""

    def __init__(self, data: bytes | bytearray) -> None:
        self._data = data

    @classmethod
    def read(cls, folder: Path) -> KnownLines:
        """Read the file in a model's folder."""
        return cls((folder / FILE).read_bytes())

    @classmethod
    def of(cls, lines: Iterable[str]) -> KnownLines:
        """Return the set of these lines."""
        kept = set(lines)
        data = bytearray(max(1, SLOTS_A_LINE * len(kept) // 8))
        for line in kept:
            for place in _places(line, 8 * len(data)):
                data[place // 8] |= 1 << place % 8
        return cls(data)

    def write(self, folder: Path) -> None:
        """Write the file into a model's folder."""
        (folder / FILE).write_bytes(self._data)

    def __contains__(self, line: str) -> bool:
        return all(
            self._data[place // 8] >> place % 8 & 1 for place in _places(line, 8 * len(self._data))
        )


def _places(line: str, size: int) -> Iterator[int]:
    digest = hashlib.blake2b(line.encode(), digest_size=16).digest()
    first, step = int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")
    return ((first + number * step) % size for number in range(_HASHES))
