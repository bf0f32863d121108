"""Loads the thumbnails in view in background threads, and keeps the last ones in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from PySide6.QtCore import QObject, QSize, QThreadPool, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from studio.jobs.library.live_library import LiveLibrary
from studio.ui import background
from studio.ui.thumbnails.images import Appearance, thumbnail_image
from studio.ui.thumbnails.source import ThumbnailSource
from studio.ui.widgets import theme

MAX_BYTES = 48 * 2**20
"""Of the pixmaps in memory; a full screen of the largest thumbnails takes 12 MiB."""
MAX_FAILED = 10_000
"""Files that are remembered as unreadable; then all of them are tried again."""


class _Key(NamedTuple):
    content: str
    appearance: Appearance


def appearance_for(view: QWidget, size: QSize, *, is_cropped: bool = False) -> Appearance:
    """Return how thumbnails look on a widget's screen in the theme of now."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    is_dark = theme.colors(application) is theme.DARK
    ratio = view.devicePixelRatioF()
    return Appearance(size.width(), size.height(), ratio, is_dark, is_cropped)


class ThumbnailLoader(QObject):
    """Thumbnails of one view, in one size and theme at a time. A hidden view loads none."""

    loaded = Signal(object)
    """ThumbnailSource whose thumbnail is in memory now, or that has none."""

    def __init__(self, library: LiveLibrary, view: QWidget, *, max_bytes: int = MAX_BYTES) -> None:
        super().__init__(view)
        self._max_bytes = max_bytes
        self._library = library
        self._view = view
        self._pixmaps: OrderedDict[_Key, QPixmap] = OrderedDict()
        self._bytes = 0
        self._failed: dict[_Key, Exception | None] = {}
        self._wanted: list[ThumbnailSource] = []
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

    def pixmap(self, source: ThumbnailSource) -> QPixmap | None:
        """Return the thumbnail, if it is in memory."""
        key = self._key(source)
        found = self._pixmaps.get(key)
        if found is not None:
            self._pixmaps.move_to_end(key)
        return found

    def has_failed(self, source: ThumbnailSource) -> bool:
        """Return whether the file has no thumbnail or cannot be read."""
        return self._key(source) in self._failed

    def failure(self, source: ThumbnailSource) -> Exception | None:
        """Return why the file could not be read."""
        return self._failed.get(self._key(source))

    def forget_failure(self, source: ThumbnailSource) -> None:
        """Let `load` read a file again that could not be read."""
        self._failed.pop(self._key(source), None)

    def load(self, sources: Iterable[ThumbnailSource]) -> None:
        """Load these thumbnails next, in this order, and no others that were asked for before."""
        self._wanted = [source for source in sources if self._is_missing(source)]
        self._wanted.reverse()
        self._start()

    def _key(self, source: ThumbnailSource) -> _Key:
        return _Key(source.key, self._appearance)

    def _is_missing(self, source: ThumbnailSource) -> bool:
        key = self._key(source)
        return not (key in self._pixmaps or key in self._failed or key in self._running)

    def _start(self) -> None:
        if self._wanted and not self._view.isVisible():
            self._wanted = []
        while self._wanted and len(self._running) < self._threads:
            source = self._wanted.pop()
            if self._is_missing(source):
                self._run(source)

    def _run(self, source: ThumbnailSource) -> None:
        appearance, generation, library = self._appearance, self._generation, self._library
        key = self._key(source)
        self._running.add(key)

        def show(image: QImage, error: Exception | None = None) -> None:
            self._running.discard(key)
            if image.isNull():
                self._mark_failed(key, error)
            elif generation == self._generation:
                self._keep(key, QPixmap.fromImage(image))
            if generation == self._generation:
                self.loaded.emit(source)
            self._start()

        def fail(error: Exception) -> None:  # a file that cannot be read has its kind's symbol
            show(QImage(), error)

        def make() -> QImage:
            return thumbnail_image(source, library.thumbnails, appearance)

        background.run(self, make, show, fail)

    def _mark_failed(self, key: _Key, error: Exception | None) -> None:
        if len(self._failed) >= MAX_FAILED:
            self._failed.clear()
        self._failed[key] = error

    def _keep(self, key: _Key, pixmap: QPixmap) -> None:
        self._pixmaps[key] = pixmap
        self._bytes += _size(pixmap)
        while self._bytes > self._max_bytes:
            _key, oldest = self._pixmaps.popitem(last=False)
            self._bytes -= _size(oldest)


def _size(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * pixmap.depth() // 8
