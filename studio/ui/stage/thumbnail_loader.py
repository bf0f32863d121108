"""Small contents of result files for lists: an image, first lines, or the outline of audio."""

from __future__ import annotations

import functools
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader, QPixmap

from studio.library.items import Media
from studio.ui import background

SIDE = 224
"""Longer side of an image, in pixels."""
MAX_KEPT = 250
MAX_WAITING = 80
"""Requests beyond these, of items that were scrolled past, are dropped."""
MAX_RUNNING = 2
EXCERPT_BYTES = 1_200
OUTLINE_PARTS = 48
_OUTLINE_FRAMES = 512


class Thumbnail(NamedTuple):
    """What is drawn for a file; everything is empty if the file cannot be read."""

    pixmap: QPixmap | None = None
    excerpt: str = ""
    outline: tuple[float, ...] = ()
    """The highest sample in 0..1 of equal parts of audio."""


class _Content(NamedTuple):
    image: QImage = QImage()
    excerpt: str = ""
    outline: tuple[float, ...] = ()


class ThumbnailLoader(QObject):
    """Reads files in background threads when they are painted, and keeps the latest."""

    loaded = Signal(str)
    """Path of the file whose thumbnail can be painted now."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._kept: OrderedDict[str, Thumbnail] = OrderedDict()
        self._waiting: OrderedDict[str, Media] = OrderedDict()
        self._running: set[str] = set()

    def thumbnail(self, path: str, media: Media) -> Thumbnail | None:
        """Return a thumbnail; None if it is not read yet, and then `loaded` follows."""
        found = self._kept.get(path)
        if found is not None:
            self._kept.move_to_end(path)
        elif path not in self._running:
            self._waiting[path] = media
            self._waiting.move_to_end(path)
            while len(self._waiting) > MAX_WAITING:
                self._waiting.popitem(last=False)
            self._read_next()
        return found

    def forget(self, path: str) -> None:
        """Read a file again when it is painted next."""
        self._kept.pop(path, None)

    def _read_next(self) -> None:
        while self._waiting and len(self._running) < MAX_RUNNING:
            path, media = self._waiting.popitem()
            self._running.add(path)
            background.run(
                self,
                functools.partial(_read, path, media),
                functools.partial(self._keep, path),
                functools.partial(self._keep_nothing, path),
            )

    def _keep_nothing(self, path: str, _error: Exception) -> None:
        self._keep(path, _Content())

    def _keep(self, path: str, content: _Content) -> None:
        self._running.discard(path)
        pixmap = None if content.image.isNull() else QPixmap.fromImage(content.image)
        self._kept[path] = Thumbnail(pixmap, content.excerpt, content.outline)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        self.loaded.emit(path)
        self._read_next()


def _read(path: str, media: Media) -> _Content:
    """Read what is drawn for a file. Raises OSError and the errors of audio libraries."""
    if media == "text":
        with Path(path).open("rb") as file:
            return _Content(excerpt=file.read(EXCERPT_BYTES).decode(errors="ignore").strip())
    if media == "audio":
        return _Content(outline=_outline(path))
    return _Content(image=_scaled_image(path))


def _scaled_image(path: str) -> QImage:
    reader = QImageReader(path)
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isValid() and max(size.width(), size.height()) > SIDE:
        reader.setScaledSize(size.scaled(QSize(SIDE, SIDE), Qt.AspectRatioMode.KeepAspectRatio))
    return reader.read()


def _outline(path: str) -> tuple[float, ...]:
    """Read a short piece of each part, so that hours of audio take no longer than seconds."""
    import numpy as np
    import soundfile

    with soundfile.SoundFile(path) as file:
        outline = []
        for part in range(OUTLINE_PARTS):
            file.seek(min(file.frames * part // OUTLINE_PARTS, max(0, file.frames - 1)))
            piece = file.read(_OUTLINE_FRAMES, dtype="float32", always_2d=True)
            outline.append(min(1.0, float(np.abs(piece).max())) if len(piece) else 0.0)
    return tuple(outline)
