"""The conditions of a search as a user sees them: chips that can be taken out, and date ranges."""

from __future__ import annotations

import datetime
from typing import Any, NamedTuple

import msgspec

from studio.core.kinds import KINDS
from studio.core.translation import mark, tr, tr_marked
from studio.library.items import EVERYTHING, Query, medium_title

MIN_SIDES = (512, 1024, 2048)
MIN_SIZES = {1_000_000: "1 MB", 10_000_000: "10 MB", 100_000_000: "100 MB"}
LISTS = {"media": "", "kinds": mark("Kind"), "models": mark("Model"), "tags": mark("Tag")}
VALUES = {
    "collection": mark("Collection"),
    "program": mark("Program"),
    "batch": mark("Batch"),
    "folder": mark("Folder"),
    "job_id": mark("Job"),
    "made_from": mark("Made from"),
}
_SHOWN_HASH = 8


class Chip(NamedTuple):
    """One condition of a search."""

    title: str
    rest: Query
    """The search without it."""


class DateRange(NamedTuple):
    """A choice of the date menu."""

    title: str
    start: float | None
    end: float | None = None
    """Unix times, the end excluded."""


def chips_of(query: Query) -> list[Chip]:
    """Return the conditions of a search, without its text."""
    chips = []
    for name, title in LISTS.items():
        values: tuple[str, ...] = getattr(query, name)
        for value in values:
            rest = tuple(other for other in values if other != value)
            shown = value_title(name, value)
            chips.append(_chip(query, _titled(title, shown), {name: rest}))
    for name, title in VALUES.items():
        value = getattr(query, name)
        if value:
            shown = value[:_SHOWN_HASH] if name == "made_from" else value
            chips.append(_chip(query, _titled(title, shown), {name: ""}))
    return chips + _other_chips(query)


def _titled(title: str, value: str) -> str:
    return tr("{title}: {value}", title=tr_marked(title), value=value) if title else value


def _other_chips(query: Query) -> list[Chip]:
    chips = []
    if query.created_from is not None or query.created_to is not None:
        changes = {"created_from": None, "created_to": None}
        chips.append(_chip(query, _range_title(query.created_from, query.created_to), changes))
    if query.min_rating:
        chips.append(_chip(query, rating_title(query.min_rating), {"min_rating": 0}))
    if query.favorite:
        chips.append(_chip(query, tr("Favorites"), {"favorite": False}))
    if query.has_seed:
        chips.append(_chip(query, tr("With a seed"), {"has_seed": False}))
    if query.min_side:
        chips.append(_chip(query, tr("At least {side} px", side=query.min_side), {"min_side": 0}))
    if query.min_bytes:
        shown = MIN_SIZES.get(query.min_bytes, tr("{count:,} bytes", count=query.min_bytes))
        chips.append(_chip(query, tr("At least {size}", size=shown), {"min_bytes": 0}))
    if query.missing is not None:
        title = tr("Missing files") if query.missing else tr("Existing files")
        chips.append(_chip(query, title, {"missing": None}))
    return chips


def _chip(query: Query, title: str, changes: dict[str, Any]) -> Chip:
    return Chip(title, msgspec.structs.replace(query, **changes))


def without_filters(query: Query) -> Query:
    """Return a search for the text only."""
    return msgspec.structs.replace(EVERYTHING, text=query.text)


def toggled(query: Query, name: str, value: str) -> Query:
    """Add a value to a condition that is a list, or take it out; set or clear a single value."""
    present = getattr(query, name)
    if isinstance(present, tuple):
        rest = tuple(other for other in present if other != value)
        changed: Any = rest if value in present else (*present, value)
    else:
        changed = "" if present == value else value
    return msgspec.structs.replace(query, **{name: changed})


def value_title(name: str, value: str) -> str:
    """Return how a value of a condition is shown."""
    if name == "kinds" and value in KINDS:
        return tr_marked(KINDS[value].title)
    return medium_title(value) if name == "media" else value


def rating_title(stars: int) -> str:
    """Return how a lowest rating is shown."""
    return "★" * stars if stars == 5 else tr("{stars} or more", stars="★" * stars)


def date_ranges(now: float) -> list[DateRange]:
    """Return the choices of the date menu."""
    today = datetime.datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)

    def back(days: int) -> float:
        return (today - datetime.timedelta(days=days)).timestamp()

    week, last_week = back(today.weekday()), back(today.weekday() + 7)
    return [
        DateRange(tr("Today"), back(0)),
        DateRange(tr("Yesterday"), back(1), back(0)),
        DateRange(tr("This week"), week),
        DateRange(tr("Last week"), last_week, week),
        DateRange(tr("Last 30 days"), back(29)),
        DateRange(tr("This year"), today.replace(month=1, day=1).timestamp()),
    ]


def _range_title(start: float | None, end: float | None) -> str:
    if start is None:
        return tr("Before {day}", day=_day(end))
    if end is None:
        return tr("Since {day}", day=_day(start))
    first, last = _day(start), _day(end - 1)
    return first if first == last else tr("{first} to {last}", first=first, last=last)


def _day(seconds: float | None) -> str:
    return datetime.date.fromtimestamp(seconds or 0).isoformat()
