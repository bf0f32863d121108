"""Reads the headers of safetensors files with limits, without loading weights.

The format: https://huggingface.co/docs/safetensors (8 bytes of length, JSON, data).
`gguf_header.py` does the same for GGUF.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.core.regular_file import HeaderError, opened
from studio.core.translation import mark, tr, tr_marked

MAX_HEADER_BYTES = 25 * 2**20
"""A header of 87 MB takes 48 s and 1.2 GB to parse; real ones are under 10 MB."""
MAX_BRACKETS = 300_000
"""A tensor has three. A JSON list takes 3 bytes in the file and 60 in memory."""
MAX_COMMAS = 1_200_000
"""A tensor has about six. A string of two letters takes 5 bytes in the file and 60 in memory."""
MAX_DIMENSIONS = 16
_DTYPE_BITS = {
    "F64": 64,
    "F32": 32,
    "F16": 16,
    "BF16": 16,
    "I64": 64,
    "I32": 32,
    "I16": 16,
    "I8": 8,
    "U64": 64,
    "U32": 32,
    "U16": 16,
    "U8": 8,
    "BOOL": 8,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "C64": 64,
}
_MAGICS = (
    (
        b"PK",
        mark(
            "it is an archive, as pickles are kept in, which can run code; get the model as "
            "safetensors"
        ),
    ),
    (b"\x93NUMPY", mark("it is a NumPy array, not a model")),
    (
        b"\x89HDF",
        mark("it is an HDF5 file, which Studio does not read; get the model as safetensors"),
    ),
    (b"\x1f\x8b", mark("it is a packed archive (gzip); unpack it first")),
    (b"BZh", mark("it is a packed archive (bzip2); unpack it first")),
    (b"\xfd7zXZ", mark("it is a packed archive (xz); unpack it first")),
    (b"7z\xbc\xaf", mark("it is a packed archive (7z); unpack it first")),
    (b"Rar!", mark("it is a packed archive (rar); unpack it first")),
    (b"\x7fELF", mark("it is a program, not a model")),
    (b"MZ", mark("it is a program, not a model")),
    (b"#!", mark("it is a program, not a model")),
    (b"GGUF", mark("it is a GGUF file under another name")),
    (
        b"version https://git-lfs",
        mark("it is only a pointer to the file (Git LFS); fetch the file itself"),
    ),
    (b"<!DOCTYPE", mark("it is a web page; the download went wrong")),
    (b"<html", mark("it is a web page; the download went wrong")),
)
_OLD_PICKLES = (
    *(b"(dp", b"(lp", b"}q", b"]q", b"cposix\n", b"cos\n", b"c__builtin__\n", b"cbuiltins\n"),
    *(b"ctorch", b"ccollections\n"),
)
"""Pickles of protocol 0 and 1 have no version byte; they begin with a dict, a list or an import."""


Metadata = dict[str, Any]
"""The metadata of a weights file; every program writes its own keys."""


@dataclass(frozen=True)
class WeightsHeader:
    """The header of a weights file."""

    parameters: int
    shapes: dict[str, tuple[int, ...]]
    """Tensor → its shape, the outer dimension first."""
    dtypes: dict[str, int]
    """Number format (F16, Q4_K …) → number of parameters in it."""
    metadata: Metadata = field(default_factory=dict)

    @property
    def tensors(self) -> tuple[str, ...]:
        """The tensors' names."""
        return tuple(self.shapes)


def read_safetensors(path: Path) -> WeightsHeader:
    """Return the header of a safetensors file.

    Raises HeaderError if the file is damaged, cut off or hostile, and OSError.
    """
    with opened(path) as (file, size):
        first = file.read(24)
        if len(first) < 8:
            raise HeaderError(other_format(first) or tr("it is too short for a safetensors file"))
        (length,) = struct.unpack_from("<Q", first)
        if length > size - 8:
            raise HeaderError(
                other_format(first)
                or tr(
                    "its header is longer than the file: it is cut off, or not a safetensors file"
                )
            )
        if length > MAX_HEADER_BYTES:
            raise HeaderError(
                tr(
                    "its header has {size:.0f} MB; at most {limit} are allowed",
                    size=length / 2**20,
                    limit=MAX_HEADER_BYTES // 2**20,
                )
            )
        file.seek(8)
        table = _parse_header(file.read(length), other_format(first))
    metadata = table.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(
        isinstance(value, str) for value in metadata.values()
    ):
        raise HeaderError(tr("its metadata is not text"))
    try:
        "".join((*table, *metadata, *metadata.values())).encode()
    except UnicodeEncodeError as error:  # half a surrogate pair, which the library does not read
        raise HeaderError(tr("its header has damaged names")) from error
    return _check_layout(table, size - 8 - length, metadata)


def other_format(first: bytes) -> str:
    """Return a sentence on the format of a file that begins with `first`; empty if unknown."""
    has_version = first[:1] == b"\x80" and first[1:2] and first[1] in range(2, 6)
    if has_version or first.startswith(_OLD_PICKLES):
        return tr("it is a pickle, which can run code; get the model as safetensors")
    return next((tr_marked(sentence) for magic, sentence in _MAGICS if first.startswith(magic)), "")


def parse_json(data: bytes, *, unique: bool = False, finite: bool = False) -> Any:
    """Parse JSON that may be hostile.

    `unique` refuses duplicate names, which two readers may resolve differently; `finite` refuses
    Infinity. NaN is always refused. Raises ValueError or RecursionError if `data` is not JSON, or
    would take far more memory than its bytes.
    """
    if data.count(b"[") + data.count(b"{") > MAX_BRACKETS or data.count(b",") > MAX_COMMAS:
        raise ValueError("more lists than in any real file")

    def constant(name: str) -> float:
        if finite or name == "NaN":
            raise ValueError(f"{name} is not a number")
        return float(name)

    hook = _without_duplicates if unique else None
    return json.loads(
        data.decode(errors="replace"), object_pairs_hook=hook, parse_constant=constant
    )


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise _DuplicateNameError
    return table


class _DuplicateNameError(ValueError):
    pass


def _parse_header(data: bytes, otherwise: str) -> dict[str, Any]:
    if data.count(b"[") + data.count(b"{") > MAX_BRACKETS:
        raise HeaderError(
            otherwise or tr("its header announces more tensors than any real model has")
        )
    # As strict as the library: a more lenient reader would see another file.
    if data[:1] != b"{":
        raise HeaderError(
            otherwise
            or (
                tr("its header is not a table")
                if data[:1] == b"["
                else tr("its header is not JSON")
            )
        )
    try:
        data.decode()
        table = parse_json(data, unique=True, finite=True)
    except _DuplicateNameError as error:
        raise HeaderError(tr("its header names a tensor twice")) from error
    except (ValueError, RecursionError) as error:
        raise HeaderError(otherwise or tr("its header is not JSON")) from error
    assert isinstance(table, dict)
    return table


def _check_layout(
    table: dict[str, Any], data_bytes: int, metadata: dict[str, str]
) -> WeightsHeader:
    shapes: dict[str, tuple[int, ...]] = {}
    dtypes: dict[str, int] = {}
    spans = []
    for name, tensor in table.items():
        try:
            dtype, shape = tensor["dtype"], tensor["shape"]
            width = _DTYPE_BITS[dtype]
            begin, end = tensor["data_offsets"]
            whole = len(tensor) == 3 and all(
                type(number) is int and number >= 0 for number in (*shape, begin, end)
            )
        except (KeyError, TypeError, ValueError) as error:
            raise HeaderError(
                tr("the entry of the tensor {name} is damaged", name=repr(name[:80]))
            ) from error
        if (
            not whole
            or len(shape) > MAX_DIMENSIONS
            or any(number > data_bytes * 8 for number in shape)
        ):
            raise HeaderError(tr("the tensor {name} has an impossible shape", name=repr(name[:80])))
        count = math.prod(shape)
        if end - begin != (count * width + 7) // 8:
            raise HeaderError(
                tr("the size of the tensor {name} does not match its shape", name=repr(name[:80]))
            )
        shapes[name] = tuple(shape)
        dtypes[dtype] = dtypes.get(dtype, 0) + count
        spans.append((begin, end))
    position = 0
    for begin, end in sorted(spans):
        if begin != position:
            raise HeaderError(tr("its tensors overlap or leave gaps"))
        position = end
    if position != data_bytes:
        raise HeaderError(
            tr(
                "it is cut off: {found:,} bytes of weights, {expected:,} expected",
                found=data_bytes,
                expected=position,
            )
        )
    return WeightsHeader(sum(dtypes.values()), shapes, dtypes, metadata)
