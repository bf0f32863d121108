"""The items that a search of the library found: their ids, and the items that are in view."""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from operator import neg
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal

from studio.jobs.library.live_library import LiveLibrary
from studio.library.items import EVERYTHING, Item, Query
from studio.ui import background

FIRST_PAGE = 60
MAX_LOADED = 3_000
"""Items in memory; others are read again when they come into view."""
MAX_REQUEST = 400


class SearchResults(QObject):
    """Newest first. Reads in other threads: first a page of items, then the ids of all."""

    changed = Signal()
    """Other ids: `ids` is the new list."""
    items_loaded = Signal()
    """Items that `item` did not return before are in memory now, or changed."""
    failed = Signal(object)
    """The Exception of a read."""

    def __init__(self, library: LiveLibrary, parent: QObject) -> None:
        super().__init__(parent)
        self.library = library
        self.query = EVERYTHING
        self.ids: Sequence[int] = array("q")
        self.is_complete = False
        """False while `ids` is only the first page, or nothing was read yet."""
        self._items: OrderedDict[int, Item] = OrderedDict()
        self._requested: set[int] = set()
        self._stale: set[int] = set()
        """Ids of items in memory that may have changed on disk."""
        self._added_meanwhile: list[int] = []
        """Ids that the read of all ids may have missed."""
        self._generation = 0
        library.items_added.connect(self._on_added)
        library.items_changed.connect(self._on_changed)
        library.items_removed.connect(self._on_removed)
        library.items_reset.connect(self.refresh)

    def search(self, query: Query) -> None:
        """Show other items; a search that is not done yet is dropped."""
        self.query = query
        self.is_complete = False
        self._generation += 1
        generation = self._generation
        library = self.library

        def show_page(items: list[Item]) -> None:
            if generation == self._generation:
                self._on_page(items)

        self._read(lambda: library.index.search(query, limit=FIRST_PAGE), show_page)

    def refresh(self) -> None:
        """Read the ids and items again; those that are shown stay until then."""
        if self.is_complete:
            self._generation += 1
            self._stale.update(self._items)
            self._requested.clear()
            self._read_ids()

    def _on_page(self, items: list[Item]) -> None:
        self.ids = array("q", (item.id for item in items))
        self._keep(items)
        if len(items) < FIRST_PAGE:
            self.is_complete = True
        else:
            self._read_ids()
        self.changed.emit()

    def _read_ids(self) -> None:
        query, generation, library = self.query, self._generation, self.library

        def show(ids: array[int]) -> None:
            if generation == self._generation:
                self.ids = ids
                self.is_complete = True
                self.changed.emit()
                if self._added_meanwhile:
                    self._on_added(self._added_meanwhile)
                    self._added_meanwhile = []

        self._read(lambda: library.index.ids(query), show)

    def _read(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        background.run(self, work, done, self._on_failed)

    def _on_failed(self, error: Exception) -> None:
        self._requested.clear()
        self.failed.emit(error)

    # Items
    # ----------------------------------------------------------------------

    def item(self, item_id: int) -> Item | None:
        """Return an item if it is in memory; see `request`."""
        return self._items.get(item_id)

    def request(self, ids: Iterable[int]) -> None:
        """Read the items that are not in memory; `items_loaded` follows."""
        missing: list[int] = []
        for item_id in ids:
            if item_id in self._items and item_id not in self._stale:
                self._items.move_to_end(item_id)
            elif item_id not in self._requested and len(missing) < MAX_REQUEST:
                missing.append(item_id)
        if missing:
            self._requested.update(missing)
            library = self.library
            self._read(lambda: library.index.items(missing), lambda found: self._on_items(found))

    def _on_items(self, items: list[Item]) -> None:
        read = [item.id for item in items]
        self._requested.difference_update(read)
        self._stale.difference_update(read)
        self._keep(items)
        self.items_loaded.emit()

    def _keep(self, items: Iterable[Item]) -> None:
        for item in items:
            self._items[item.id] = item
            self._items.move_to_end(item.id)
        while len(self._items) > MAX_LOADED:
            self._items.popitem(last=False)

    def position(self, item_id: int) -> int:
        """Return the index of an id, or -1."""
        place = bisect_left(self.ids, -item_id, key=neg)
        return place if place < len(self.ids) and self.ids[place] == item_id else -1

    # Changes of the library
    # ----------------------------------------------------------------------

    def _on_added(self, ids: list[int]) -> None:
        """Insert those of the new items that the search finds."""
        if not ids:
            return
        query, library, generation = self.query, self.library, self._generation
        if not self.is_complete:
            self._added_meanwhile += ids

        def read() -> tuple[list[int], list[Item]]:
            found = _among(library, query, ids)
            return found, library.index.items(found[:MAX_REQUEST])

        def insert(result: tuple[list[int], list[Item]]) -> None:
            if generation == self._generation:
                self._insert(*result)

        self._read(read, insert)

    def _insert(self, ids: list[int], items: list[Item]) -> None:
        known = array("q", self.ids)
        for item_id in ids:
            place = bisect_left(known, -item_id, key=neg)
            if place == len(known) or known[place] != item_id:
                insort(known, item_id, key=neg)
        self._keep(items)
        self.ids = known
        self.changed.emit()

    def _on_changed(self, ids: list[int]) -> None:
        library = self.library
        known = [item_id for item_id in ids if item_id in self._items]
        if known:
            self._read(lambda: library.index.items(known), lambda found: self._on_items(found))

    def _on_removed(self, ids: list[int]) -> None:
        gone = set(ids)
        for item_id in ids:
            self._items.pop(item_id, None)
        self.ids = array("q", (item_id for item_id in self.ids if item_id not in gone))
        self.changed.emit()


def _among(library: LiveLibrary, query: Query, ids: Sequence[int]) -> list[int]:
    """Return those of the ids that a query finds. Ids are times, so few others are read."""
    low, high = min(ids), max(ids)
    start, end = (low - 2) / 1e6, (high + 2) / 1e6
    narrow = msgspec.structs.replace(
        query,
        created_from=max(start, query.created_from or start),
        created_to=min(end, query.created_to or end),
    )
    wanted = set(ids)
    return [item_id for item_id in library.index.ids(narrow) if item_id in wanted]
