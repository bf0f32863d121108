"""Test header readers: valid files are read as the libraries do, hostile ones refused quickly."""

import json
import os
import pickle
import struct
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.regular_file import HeaderError
from studio.models.files.gguf_header import read_gguf
from studio.models.files.weights_header import MAX_HEADER_BYTES, read_safetensors
from tests.models.made import gguf_bytes, gguf_string, make_gguf, safetensors_bytes, with_header


def write(path, data: bytes):
    path.write_bytes(data)
    return path


def test_safetensors_header_is_read(tmp_path):
    from safetensors.numpy import save_file

    arrays = {
        "a": np.ones((3, 5), np.float16),
        "b": np.zeros((), np.float32),
        "c": np.arange(7, dtype=np.int64),
    }
    save_file(arrays, tmp_path / "x.safetensors", {"format": "pt"})
    header = read_safetensors(tmp_path / "x.safetensors")
    assert (header.parameters, sorted(header.tensors), header.metadata) == (
        23,
        ["a", "b", "c"],
        {"format": "pt"},
    )


def test_header_length_resembling_a_pickle_is_read(tmp_path):
    # 640 = 0x0280: the first two bytes are those of a pickle of protocol 2.
    header = (
        json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}})
        .encode()
        .ljust(640)
    )
    path = write(tmp_path / "x.safetensors", with_header(header, b"\0" * 4))
    assert path.read_bytes()[:2] == b"\x80\x02"
    assert read_safetensors(path).parameters == 1


BAD_TENSORS = {
    "overlap": {"a": ("F32", [1], [0, 4]), "b": ("F32", [1], [2, 6])},
    "gap": {"a": ("F32", [1], [0, 4]), "b": ("F32", [1], [8, 12])},
    "size": {"a": ("F32", [2], [0, 4])},
    "dtype": {"a": ("F33", [1], [0, 4])},
    "dtype is a list": {"a": ([], [1], [0, 4])},
    "negative": {"a": ("F32", [-1], [0, -4])},
    "float shape": {"a": ("F32", [1.0], [0, 4])},
    "bool shape": {"a": ("F32", [True], [0, 4])},
    "text shape": {"a": ("F32", "11", [0, 4])},
    "no shape": {"a": ("F32", None, [0, 4])},
    "deep shape": {"a": ("U8", [1] * 17, [0, 1])},
    "three offsets": {"a": ("F32", [1], [0, 4, 8])},
    "backwards": {"a": ("F32", [1], [4, 0])},
    "beyond the end": {"a": ("F32", [1], [0, 4]), "b": ("U8", [100], [4, 104])},
    "huge": {"a": ("F32", [2**62, 2**62], [0, 4])},
}


@pytest.mark.parametrize("case", BAD_TENSORS)
def test_invalid_tensor_layout_is_refused(tmp_path, case):
    header = {
        name: {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        for name, (dtype, shape, offsets) in BAD_TENSORS[case].items()
    }
    with pytest.raises(HeaderError):
        read_safetensors(write(tmp_path / "x", with_header(header, b"\0" * 12)))


def _zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps([1]))
    return path.read_bytes()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "too short"),
        (b"\x01\0\0", "too short"),
        (struct.pack("<Q", 2**63) + b"{}", "cut off"),
        (struct.pack("<Q", 10) + b"{}", "cut off"),
        (safetensors_bytes()[:-3], "cut off"),
        (safetensors_bytes() + b"more", "cut off"),
        (safetensors_bytes()[:40], "cut off"),
        (with_header(b"not json"), "not JSON"),
        (with_header(b"[1, 2]"), "not a table"),
        (with_header(b'{"a": 1}'), "damaged"),
        (with_header(b'{"a": null}'), "damaged"),
        (with_header(b'{"a": ' + b"9" * 5000 + b"}"), "not JSON"),
        (with_header(b'{"\\ud800": 1}'), "damaged"),
        (pickle.dumps({"weight": list(range(99))}), "pickle"),
        (pickle.dumps({"weight": 1}, protocol=2), "pickle"),
        (np.random.default_rng(1).bytes(4096), "cut off"),
    ],
)
def test_invalid_safetensors_is_refused_with_the_reason(tmp_path, data, reason):
    with pytest.raises(HeaderError, match=reason) as caught:
        read_safetensors(write(tmp_path / "x.safetensors", data))
    str(caught.value).encode()  # it can be printed


def test_renamed_torch_archive_is_identified(tmp_path):
    path = tmp_path / "x.safetensors"
    _zip(path)
    with pytest.raises(HeaderError, match="archive"):
        read_safetensors(path)


BOMBS = {
    "absurd length": lambda: struct.pack("<Q", 2**40) + b" " * 4096,
    "large header": lambda: with_header(b"{" + b" " * (MAX_HEADER_BYTES + 1) + b"}"),
    "deep": lambda: with_header(b"[" * 1_000_000),
    "deep but few": lambda: with_header(b"[" * 200_000),
    "empty lists": lambda: with_header(b'{"a":[' + b"[]," * 8_000_000 + b"0]}"),
    "tables": lambda: with_header(b'{"a":[' + b"{}," * 8_000_000 + b"0]}"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_header_bombs_are_refused_quickly(tmp_path, name):
    path = write(tmp_path / "x.safetensors", BOMBS[name]())
    tracemalloc.start()
    begun = time.process_time()
    with pytest.raises(HeaderError):
        read_safetensors(path)
    seconds, peak = time.process_time() - begun, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < 5
    assert peak < 100e6


# GGUF
# ----------------------------------------------------------------------


def test_gguf_header_is_read(tmp_path):
    import gguf

    header = read_gguf(make_gguf(tmp_path / "x.gguf"))
    assert header.metadata["general.architecture"] == "llama"
    assert header.metadata["llama.context_length"] == 128
    assert "blk.1.ffn_down.weight" in header.tensors
    tensors = gguf.GGUFReader(str(tmp_path / "x.gguf")).tensors
    assert header.parameters == sum(int(tensor.n_elements) for tensor in tensors)
    assert list(header.tensors) == [tensor.name for tensor in tensors]


def _list(of: int, length: int, data: bytes = b"") -> tuple[int, bytes]:
    return 9, struct.pack("<IQ", of, length) + data


TEXT = (8, gguf_string("llama"))
BAD_GGUF = {
    "no magic": b"GGML" + gguf_bytes()[4:],
    "version 1": gguf_bytes(version=1),
    "version 4": gguf_bytes(version=4),
    "big-endian": gguf_bytes(version=3 << 24),
    "only the magic": b"GGUF",
    "many entries": gguf_bytes(counts=(1, 10_001)),
    "many tensors": gguf_bytes(counts=(100_001, 1)),
    "most entries": gguf_bytes(counts=(1, 2**64 - 1)),
    "unknown value type": gguf_bytes({"x": (13, b"\0" * 8)}),
    "a list of lists": gguf_bytes({"x": _list(9, 1, struct.pack("<IQ", 4, 1) + b"\0" * 4)}),
    "a long list": gguf_bytes({"x": _list(0, 2**62)}),
    "a list beyond the end": gguf_bytes({"x": _list(0, 1_000_000)}),
    "a long text": gguf_bytes({"x": (8, struct.pack("<Q", 2**62))}),
    "a text beyond the end": gguf_bytes({"x": (8, struct.pack("<Q", 1000) + b"abc")}),
    "alignment 0": gguf_bytes({"general.alignment": (4, b"\0" * 4)}),
    "alignment is a text": gguf_bytes({"general.alignment": TEXT}),
    "five dimensions": gguf_bytes(tensors=[("w", (1, 1, 1, 1, 1), 0, 0)]),
    "unknown tensor type": gguf_bytes(tensors=[("w", (1,), 999, 0)]),
    "offset beyond the end": gguf_bytes(tensors=[("w", (8, 4), 0, 2**40)]),
    "tensor beyond the end": gguf_bytes(tensors=[("w", (2**60, 2**60), 0, 0)]),
    "cut off": gguf_bytes()[:-5],
    "no tensors": gguf_bytes(tensors=()),
    "empty tensors": gguf_bytes(tensors=[("w", (0,), 0, 0)]),
}


@pytest.mark.parametrize("case", BAD_GGUF)
def test_damaged_or_hostile_gguf_is_refused(tmp_path, case):
    with pytest.raises(HeaderError):
        read_gguf(write(tmp_path / "x.gguf", BAD_GGUF[case]))


def test_long_lists_of_empty_strings_are_refused_quickly(tmp_path):
    length = 2_900_000
    entry = _list(8, length, b"\0" * 8 * length)
    path = write(tmp_path / "x.gguf", gguf_bytes({"a": entry, "b": entry}))
    begun = time.process_time()
    with pytest.raises(HeaderError, match="list"):
        read_gguf(path)
    assert time.process_time() - begun < 10


# Fuzz
# ----------------------------------------------------------------------

_WHOLE = safetensors_bytes(
    {"a": np.ones((4, 2), np.float32), "b": np.ones(3, np.float32)}, {"format": "pt"}
)
_WHOLE_GGUF = gguf_bytes(
    {
        "general.architecture": TEXT,
        "llama.context_length": (4, struct.pack("<I", 64)),
        "tokens": _list(8, 2, gguf_string("a") + gguf_string("b")),
        "scores": _list(6, 2, b"\0" * 8),
    },
    tensors=[("w", (8, 4), 0, 0), ("v", (32,), 2, 128)],
    data=b"\0" * 160,
)
_changes = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8)
_cuts = st.one_of(st.none(), st.integers(0, 10_000))


def _mutate(data: bytes, changes, cut) -> bytes:
    changed = bytearray(data)
    for place, value in changes:
        changed[place % len(changed)] = value
    return bytes(changed[: cut % len(changed)] if cut is not None else changed)


@settings(max_examples=300)
@given(changes=_changes, cut=_cuts)
def test_a_mutated_file_is_read_or_refused(tmp_path_factory, changes, cut):
    path = tmp_path_factory.getbasetemp() / "mutated"
    for whole, read in ((_WHOLE, read_safetensors), (_WHOLE_GGUF, read_gguf)):
        path.write_bytes(_mutate(whole, changes, cut))
        try:
            read(path)
        except HeaderError as error:
            str(error).encode()


# More that tries
# ----------------------------------------------------------------------

ONE = '"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}'


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (f"{{{ONE}, {ONE}}}", "twice"),
        ('{"w": {"dtype": "F32", "dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}', "twice"),
        (f'{{"__metadata__": {{"a": 1}}, {ONE}}}', "not text"),
        (f'{{"__metadata__": [], {ONE}}}', "not text"),
        (f'{{"__metadata__": {{"a": "\\ud800"}}, {ONE}}}', "damaged"),
        (f" {{{ONE}}}", "not JSON"),
        (
            '{"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], "more": "\\ud800"}}',
            "impossible shape",
        ),
        (f'{{{ONE}, "x": NaN}}', "not JSON"),
        (f'{{{ONE}, "x": Infinity}}', "not JSON"),
        ('{"w": {"dtype": "F32", "shape": [1e0], "data_offsets": [0, 4]}}', "impossible shape"),
        (
            '{"w": {"dtype": "F32", "shape": [0, 99999999999999999999], "data_offsets": [0, 0]}}',
            "impossible shape",
        ),
    ],
)
def test_ambiguous_header_is_refused(tmp_path, header, reason):
    with pytest.raises(HeaderError, match=reason):
        read_safetensors(write(tmp_path / "x.safetensors", with_header(header.encode(), b"\0" * 4)))


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (b"PK\x05\x06", "archive"),
        (b"\x93NUMPY\x01\0", "NumPy"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"\x7fELF\x02\x01", "program"),
        (b"MZ\x90\0", "program"),
        (b"#!/bin/sh\n", "program"),
        (b"cos\nsystem\n(S'id'\n", "pickle"),
        (b"cposix\nsystem\n", "pickle"),
        (b"c__builtin__\neval\n", "pickle"),
        (b"(dp0\nS'a'\n", "pickle"),
        (b"]q\x00X", "pickle"),
        (b"GGUF\x03\0\0\0", "GGUF"),
        (b"version https://git-lfs.github.com/spec/v1\n", "pointer"),
        (b"<!DOCTYPE html>", "web page"),
    ],
)
def test_other_formats_with_this_suffix_are_identified(tmp_path, first, reason):
    with pytest.raises(HeaderError, match=reason):
        read_safetensors(write(tmp_path / "x.safetensors", first.ljust(200, b"\n")))


def test_pipe_and_device_are_refused_without_blocking(tmp_path):
    os.mkfifo(tmp_path / "x.safetensors")
    for path in (tmp_path / "x.safetensors", Path("/dev/zero"), Path("/dev/full"), tmp_path):
        for read in (read_safetensors, read_gguf):
            with pytest.raises(HeaderError, match="neither a file"):
                read(path)


@pytest.mark.parametrize(
    "data",
    [
        gguf_bytes({"general.architecture": TEXT, "general.alignment": (4, struct.pack("<I", 48))}),
        gguf_bytes(tensors=[("w", (8, 4), 0, 0), ("w", (8, 4), 0, 128)], data=b"\0" * 256),
        gguf_bytes(tensors=[("w", (8, 4), 0, 0), ("v", (8, 4), 0, 64)], data=b"\0" * 256),
        gguf_bytes(tensors=[("w", (8, 4), 0, 5)], data=b"\0" * 256),
        gguf_bytes(tensors=[("w", (2**63, 0), 0, 0), ("v", (8, 4), 0, 0)]),
        gguf_bytes({"x": _list(13, 100, b"\0" * 800)}),
        gguf_bytes({"x": _list(8, 5000, b"\xff" * 8 * 5000)}),
        gguf_bytes({"x": _list(8, 5000, gguf_string("ab") * 4999)}),
        gguf_bytes({"x" * 70_000: TEXT}),
        gguf_bytes()[:24]
        + gguf_string("a")
        + struct.pack("<I", 4)
        + b"\0" * 4
        + gguf_string("a")
        + struct.pack("<I", 4)
        + b"\0" * 4,
    ],
    ids=[
        "alignment",
        "tensor twice",
        "overlap",
        "not aligned",
        "shape",
        "list",
        "lengths",
        "texts cut off",
        "key",
        "cut off",
    ],
)
def test_more_hostile_ggufs_are_refused(tmp_path, data):
    with pytest.raises(HeaderError):
        read_gguf(write(tmp_path / "x.gguf", data))


def test_duplicate_key_is_refused(tmp_path):
    entry = gguf_string("a") + struct.pack("<I", 4) + b"\0" * 4
    with pytest.raises(HeaderError, match="twice"):
        read_gguf(
            write(
                tmp_path / "x.gguf",
                b"GGUF" + struct.pack("<IQQ", 3, 1, 2) + entry * 2 + b"\0" * 200,
            )
        )


@settings(max_examples=100)
@given(lengths=st.lists(st.integers(0, 70), min_size=70, max_size=200), times=st.integers(1, 80))
def test_long_vocabulary_is_skipped_exactly(tmp_path_factory, lengths, times):
    texts = b"".join(gguf_string("x" * length) for length in lengths) * times
    path = tmp_path_factory.getbasetemp() / "words.gguf"
    metadata = {
        "before": TEXT,
        "words": _list(8, len(lengths) * times, texts),
        "after": (4, struct.pack("<I", 77)),
    }
    header = read_gguf(write(path, gguf_bytes(metadata)))
    assert (header.metadata["words"], header.metadata["after"]) == (len(lengths) * times, 77)
    assert header.shapes == {"weight": (4, 8)}


def test_mutated_headers_are_read_or_refused(tmp_path):
    """The same as `python -m benchmarks.header_fuzz`, with fewer files and no clock."""
    from benchmarks.header_fuzz import run

    tally, _slowest = run(tmp_path, 600, seed=11)
    assert tally["taken"] > 50
    assert tally["refused"] > 300
    assert tally["read headers"] > 10
