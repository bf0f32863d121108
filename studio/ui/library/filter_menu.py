"""The menu of the library's filters, with the number of items for each value."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from PySide6.QtWidgets import QMenu, QWidget

from studio.core.translation import mark, tr, tr_marked
from studio.library.index import LibraryIndex
from studio.library.items import Query
from studio.ui.library.date_filter import DateDialog
from studio.ui.library.filters import (
    MIN_SIDES,
    MIN_SIZES,
    date_ranges,
    rating_title,
    toggled,
    value_title,
)

MAX_VALUES = 40
"""Of one submenu; the search box finds the others by name."""
_TITLE_CHARACTERS = 60
_FACETS = {
    "media": ("media", mark("Medium")),
    "kind": ("kinds", mark("Kind")),
    "model": ("models", mark("Model")),
    "program": ("program", mark("Program")),
    "batch": ("batch", mark("Batch")),
}
"""Column of the index → (field of the query, title of the submenu, marked)."""


class Facets(msgspec.Struct, frozen=True):
    """How many items each value of a filter has."""

    columns: dict[str, dict[str, int]]
    """By column of the index."""
    tags: dict[str, int]
    collections: dict[str, int]


def read_facets(index: LibraryIndex, query: Query) -> Facets:
    """Count the items of each value; slow, so not for the GUI thread."""
    columns = {}
    for column, (field, _title) in _FACETS.items():
        empty: Any = () if isinstance(getattr(query, field), tuple) else ""
        # A filter's own values are counted without it, so that others can be chosen.
        columns[column] = index.facets(column, msgspec.structs.replace(query, **{field: empty}))
    return Facets(columns, index.tags(), index.collections())


def filter_menu(
    parent: QWidget, query: Query, facets: Facets, change: Callable[[Query], None]
) -> QMenu:
    """Build the menu; `change` gets the search with another condition."""
    menu = QMenu(parent)
    for column, (field, title) in _FACETS.items():
        _add_values(menu.addMenu(tr_marked(title)), query, field, facets.columns[column], change)
    _add_values(menu.addMenu(tr("Tag")), query, "tags", facets.tags, change)
    _add_values(menu.addMenu(tr("Collection")), query, "collection", facets.collections, change)
    _add_dates(menu.addMenu(tr("Date")), query, change, parent)
    _add_ratings(menu.addMenu(tr("Rating")), query, change)
    _add_sizes(menu.addMenu(tr("Size")), query, change)
    menu.addSeparator()
    _add(menu, tr("Favorites"), query.favorite, _setter(query, change, favorite=not query.favorite))
    _add(
        menu, tr("With a seed"), query.has_seed, _setter(query, change, has_seed=not query.has_seed)
    )
    missing = None if query.missing else True
    _add(menu, tr("Missing files"), bool(query.missing), _setter(query, change, missing=missing))
    return menu


def _setter(query: Query, change: Callable[[Query], None], **values: Any) -> Callable[[], None]:
    return lambda: change(msgspec.structs.replace(query, **values))


def _add(menu: QMenu, title: str, is_on: bool, call: Callable[[], None]) -> None:
    action = menu.addAction(title.replace("&", "&&"))
    action.setCheckable(True)
    action.setChecked(is_on)
    action.triggered.connect(lambda _checked=False: call())


def _add_values(
    menu: QMenu,
    query: Query,
    field: str,
    counts: Mapping[str, int],
    change: Callable[[Query], None],
) -> None:
    present = getattr(query, field)
    chosen = present if isinstance(present, tuple) else (present,)
    for value, count in list(counts.items())[:MAX_VALUES]:
        shown = value_title(field, value)[:_TITLE_CHARACTERS]
        call = _toggler(query, field, value, change)
        _add(menu, f"{shown}  ({count:,})", value in chosen, call)
    menu.setEnabled(bool(counts))


def _toggler(
    query: Query, field: str, value: str, change: Callable[[Query], None]
) -> Callable[[], None]:
    return lambda: change(toggled(query, field, value))


def _add_dates(menu: QMenu, query: Query, change: Callable[[Query], None], parent: QWidget) -> None:
    ranges = date_ranges(time.time())
    present = (query.created_from, query.created_to)
    for title, start, end in ranges:
        is_on = (query.created_from, query.created_to) == (start, end)
        first, last = (None, None) if is_on else (start, end)
        _add(menu, title, is_on, _setter(query, change, created_from=first, created_to=last))
    is_other = present != (None, None) and present not in [one[1:] for one in ranges]
    menu.addSeparator()
    _add(menu, tr("Other dates…"), is_other, lambda: DateDialog(parent, query, change).open())


def _add_ratings(menu: QMenu, query: Query, change: Callable[[Query], None]) -> None:
    for stars in range(5, 0, -1):
        is_on = query.min_rating == stars
        value = 0 if is_on else stars
        _add(menu, rating_title(stars), is_on, _setter(query, change, min_rating=value))


def _add_sizes(menu: QMenu, query: Query, change: Callable[[Query], None]) -> None:
    for side in MIN_SIDES:
        is_on = query.min_side == side
        call = _setter(query, change, min_side=0 if is_on else side)
        _add(menu, tr("At least {side} px", side=side), is_on, call)
    for size, shown in MIN_SIZES.items():
        is_on = query.min_bytes == size
        call = _setter(query, change, min_bytes=0 if is_on else size)
        _add(menu, tr("At least {size}", size=shown), is_on, call)
