"""Date headings, and where items are drawn."""

import datetime
import time

import pytest
from PySide6.QtCore import QPoint

from studio.ui.library.grid.layouts import HEADING_HEIGHT, GridLayout, RowLayout
from studio.ui.library.grid.sections import Section, sections_of


def at(*when: int) -> int:
    return int(datetime.datetime(*when).timestamp() * 1e6)


NOW = datetime.datetime(2026, 11, 26, 15).timestamp()  # a Thursday


def test_items_are_grouped_by_day_week_and_month():
    ids = [
        at(2026, 11, 26, 14),
        at(2026, 11, 26, 0),
        at(2026, 11, 25, 23, 59),
        at(2026, 11, 23),
        at(2026, 11, 22),
        at(2026, 11, 16),
        at(2026, 11, 1),
        at(2026, 10, 31),
        at(2025, 10, 1),
    ]
    found = [(section.title, section.first, section.size) for section in sections_of(ids, NOW)]
    assert found == [
        ("Today", 0, 2),
        ("Yesterday", 2, 1),
        ("This week", 3, 1),
        ("Last week", 4, 2),
        ("November 2026", 6, 1),
        ("October 2026", 7, 1),
        ("October 2025", 8, 1),
    ]


def test_yesterday_may_be_in_the_last_week_and_a_week_in_two_months():
    monday = datetime.datetime(2026, 11, 2, 9).timestamp()
    ids = [at(2026, 11, 2), at(2026, 11, 1), at(2026, 10, 26), at(2026, 10, 25)]
    titles = [section.title for section in sections_of(ids, monday)]
    assert titles == ["Today", "Yesterday", "Last week", "October 2026"]


def test_impossible_dates_have_a_heading():
    ids = [at(2027, 1, 1), at(2026, 11, 26), -(10**18)]
    titles = [section.title for section in sections_of(ids, NOW)]
    assert titles == ["In the future", "Today", "Unknown date"]


def test_headings_of_many_ids_take_no_loop_over_them():
    class Counted(list):
        reads = 0

        def __getitem__(self, index):
            Counted.reads += 1
            return super().__getitem__(index)

    ids = Counted(range(at(2026, 11, 26, 14), at(2026, 11, 20), -5_000_000))
    assert len(ids) > 100_000
    sections_of(ids, NOW)
    assert Counted.reads < 1_000


SECTIONS = [Section("Today", 0, 7), Section("Yesterday", 7, 1), Section("October", 8, 12)]


@pytest.mark.parametrize(
    "make", [lambda: GridLayout(SECTIONS, 700, 160), lambda: RowLayout(SECTIONS, 700)]
)
def test_each_item_is_found_at_its_place(make):
    layout = make()
    assert layout.count == 20
    rects = [layout.rect(index) for index in range(20)]
    assert [layout.index_at(rect.center()) for rect in rects] == list(range(20))
    for number, rect in enumerate(rects):
        assert not any(rect.intersects(other) for other in rects[number + 1 :])
    assert max(rect.bottom() for rect in rects) < layout.height
    assert layout.index_at(QPoint(300, HEADING_HEIGHT // 2)) == -1


@pytest.mark.parametrize(
    "make", [lambda: GridLayout(SECTIONS, 700, 160), lambda: RowLayout(SECTIONS, 700)]
)
def test_visible_items_are_all_that_touch_the_area(make):
    layout = make()
    for top in range(0, layout.height, 37):
        bottom = top + 150
        shown = set(layout.visible(top, bottom))
        touching = {
            index
            for index in range(20)
            if layout.rect(index).top() < bottom and layout.rect(index).bottom() >= top
        }
        assert touching <= shown
        assert len(shown) <= len(touching) + 3 * layout.columns


def test_up_and_down_cross_headings_and_stay_in_the_column():
    layout = GridLayout(SECTIONS, 700, 160)
    assert layout.columns == 4
    assert layout.below(1) == 5
    assert layout.below(3) == 6, "the last line is shorter"
    assert layout.below(5) == 7
    assert layout.below(7) == 8
    assert layout.above(8) == 7
    assert layout.above(7) == 4
    assert (layout.above(2), layout.below(18)) == (2, 18)


def test_an_empty_library_has_no_height():
    layout = GridLayout([], 700, 160)
    assert (layout.height, list(layout.visible(0, 500)), layout.index_at(QPoint(50, 50))) == (
        0,
        [],
        -1,
    )


def test_today_is_the_local_day():
    now = time.time()
    assert sections_of([int(now * 1e6)], now)[0].title == "Today"
