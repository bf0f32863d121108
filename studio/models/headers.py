"""Headers of weight files, read with limits, without loading anything.

safetensors: https://huggingface.co/docs/safetensors (8 bytes of length, JSON, data).
GGUF: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3, little-endian).
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

MAX_HEADER_BYTES = 25 * 2**20
"""A header of 87 MB takes 48 s and 1.2 GB to open; real ones are under 10 MB."""
MAX_GGUF_ENTRIES = 10_000
MAX_GGUF_TENSORS = 100_000
MAX_GGUF_STRING_BYTES = 64 * 2**20
MAX_GGUF_ITEMS = 3_000_000
"""In all lists together; the largest vocabularies with their merges have half of that."""
MAX_BRACKETS = 300_000
"""Three a tensor. A list in JSON takes 3 bytes in the file and 60 in memory."""
_BITS = {
    "F64": 64, "F32": 32, "F16": 16, "BF16": 16, "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32, "U16": 16,
    "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "C64": 64,
}  # fmt: skip


class HeaderError(ValueError):
    """The file is not what it says; the message says why."""


@dataclass(frozen=True)
class WeightsHeader:
    """What a header tells."""

    parameters: int
    tensors: tuple[str, ...]
    metadata: dict[str, Any] = field(default_factory=dict)


def read_safetensors(path: Path) -> WeightsHeader:
    """Return the header of a safetensors file. Raises HeaderError where it is damaged, cut off or hostile."""
    size = path.stat().st_size
    with path.open("rb") as file:
        first = file.read(8)
        if len(first) < 8:
            raise HeaderError("it is too short for a safetensors file")
        (length,) = struct.unpack("<Q", first)
        if length > size - 8:
            raise HeaderError(_other_format(first) or "its header is longer than the file: it is cut off, or no safetensors file")
        if length > MAX_HEADER_BYTES:
            raise HeaderError(f"its header has {length / 2**20:.0f} MB; at most {MAX_HEADER_BYTES // 2**20} are read")
        table = _parse_json(file.read(length), _other_format(first))
    metadata = table.pop("__metadata__", {})
    parameters = _check_layout(table, size - 8 - length)
    return WeightsHeader(parameters, tuple(table), metadata if isinstance(metadata, dict) else {})


def _other_format(first: bytes) -> str:
    """Return what a file that begins like this is instead, or the empty text."""
    if first[:1] == b"\x80" and first[1] in range(2, 6):
        return "it is a pickle, which can run code; ask for the model as safetensors"
    if first[:4] == b"PK\x03\x04":
        return "it is an archive, as pickles are kept in, which can run code; ask for the model as safetensors"
    return ""


def _parse_json(data: bytes, otherwise: str) -> dict[str, Any]:
    if data.count(b"[") + data.count(b"{") > MAX_BRACKETS:
        raise HeaderError(otherwise or "its header announces more tensors than any real model has")
    try:
        table = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise HeaderError(otherwise or "its header is not JSON") from error
    if not isinstance(table, dict):
        raise HeaderError("its header is not a table")
    return table


def _check_layout(table: dict[str, Any], data_bytes: int) -> int:
    parameters, spans = 0, []
    for name, tensor in table.items():
        try:
            bits, shape = _BITS[tensor["dtype"]], tensor["shape"]
            begin, end = tensor["data_offsets"]
            whole = all(type(number) is int and number >= 0 for number in (*shape, begin, end))
        except (KeyError, TypeError, ValueError) as error:
            raise HeaderError(f"the entry of the tensor {name[:80]!r} is damaged") from error
        if not whole or len(shape) > 16:
            raise HeaderError(f"the tensor {name[:80]!r} has an impossible shape")
        count = math.prod(shape)
        if end - begin != (count * bits + 7) // 8:
            raise HeaderError(f"the tensor {name[:80]!r} has another size than its shape says")
        parameters += count
        spans.append((begin, end))
    position = 0
    for begin, end in sorted(spans):
        if begin != position:
            raise HeaderError("its tensors overlap or leave gaps")
        position = end
    if position != data_bytes:
        raise HeaderError(f"it is cut off: {data_bytes:,} bytes of weights, {position:,} expected")
    return parameters


# GGUF ----------------------------------------------------------------------------------------------------------------------

_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
_KEPT_ARRAY = 64
# Type number → (values in a block, bytes of a block), as ggml defines them.
_BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36)}
_BLOCKS |= {10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66)}
_BLOCKS |= {17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136)}
_BLOCKS |= {24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54)}
_BLOCKS |= {35: (256, 66), 39: (32, 17)}


class _GgufReader:
    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._string_bytes = 0
        self._items = 0

    def take(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) < count:
            raise HeaderError("it is cut off in its header")
        return data

    def number(self, form: str) -> Any:
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def string(self) -> str:
        length = self.number("<Q")
        self._string_bytes += length
        if length > self._size or self._string_bytes > MAX_GGUF_STRING_BYTES:
            raise HeaderError("its header holds more text than any real model")
        return self.take(length).decode(errors="replace")

    def value(self, kind: int) -> Any:
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _STRING:
            return self.string()
        if kind != _ARRAY:
            raise HeaderError(f"its header has a value of unknown type {kind}")
        of, length = self.number("<I"), self.number("<Q")
        self._items += length
        if self._items > MAX_GGUF_ITEMS or of == _ARRAY:
            raise HeaderError("its header holds a list longer than in any real model")
        if of in _SCALARS:
            self.take(struct.calcsize(_SCALARS[of]) * length)
            return length
        return [self.value(of) for _ in range(length)][:_KEPT_ARRAY]

    def tensor(self) -> tuple[str, int, int]:
        name, dimensions = self.string(), self.number("<I")
        if dimensions > 4:
            raise HeaderError("it has a tensor of more than four dimensions")
        count = math.prod(self.number("<Q") for _ in range(dimensions))
        kind, offset = self.number("<I"), self.number("<Q")
        if kind not in _BLOCKS:
            raise HeaderError(f"it has a tensor of unknown type {kind}")
        values, size = _BLOCKS[kind]
        return name, count, offset + -(-count // values) * size


def read_gguf(path: Path) -> WeightsHeader:
    """Return the header of a GGUF file. Raises HeaderError where it is damaged, cut off or hostile."""
    size = path.stat().st_size
    with path.open("rb") as file:
        reader = _GgufReader(file, size)
        if reader.take(4) != b"GGUF":
            raise HeaderError("it is not a GGUF file")
        version = reader.number("<I")
        if version not in (2, 3):
            raise HeaderError(f"its GGUF version {version} is not known")
        tensor_count, entry_count = reader.number("<Q"), reader.number("<Q")
        if entry_count > MAX_GGUF_ENTRIES or tensor_count > MAX_GGUF_TENSORS:
            raise HeaderError("its header announces more entries than any real model has")
        metadata = {reader.string(): reader.value(reader.number("<I")) for _ in range(entry_count)}
        tensors = [reader.tensor() for _ in range(tensor_count)]
        alignment = metadata.get("general.alignment", 32)
        if type(alignment) is not int or not 0 < alignment <= 4096:
            raise HeaderError("its alignment is impossible")
        start = -(-file.tell() // alignment) * alignment
    parameters = sum(count for _name, count, _end in tensors)
    if not parameters:
        raise HeaderError("it holds no weights")
    if start + max(end for _name, _count, end in tensors) > size:
        raise HeaderError("it is cut off: its weights end beyond the file's end")
    return WeightsHeader(parameters, tuple(name for name, _count, _end in tensors), metadata)
