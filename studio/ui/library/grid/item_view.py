"""Shows the items that a search found: as a grid of thumbnails or a list, below date headings.

QListView lays out all its items, which takes 0.6 s for 100 000; this view computes the places of
those in view.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator, Sequence
from typing import Literal

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QAccessibleInterface, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFrame

from studio.library.items import Item
from studio.ui.background import DelayedCall
from studio.ui.library.grid.hover_playback import HoverPlayback
from studio.ui.library.grid.layouts import GridLayout, Layout, RowLayout
from studio.ui.library.grid.painters import ItemPainter, State
from studio.ui.library.grid.sections import sections_of
from studio.ui.library.grid.selection import Selection
from studio.ui.library.search_results import SearchResults
from studio.ui.thumbnails.images import Appearance
from studio.ui.thumbnails.loader import ThumbnailLoader
from studio.ui.thumbnails.source import ThumbnailSource, source_of_item
from studio.ui.widgets import theme

Mode = Literal["grid", "list"]
SIDES = (96, 128, 160, 192, 224, 256, 320)
"""Sizes of a thumbnail."""
_LIST_SIDE = 64
_LOAD_MS = 15


class ItemView(QAbstractScrollArea):
    """Shows `SearchResults`. `LibraryView` adds mouse and keyboard."""

    def __init__(self, results: SearchResults) -> None:
        super().__init__()
        self.results = results
        self.selection = Selection()
        self.mode: Mode = "grid"
        self.side = SIDES[2]
        self.accessible: QAccessibleInterface | None = None
        """What a screen reader sees, once it asked."""
        self.thumbnails = ThumbnailLoader(results.library, self)
        self.hover = HoverPlayback(self.viewport())
        self._ids: Sequence[int] = array("q")
        """The ids that are laid out; `results.ids` may be newer for a moment."""
        self._layout: Layout = GridLayout((), 1, self.side)
        self._painter = self._make_painter()
        self._load_soon = DelayedCall(self, self._load_visible, _LOAD_MS)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        results.changed.connect(self._on_ids_changed)
        results.items_loaded.connect(self._on_items_loaded)
        self.thumbnails.loaded.connect(self._on_thumbnail_loaded)
        self.hover.frame_changed.connect(self._on_frame_changed)
        self.hover.moved.connect(self._on_mouse_moved)
        self.verticalScrollBar().valueChanged.connect(self._load_soon.request)
        self.verticalScrollBar().valueChanged.connect(self.hover.stop)

    # What is shown
    # ----------------------------------------------------------------------

    def set_mode(self, mode: Mode) -> None:
        """Show a grid or a list."""
        self.mode = mode
        self._lay_out()

    @property
    def thumbnail_side(self) -> int:
        """The longer side of a thumbnail in device-independent pixels."""
        return self.side if self.mode == "grid" else _LIST_SIDE

    def set_side(self, side: int) -> None:
        """Set the size of the thumbnails, in pixels."""
        self.side = side
        self._lay_out()

    def update_colors(self) -> None:
        """Use the theme's colors."""
        self._painter = self._make_painter()
        self._apply_appearance()
        self.viewport().update()
        self._load_soon.request()

    def _make_painter(self) -> ItemPainter:
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        return ItemPainter(theme.colors(application), self.font())

    def _apply_appearance(self) -> None:
        side = self.thumbnail_side
        is_dark = self._painter.colors is theme.DARK
        self.thumbnails.set_appearance(Appearance(side, side, self.devicePixelRatioF(), is_dark))

    def _lay_out(self) -> None:
        """Compute the places again; the first visible item stays where it is."""
        top_id, distance = self._first_visible()
        self._ids = self.results.ids
        sections = sections_of(self._ids, time.time())
        width = self.viewport().width()
        self._layout = (
            GridLayout(sections, width, self.side)
            if self.mode == "grid"
            else RowLayout(sections, width)
        )
        bar = self.verticalScrollBar()
        bar.setSingleStep(max(20, self._layout.step // 2))
        bar.setPageStep(self.viewport().height())
        bar.setRange(0, max(0, self._layout.height - self.viewport().height()))
        place = self.results.position(top_id) if top_id else -1
        if place >= 0:
            bar.setValue(self._layout.rect(place).top() - distance)
        self._apply_appearance()
        self.viewport().update()
        self._load_soon.request()

    def _first_visible(self) -> tuple[int, int]:
        """Return (id, distance from the top) of the first item in view; id 0 at the very top."""
        offset = self._offset()
        shown = self._visible_indexes()
        if offset == 0 or not shown:
            return 0, 0
        return self._ids[shown.start], self._layout.rect(shown.start).top() - offset

    def _offset(self) -> int:
        return self.verticalScrollBar().value()

    def visible_items(self) -> Iterator[Item]:
        """Yield the items in view that are in memory, from the top."""
        for index in self._visible_indexes():
            item = self.results.item(self._ids[index])
            if item is not None:
                yield item

    def _visible_indexes(self) -> range:
        offset = self._offset()
        return self._layout.visible(offset, offset + self.viewport().height())

    def _load_visible(self) -> None:
        shown = self._visible_indexes()
        ahead = min(self._layout.count, shown.stop + len(shown))
        before = max(0, shown.start - len(shown))
        ids = self._ids
        self.results.request(ids[index] for index in range(shown.start, ahead))
        self.results.request(ids[index] for index in range(before, shown.start))
        self.thumbnails.load(source_of_item(item) for item in self.visible_items())

    # Changes
    # ----------------------------------------------------------------------

    def _on_ids_changed(self) -> None:
        self._lay_out()
        self.hover.follow()

    def _on_items_loaded(self) -> None:
        self.viewport().update()
        self._load_soon.request()

    def _on_thumbnail_loaded(self, source: ThumbnailSource) -> None:
        for index in self._visible_indexes():
            item = self.results.item(self._ids[index])
            if item is not None and item.sha256 == source.sha256:
                self.viewport().update(self.rect_in_view(index))

    def _on_mouse_moved(self, place: QPoint) -> None:
        index = self.index_at(place)
        item = self.results.item(self._ids[index]) if index >= 0 else None
        is_shown_large = item is not None and item.id == self.selection.current
        side = self.thumbnail_side
        self.hover.point_at(None if is_shown_large else item, QSize(side, side))

    def _on_frame_changed(self, item_id: int) -> None:
        place = self.results.position(item_id)
        if 0 <= place < len(self._ids):
            self.viewport().update(self.rect_in_view(place))

    def rect_in_view(self, index: int) -> QRect:
        """Return where an item is in the viewport, perhaps above or below what is seen."""
        return self._layout.rect(index).translated(0, -self._offset())

    def index_at(self, point: QPoint) -> int:
        """Return the index of the item at a point of the viewport, or -1."""
        return self._layout.index_at(point + QPoint(0, self._offset()))

    # Painting
    # ----------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the headings and items in the rectangle."""
        painter = QPainter(self.viewport())
        offset = self._offset()
        painter.translate(0, -offset)
        top, bottom = event.rect().top() + offset, event.rect().bottom() + 1 + offset
        for number in self._layout.headings(top, bottom):
            section = self._layout.sections[number]
            place = self._layout.heading_rect(number)
            self._painter.paint_heading(painter, place, section.title, section.size)
        for index in self._layout.visible(top, bottom):
            self._paint_item(painter, index)

    def _paint_item(self, painter: QPainter, index: int) -> None:
        item_id = self._ids[index]
        item = self.results.item(item_id)
        pixmap = self.hover.pixmap(item_id)
        if pixmap is None and item is not None:
            pixmap = self.thumbnails.pixmap(source_of_item(item))
        state = State(
            item_id in self.selection.ids, item_id == self.selection.current and self.hasFocus()
        )
        paint = self._painter.paint_tile if self.mode == "grid" else self._painter.paint_row
        paint(painter, self._layout.rect(index), item, pixmap, state)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Move what is painted, so that only the new strip is painted again."""
        self.viewport().scroll(dx, dy)

    def showEvent(self, event: QShowEvent) -> None:
        """Load what was not loaded while the view was hidden."""
        super().showEvent(event)
        self._load_soon.request()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay out again."""
        super().resizeEvent(event)
        self._lay_out()
