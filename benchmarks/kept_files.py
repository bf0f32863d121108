"""What a run of a batch left, read from its bytes: PNG and WAV chunks, SQLite, reports. Shares no
code with the program.

The formats are those of their specifications: PNG (ISO/IEC 15948: chunks with a CRC, zlib, a filter
byte a line), RIFF WAVE (chunks with a size, padded to even).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
"""PNG's color type → samples a pixel."""


class DamagedError(Exception):
    """A file is not whole."""


def png_recipe(data: bytes) -> dict[str, Any]:
    """Return the recipe inside a PNG all of whose chunks and lines are there. Raises
    DamagedError.
    """
    if not data.startswith(PNG_SIGNATURE):
        raise DamagedError("not a PNG")
    chunks = list(_png_chunks(data))
    if chunks[-1][0] != b"IEND":
        raise DamagedError("no end")
    width, height, depth, color = struct.unpack(">IIBB", chunks[0][1][:10])
    lines = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
    if len(lines) != height * (1 + width * CHANNELS[color] * depth // 8):
        raise DamagedError("lines are missing")
    for name, body in chunks:
        keyword, _zero, rest = body.partition(b"\0")
        if name == b"iTXt" and keyword == b"studio":
            compressed = rest[0]
            text = rest[2:].split(b"\0", 2)[2]
            return dict(json.loads(zlib.decompress(text) if compressed else text))
    raise DamagedError("no recipe")


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(PNG_SIGNATURE)
    while place < len(data):
        if place + 12 > len(data):
            raise DamagedError("a chunk is cut off")
        size, name = struct.unpack(">I4s", data[place : place + 8])
        body = data[place + 8 : place + 8 + size]
        if (
            len(body) < size
            or zlib.crc32(name + body)
            != struct.unpack(">I", data[place + 8 + size : place + 12 + size])[0]
        ):
            raise DamagedError("a chunk is damaged")
        yield name, body
        place += 12 + size


def wav_recipe(data: bytes) -> dict[str, Any]:
    """Return the recipe inside a WAV all of whose samples are there. Raises DamagedError."""
    if (
        data[:4] != b"RIFF"
        or data[8:12] != b"WAVE"
        or struct.unpack("<I", data[4:8])[0] != len(data) - 8
    ):
        raise DamagedError("not a whole WAV")
    chunks: dict[bytes, bytes] = {}
    place = 12
    while place + 8 <= len(data):
        name, size = struct.unpack("<4sI", data[place : place + 8])
        chunks[name] = data[place + 8 : place + 8 + size]
        if len(chunks[name]) < size:
            raise DamagedError("a chunk is cut off")
        place += 8 + size + size % 2
    if (
        not chunks.get(b"data")
        or b"fmt " not in chunks
        or len(chunks[b"data"]) % struct.unpack("<H", chunks[b"fmt "][12:14])[0]
    ):
        raise DamagedError("no samples")
    if b"stud" not in chunks:
        raise DamagedError("no recipe")
    return dict(json.loads(chunks[b"stud"].rstrip(b"\0")))


def recipe_of(path: Path) -> dict[str, Any]:
    """Return the recipe of a result that is whole. Raises DamagedError."""
    try:
        return {".png": png_recipe, ".wav": wav_recipe}[path.suffix](path.read_bytes())
    except (KeyError, ValueError, IndexError, struct.error, zlib.error) as error:
        raise DamagedError(f"{type(error).__name__}: {error}") from error


def states(database: Path) -> dict[str, str]:
    """Return job id → state; empty while the database is being made."""
    if not database.exists():
        return {}
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=10)
    try:
        return dict(connection.execute("SELECT id, state FROM jobs").fetchall())
    except sqlite3.OperationalError:
        return {}
    finally:
        connection.close()


def database_faults(database: Path, results: set[Path]) -> dict[str, list[str]]:
    """Compare the index with the results on disk, and let SQLite check the file."""
    connection = sqlite3.connect(database)
    try:
        check = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        indexed = {
            Path(path): json.loads(body)
            for path, body in connection.execute("SELECT path, body FROM artifacts")
        }
        unfinished = [
            row[0] for row in connection.execute("SELECT id FROM batches WHERE finished = 0")
        ]
        is_open = [
            row[0]
            for row in connection.execute(
                "SELECT id FROM jobs WHERE state IN ('queued', 'running')"
            )
        ]
    finally:
        connection.close()
    return {
        "database": [] if check == ["ok"] else check,
        "not_in_index": sorted(path.name for path in results - indexed.keys()),
        "not_on_disk": sorted(str(path) for path in indexed.keys() - results),
        "wrong_hash": [
            path.name
            for path, entry in indexed.items()
            if path in results and hashlib.sha256(path.read_bytes()).hexdigest() != entry["sha256"]
        ],
        "batches_unfinished": unfinished,
        "still_open": is_open,
    }
