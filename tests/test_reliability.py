"""The reliability benchmark with few kills: real programs, real child, real files."""

import random
import struct
import zlib

import pytest

from benchmarks import kept_files
from benchmarks.reliability import run


def test_a_batch_under_kills_is_whole_after_resuming(tmp_path):
    found = run(tmp_path, rows=8, kills=4, chance=random.Random(7))
    assert found["ok"], found
    assert found["command_kills"] + found["child_kills"] + found["window_kills"] >= 1


def test_damage_is_seen(tmp_path):
    def chunk(name, body):
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    lines = zlib.compress((b"\0" + b"\x40" * 12) * 4)
    parts = (
        chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0)),
        chunk(b"iTXt", b'studio\0\0\0\0\0{"ordinal": 1}'),
        chunk(b"IDAT", lines),
        chunk(b"IEND", b""),
    )
    whole = kept_files.PNG_SIGNATURE + b"".join(parts)
    assert kept_files.png_recipe(whole) == {"ordinal": 1}
    path = tmp_path / "a.png"
    for damaged in (
        whole[:-1],
        whole[:60],
        whole.replace(b"ordinal", b"Ordinal"),
        b"",
        b"".join(parts[:2] + parts[3:]),
    ):
        path.write_bytes(damaged)
        with pytest.raises(kept_files.DamagedError):
            kept_files.recipe_of(path)
    sound = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    sound += b"data" + struct.pack("<I", 4) + b"\1\0\2\0" + b"stud" + struct.pack("<I", 2) + b"{}"
    riff = b"RIFF" + struct.pack("<I", len(sound)) + sound
    assert kept_files.wav_recipe(riff) == {}
    path = tmp_path / "a.wav"
    for damaged in (
        riff[:-1],
        riff[:50],
        riff.replace(b"stud", b"junk"),
        riff.replace(b"data", b"jjjj"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(kept_files.DamagedError):
            kept_files.recipe_of(path)
