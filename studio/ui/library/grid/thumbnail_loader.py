"""Loads the thumbnails in view in background threads, and keeps the last ones in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from PySide6.QtCore import QObject, QThreadPool, Signal
from PySide6.QtGui import QImage, QPixmap

from studio.jobs.library.live_library import LiveLibrary
from studio.library.items import Item
from studio.ui import background
from studio.ui.library.grid.thumbnail_images import Appearance, thumbnail_image

MAX_BYTES = 48 * 2**20
"""Of the pixmaps in memory; a full screen of the largest thumbnails takes 12 MiB."""


class _Key(NamedTuple):
    sha256: str
    appearance: Appearance


class ThumbnailLoader(QObject):
    """Thumbnails of one size and theme at a time."""

    loaded = Signal(object)
    """Id of the item whose thumbnail is in memory now."""

    def __init__(self, library: LiveLibrary, parent: QObject) -> None:
        super().__init__(parent)
        self._library = library
        self._pixmaps: OrderedDict[_Key, QPixmap] = OrderedDict()
        self._bytes = 0
        self._failed: set[_Key] = set()
        self._wanted: list[Item] = []
        self._running: set[_Key] = set()
        # One thread stays free for searches.
        self._threads = max(1, QThreadPool.globalInstance().maxThreadCount() - 1)
        self._appearance = Appearance()
        self._generation = 0

    @property
    def used_bytes(self) -> int:
        """Memory of the pixmaps."""
        return self._bytes

    @property
    def is_idle(self) -> bool:
        """True if nothing is being loaded."""
        return not self._running

    def set_appearance(self, appearance: Appearance) -> None:
        """Load thumbnails of another size or theme from now on."""
        if appearance != self._appearance:
            if appearance.is_dark != self._appearance.is_dark:
                self.clear()
            self._appearance = appearance
            self._generation += 1
            self._wanted = []

    def clear(self) -> None:
        """Forget all thumbnails."""
        self._pixmaps.clear()
        self._failed.clear()
        self._bytes = 0

    def pixmap(self, item: Item) -> QPixmap | None:
        """Return the thumbnail, if it is in memory."""
        key = _Key(item.sha256, self._appearance)
        found = self._pixmaps.get(key)
        if found is not None:
            self._pixmaps.move_to_end(key)
        return found

    def load(self, items: Iterable[Item]) -> None:
        """Load these thumbnails next, in this order, and no others that were asked for before."""
        self._wanted = [item for item in items if self._is_missing(item)]
        self._wanted.reverse()
        self._start()

    def _is_missing(self, item: Item) -> bool:
        key = _Key(item.sha256, self._appearance)
        return not (key in self._pixmaps or key in self._failed or key in self._running)

    def _start(self) -> None:
        while self._wanted and len(self._running) < self._threads:
            item = self._wanted.pop()
            if self._is_missing(item):
                self._run(item)

    def _run(self, item: Item) -> None:
        appearance, generation, library = self._appearance, self._generation, self._library
        key = _Key(item.sha256, appearance)
        self._running.add(key)

        def show(image: QImage) -> None:
            self._running.discard(key)
            if image.isNull():
                self._failed.add(key)
            elif generation == self._generation:
                self._keep(key, QPixmap.fromImage(image))
                self.loaded.emit(item.id)
            self._start()

        def fail(_error: Exception) -> None:  # a file that cannot be read has its kind's symbol
            show(QImage())

        def make() -> QImage:
            return thumbnail_image(item, library.thumbnails, appearance)

        background.run(self, make, show, fail)

    def _keep(self, key: _Key, pixmap: QPixmap) -> None:
        pixmap.setDevicePixelRatio(self._appearance.ratio)
        self._pixmaps[key] = pixmap
        self._bytes += _size(pixmap)
        while self._bytes > MAX_BYTES:
            _key, oldest = self._pixmaps.popitem(last=False)
            self._bytes -= _size(oldest)


def _size(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * pixmap.depth() // 8
