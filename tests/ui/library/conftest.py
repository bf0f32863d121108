"""A library with real files in the data folder of the test."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage

from studio.library.index import LibraryIndex
from studio.library.items import NewItem

DAY = 86_400.0
_SUFFIXES = {"image": "png", "text": "txt", "audio": "wav", "video": "mp4"}
_KINDS = {"image": "image", "text": "text", "audio": "speech", "video": "video"}


def make_item(folder: Path, number: int, *, media: str = "image", **changes) -> NewItem:
    """Write a file, `number` days old, and describe it."""
    path = folder / f"{number:04}.{_SUFFIXES[media]}"
    if media == "image":
        image = QImage(48, 32, QImage.Format.Format_RGB32)
        image.fill(QColor.fromHsv(number * 37 % 360, 200, 200))
        image.save(str(path))
    else:
        path.write_text(f"content {number}")
    values = {
        "path": str(path),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "size": path.stat().st_size,
        "modified": path.stat().st_mtime_ns,
        "media": media,
        "kind": _KINDS[media],
        "created": time.time() - number * DAY,
        "model": "starter",
        "prompt": f"prompt number {number}",
        "seed": number,
        "width": 48 if media == "image" else 0,
        "height": 32 if media == "image" else 0,
        "job_id": f"job{number}",
        "program": "Studio",
    }
    return NewItem(**{**values, **changes})


@pytest.fixture
def fill_library(data):
    """Return a function that adds items to the library before the window opens; it returns ids."""

    def fill(*items: NewItem) -> list[int]:
        data.create()
        index = LibraryIndex(data.library)
        ids = index.add(items)
        index.close()
        return ids

    return fill


@pytest.fixture
def folder(data) -> Path:
    """The folder of the artifacts."""
    data.create()
    return data.outputs
