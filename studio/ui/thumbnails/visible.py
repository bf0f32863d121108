"""Thumbnails of the items that a list or table of Qt shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPoint, QSize
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QAbstractItemView

from studio.jobs.library.live_library import LiveLibrary
from studio.ui.background import DelayedCall
from studio.ui.thumbnails.loader import ThumbnailLoader, appearance_for
from studio.ui.thumbnails.source import ThumbnailSource

Index = QModelIndex | QPersistentModelIndex
_LOAD_MS = 15


class VisibleThumbnails(QObject):
    """Loads the thumbnails of the items in view, after each paint, and no others."""

    def __init__(
        self,
        view: QAbstractItemView,
        library: LiveLibrary,
        source_of: Callable[[Index], ThumbnailSource | None],
        *,
        column: int = 0,
        is_cropped: bool = False,
    ) -> None:
        """Load what `source_of` returns for each index in view; None for items without a file."""
        super().__init__(view)
        self._view = view
        self._source_of = source_of
        self._column = column
        self._is_cropped = is_cropped
        self._loader = ThumbnailLoader(library, view)
        self._loader.loaded.connect(self._on_loaded)
        self._load_soon = DelayedCall(self, self._load_visible, _LOAD_MS)

    def pixmap(self, source: ThumbnailSource | None, size: QSize) -> QPixmap | None:
        """Return a thumbnail for a tile that is painted; if it is missing, it is loaded next."""
        appearance = appearance_for(self._view, size, is_cropped=self._is_cropped)
        self._loader.set_appearance(appearance)
        self._load_soon.request()
        return None if source is None else self._loader.pixmap(source)

    def has_failed(self, source: ThumbnailSource) -> bool:
        """Return whether a file has no thumbnail or cannot be read."""
        return self._loader.has_failed(source)

    def _load_visible(self) -> None:
        sources = (self._source_of(index) for index in visible_indexes(self._view, self._column))
        self._loader.load([source for source in sources if source is not None])

    def _on_loaded(self, _source: ThumbnailSource) -> None:
        self._view.viewport().update()


def visible_indexes(view: QAbstractItemView, column: int = 0) -> Iterator[QModelIndex]:
    """Yield the index in a column of each row in view, from the first to the last."""
    area = view.viewport().rect()
    index = view.indexAt(area.topLeft() + QPoint(1, 1))
    index = index.siblingAtColumn(column)
    while index.isValid():
        place = view.visualRect(index)
        if place.top() > area.bottom() or place.left() > area.right():
            return
        yield index
        index = index.sibling(index.row() + 1, column)
