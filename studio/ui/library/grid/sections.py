"""Date headings of the library: groups sorted ids, which are times of creation, by date.

No widgets: plain arithmetic, so that 100 000 ids take less than a millisecond.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from studio.core.translation import mark, tr, tr_marked

_MICROSECONDS = 1_000_000
_MONTHS = (
    mark("January"),
    mark("February"),
    mark("March"),
    mark("April"),
    mark("May"),
    mark("June"),
    mark("July"),
    mark("August"),
    mark("September"),
    mark("October"),
    mark("November"),
    mark("December"),
)


class Section(NamedTuple):
    """A heading and the items below it."""

    title: str
    first: int
    """Index of its first item."""
    size: int
    """Number of items."""


def sections_of(ids: Sequence[int], now: float) -> list[Section]:
    """Group ids, newest first: Today, Yesterday, This week, Last week, then by month."""
    sections: list[Section] = []
    today = datetime.datetime.fromtimestamp(now).date()
    first = 0
    while first < len(ids):
        begin, title = _group_of(ids[first], today)
        end = _first_below(ids, begin, first + 1)
        sections.append(Section(title, first, end - first))
        first = end
    return sections


def _first_below(ids: Sequence[int], limit: int, start: int) -> int:
    """Return the index of the first id below `limit`, from `start` on, by bisection."""
    low, high = start, len(ids)
    while low < high:
        middle = (low + high) // 2
        if ids[middle] >= limit:
            low = middle + 1
        else:
            high = middle
    return low


def _group_of(item_id: int, today: datetime.date) -> tuple[int, str]:
    """Return (lowest id of the item's group, title of the group)."""
    try:
        day = datetime.datetime.fromtimestamp(item_id / _MICROSECONDS).date()
    except (ValueError, OverflowError, OSError):  # a file with an impossible date
        return 0, tr("Unknown date")
    for title, first_day in _recent_groups(today):
        if day >= first_day:
            return _id_of(first_day), title
    return _id_of(day.replace(day=1)), _month_title(day)


def _month_title(day: datetime.date) -> str:
    return tr("{month} {year}", month=tr_marked(_MONTHS[day.month - 1]), year=day.year)


def _recent_groups(today: datetime.date) -> list[tuple[str, datetime.date]]:
    """Return (title, first day) of the groups that are newer than a month, the newest first."""
    day = datetime.timedelta(days=1)
    monday = week_start(today)
    return [
        (tr("In the future"), today + day),
        (tr("Today"), today),
        (tr("Yesterday"), today - day),
        (tr("This week"), monday),
        (tr("Last week"), monday - 7 * day),
    ]


def week_start(day: datetime.date) -> datetime.date:
    """Return the Monday of a day's week."""
    return day - datetime.timedelta(days=day.weekday())


def _id_of(day: datetime.date) -> int:
    midnight = datetime.datetime.combine(day, datetime.time())
    return int(midnight.timestamp() * _MICROSECONDS)
