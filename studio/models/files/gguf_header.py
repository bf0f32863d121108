"""Reads the headers of GGUF files with limits, without loading weights; skips long lists.

GGUF: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little-endian).
"""

from __future__ import annotations

import functools
import math
import re
import struct
from pathlib import Path
from typing import Any, BinaryIO

from studio.core.regular_file import HeaderError, opened
from studio.core.translation import tr
from studio.models.files.weights_header import WeightsHeader, other_format

MAX_ENTRIES = 10_000
MAX_TENSORS = 100_000
MAX_TEXT_BYTES = 64 * 2**20
MAX_ITEMS = 3_000_000
"""In all lists together; the largest vocabularies with their merges have half as many."""
MAX_NAME_BYTES = 65_536
MAX_ALIGNMENT = 4096
CHUNK_BYTES = 1 << 20
_SCALARS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_STRING, _ARRAY = 8, 9
_KEPT_LIST = 64
_LENGTH = struct.Struct("<Q")
_TOGETHER = 4096
# Type number → (name, values in a block, bytes of a block), as ggml defines them.
_TYPES = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 36),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
    41: ("Q1_0", 128, 18),
}


@functools.cache
def _short_texts() -> re.Pattern[bytes]:
    """Match many short strings in a row with their lengths: 3 × as fast as reading each length."""
    one = b"|".join(re.escape(bytes([length])) + b"\0{7}.{%d}" % length for length in range(1, 64))
    return re.compile(b"(?s:(?:%b){%d}+)" % (one, _TOGETHER))


class _Reader:
    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._data = b""
        self._at = 0
        self._begin = 0
        self._text_bytes = 0
        self._items = 0

    @property
    def position(self) -> int:
        """Offset in the file of the next byte to read."""
        return self._begin + self._at

    def take(self, count: int) -> bytes:
        self._need(count)
        self._at += count
        return self._data[self._at - count : self._at]

    def _need(self, count: int) -> None:
        if self._at + count <= len(self._data):
            return
        if self.position + count > self._size:
            raise HeaderError(tr("it is cut off in its header"))
        if self._at >= len(self._data):  # also after a skip past the buffered data
            self._begin, self._data = self.position, b""
            self._file.seek(self._begin)
        else:
            self._begin, self._data = self.position, self._data[self._at :]
        self._at = 0
        self._data += self._file.read(max(count - len(self._data), CHUNK_BYTES))
        if len(self._data) < count:
            raise HeaderError(tr("it is cut off in its header"))

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def string(self, most: int = MAX_TEXT_BYTES) -> str:
        length = self.number("<Q")
        self._text_bytes += length
        if length > most or self._text_bytes > MAX_TEXT_BYTES:
            raise HeaderError(tr("its header holds more text than any real model"))
        return self.take(length).decode(errors="replace")

    def value(self, kind: int) -> Any:
        """Return a value; for a long list only its length."""
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            raise HeaderError(tr("its header has a value of unknown type {kind}", kind=kind))
        of, length = self.number("<I"), self.number("<Q")
        self._items += length
        if self._items > MAX_ITEMS or of == _ARRAY:
            raise HeaderError(tr("its header holds a list longer than in any real model"))
        if length <= _KEPT_LIST:
            return [self.value(of) for _ in range(length)]
        if of in _SCALARS:
            self._skip(struct.calcsize(_SCALARS[of]) * length)
        elif of == _STRING:
            self._skip_texts(length)
        else:
            raise HeaderError(tr("its header has a list of unknown type {kind}", kind=of))
        return length

    def _skip(self, count: int) -> None:
        self._at += count
        if self.position > self._size:
            raise HeaderError(tr("it is cut off in its header"))

    def _skip_texts(self, count: int) -> None:
        begun, many = self.position, _short_texts()
        while count:
            self._need(8)
            if count >= _TOGETHER and (match := many.match(self._data, self._at)):
                self._at, count = match.end(), count - _TOGETHER
                continue
            count -= self._skip_some(min(count, _TOGETHER))
        self._text_bytes += self.position - begun
        if self._text_bytes > MAX_TEXT_BYTES:
            raise HeaderError(tr("its header holds more text than any real model"))

    def _skip_some(self, count: int) -> int:
        """Skip at least one string, at most those in the buffer; return how many."""
        data, at, last, read = self._data, self._at, len(self._data) - 8, _LENGTH.unpack_from
        passed = 0
        while passed < count and at <= last:
            at += 8 + read(data, at)[0]
            passed += 1
        self._at = at
        if self.position > self._size:
            raise HeaderError(tr("it is cut off in its header"))
        return passed

    def tensor(self) -> tuple[str, tuple[int, ...], str, int, int]:
        """Return name, shape, type, offset and size in bytes."""
        name, dimensions = self.string(MAX_NAME_BYTES), self.number("<I")
        if dimensions > 4:
            raise HeaderError(tr("it has a tensor of more than four dimensions"))
        shape = tuple(self.number("<Q") for _ in range(dimensions))
        kind, offset = self.number("<I"), self.number("<Q")
        if kind not in _TYPES:
            raise HeaderError(tr("it has a tensor of unknown type {kind}", kind=kind))
        called, values, size = _TYPES[kind]
        if any(number > self._size * 16 for number in shape):
            raise HeaderError(tr("it has a tensor of an impossible shape"))
        return name, shape[::-1], called, offset, -(-math.prod(shape) // values) * size


def read_gguf(path: Path) -> WeightsHeader:
    """Return the header of a GGUF file.

    Raises HeaderError if the file is damaged, cut off or hostile, and OSError.
    """
    with opened(path) as (file, size):
        reader = _Reader(file, size)
        first = reader.take(min(size, 4))
        if first != b"GGUF":
            raise HeaderError(other_format(first) or tr("it is not a GGUF file"))
        version = reader.number("<I")
        if version not in (2, 3):
            raise HeaderError(tr("its GGUF version {version} is unknown", version=version))
        tensor_count, entry_count = reader.number("<Q"), reader.number("<Q")
        if entry_count > MAX_ENTRIES or tensor_count > MAX_TENSORS:
            raise HeaderError(tr("its header announces more entries than any real model has"))
        metadata: dict[str, Any] = {}
        for _ in range(entry_count):
            key = reader.string(MAX_NAME_BYTES)
            if key in metadata:
                raise HeaderError(tr("its header has the key {key} twice", key=repr(key[:80])))
            metadata[key] = reader.value(reader.number("<I"))
        tensors = [reader.tensor() for _ in range(tensor_count)]
        return _check_layout(tensors, metadata, reader.position, size)


def _check_layout(
    tensors: list[tuple[str, tuple[int, ...], str, int, int]],
    metadata: dict[str, Any],
    position: int,
    size: int,
) -> WeightsHeader:
    alignment = metadata.get("general.alignment", 32)
    if (
        type(alignment) is not int
        or not 0 < alignment <= MAX_ALIGNMENT
        or alignment & (alignment - 1)
    ):
        raise HeaderError(tr("its alignment is impossible"))
    start, end = -(-position // alignment) * alignment, 0
    shapes: dict[str, tuple[int, ...]] = {}
    dtypes: dict[str, int] = {}
    for name, shape, dtype, offset, length in sorted(tensors, key=lambda tensor: tensor[3:]):
        if name in shapes:
            raise HeaderError(tr("its header names a tensor twice"))
        if offset < end or offset % alignment:
            raise HeaderError(tr("its tensors overlap or are not aligned"))
        end = offset + length
        shapes[name] = shape
        dtypes[dtype] = dtypes.get(dtype, 0) + math.prod(shape)
    parameters = sum(dtypes.values())
    if not parameters:
        raise HeaderError(tr("it holds no weights"))
    if start + end > size:
        raise HeaderError(tr("it is cut off: its weights end beyond the file's end"))
    ordered = {tensor[0]: shapes[tensor[0]] for tensor in tensors}
    return WeightsHeader(parameters, ordered, dtypes, metadata)


MAX_EXACT_PARAMETERS = 300_000_000


def bytes_of(parameters: int) -> int:
    """Return the size of a converted model.

    Small models are saved in float32, with exactly the logits of the GGUF; large ones in float16 at
    half the size, which rounds less than the quantization did.
    """
    return parameters * (4 if parameters <= MAX_EXACT_PARAMETERS else 2)
