"""Reads the index of a CTranslate2 file: which tensors `model.bin` holds, and where.

Version 6 of the format: the name of the model's type, then of each tensor its name, shape, number
format and bytes, then aliases (https://github.com/OpenNMT/CTranslate2, `model_reader.cc`).
"""

from __future__ import annotations

import math
import struct
from pathlib import Path
from typing import BinaryIO

import msgspec

from studio.core.regular_file import HeaderError, opened
from studio.core.translation import tr

VERSION = 6
MAX_TENSORS = 10_000
MAX_NAME = 200
MAX_DIMENSIONS = 4
ITEM_BYTES = {0: 4, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2}
"""Number format → bytes: float32, int8, int16, int32, float16, bfloat16."""
FLOAT_TYPES = {0: "F32", 4: "F16", 5: "BF16"}
"""Number formats of weights that are not quantized, as safetensors calls them."""


class StoredTensor(msgspec.Struct, frozen=True):
    """Where a tensor lies in the file."""

    shape: tuple[int, ...]
    item_type: int
    start: int
    size: int
    """Bytes."""


class Container(msgspec.Struct, frozen=True):
    """The index of a file."""

    type_name: str
    """Such as WhisperSpec."""
    tensors: dict[str, StoredTensor]


def read_container(path: Path) -> Container:
    """Return the index of a file. Raises HeaderError if it is damaged, and OSError."""
    with opened(path) as (file, size):
        reader = _Reader(file, size)
        version = reader.number("I")
        if version != VERSION:
            raise HeaderError(
                tr(
                    "it is version {version} of its format, not {known}",
                    version=version,
                    known=VERSION,
                )
            )
        type_name = reader.text()
        reader.number("I")  # revision of the type
        count = reader.number("I")
        if count > MAX_TENSORS:
            raise HeaderError(tr("it claims {count:,} tensors", count=count))
        tensors: dict[str, StoredTensor] = {}
        for _number in range(count):
            name = reader.text()
            if name in tensors:
                raise HeaderError(tr("it has {name} twice", name=name))
            tensors[name] = reader.tensor(name)
        return Container(type_name, tensors)


class _Reader:
    """Reads little-endian values, never beyond the file's end."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._size = file, size

    def number(self, form: str) -> int:
        data = self._read(struct.calcsize(f"<{form}"))
        return int(struct.unpack(f"<{form}", data)[0])

    def text(self) -> str:
        """Return a text that ends with a NUL character, which its length counts."""
        length = self.number("H")
        if not 0 < length <= MAX_NAME:
            raise HeaderError(tr("a name in it has {length:,} characters", length=length))
        return self._read(length).rstrip(b"\0").decode("ascii", errors="replace")

    def tensor(self, name: str) -> StoredTensor:
        rank = self.number("B")
        if rank > MAX_DIMENSIONS:
            raise HeaderError(tr("{name} has {rank} dimensions", name=name, rank=rank))
        shape = tuple(self.number("I") for _dimension in range(rank))
        item_type, size = self.number("B"), self.number("I")
        start = self._file.tell()
        if item_type not in ITEM_BYTES or math.prod(shape) * ITEM_BYTES[item_type] != size:
            raise HeaderError(tr("the size of {name} is not that of its numbers", name=name))
        if start + size > self._size:
            raise HeaderError(tr("it ends inside {name}", name=name))
        self._file.seek(size, 1)
        return StoredTensor(shape, item_type, start, size)

    def _read(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) < count:
            raise HeaderError(tr("it ends too early"))
        return data
