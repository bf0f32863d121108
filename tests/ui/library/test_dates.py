"""Dates of a search: phrases, and the dialog for a first and a last day."""

import datetime

import pytest
from PySide6.QtCore import QDate, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox

from studio.ui.library.date_filter import DateDialog, parse_dates
from tests.ui.conftest import PATIENCE
from tests.ui.library.conftest import choose, found, make_item

TODAY = datetime.date(2026, 11, 26)  # a Thursday
LEFT = Qt.MouseButton.LeftButton


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "first", "end"),
    [
        ("today", "2026-11-26", "2026-11-27"),
        (" Yesterday ", "2026-11-25", "2026-11-26"),
        ("this week", "2026-11-23", "2026-11-30"),
        ("last week", "2026-11-16", "2026-11-23"),
        ("Last  Month", "2026-10-01", "2026-11-01"),
        ("last year", "2025-01-01", "2026-01-01"),
        ("3 days", "2026-11-24", "2026-11-27"),
        ("last 2 weeks", "2026-11-13", "2026-11-27"),
        ("November", "2026-11-01", "2026-12-01"),
        ("dec", "2025-12-01", "2026-01-01"),
        ("december 2026", "2026-12-01", "2027-01-01"),
        ("2026", "2026-01-01", "2027-01-01"),
        ("2026-02", "2026-02-01", "2026-03-01"),
        ("2026-02-28", "2026-02-28", "2026-03-01"),
        ("2026/2/3", "2026-02-03", "2026-02-04"),
        ("2026-11-01 to 2026-11-15", "2026-11-01", "2026-11-16"),
        ("october to november", "2026-10-01", "2026-12-01"),
        ("上周", "2026-11-16", "2026-11-23"),
        ("10月", "2026-10-01", "2026-11-01"),
        ("2026年10月3日", "2026-10-03", "2026-10-04"),
        ("2026年1月至2026年3月", "2026-01-01", "2026-04-01"),
    ],
)
def test_phrases_are_days(text, first, end):
    assert parse_dates(text, TODAY) == (day(first), day(end))


def test_phrases_may_be_open_at_one_end():
    assert parse_dates("since october", TODAY) == (day("2026-10-01"), None)
    assert parse_dates("before 2026-05", TODAY) == (None, day("2026-05-01"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2026-02-30",
        "2026-13",
        "13月",
        "ju",
        "j",
        "9999",
        "0000",
        "9999 years",
        "2026-05 to 2026-04",
        "a to b to c",
        "since ever",
        "november 20",
    ],
)
def test_other_texts_are_no_dates(text):
    assert parse_dates(text, TODAY) is None


@pytest.fixture
def dialog(open_library, fill_library, folder, qtbot):
    """Return (page, ids, dialog) of a library with items of 0, 10 and 400 days ago."""
    ids = fill_library(*(make_item(folder, number) for number in (0, 10, 400)))
    _studio, page = open_library()
    QTest.mouseClick(page.bar.filter_button, LEFT)
    choose(qtbot, "Date", "Other dates")
    qtbot.waitUntil(lambda: page.findChild(DateDialog) is not None, timeout=PATIENCE)
    return page, ids, page.findChild(DateDialog)


def ok_of(dialog):
    return dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)


def test_a_phrase_is_shown_as_days_and_searched(dialog, qtbot):
    page, ids, shown = dialog
    QTest.keyClicks(shown.phrase, "last 20 days")
    today = QDate.currentDate()
    assert (shown.first.date(), shown.last.date()) == (today.addDays(-19), today)
    QTest.keyClick(shown.phrase, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: found(page) == ids[:2], timeout=PATIENCE)
    assert page.bar._chips.isVisible()


def test_days_are_chosen_and_open_ends_too(dialog, qtbot):
    page, ids, shown = dialog
    shown.last.setDate(QDate.currentDate().addDays(-5))
    shown.first_box.setChecked(False)
    assert not shown.first.isEnabled()
    QTest.mouseClick(ok_of(shown), LEFT)
    qtbot.waitUntil(lambda: found(page) == ids[1:], timeout=PATIENCE)
    QTest.mouseClick(page.bar.filter_button, LEFT)
    choose(qtbot, "Date", "Other dates")
    again = page.findChildren(DateDialog)[-1]
    assert not again.first_box.isChecked()
    assert again.last.date() == QDate.currentDate().addDays(-5), "what is searched now"


def test_wrong_dates_are_reported_while_typing(dialog):
    _page, _ids, shown = dialog
    QTest.keyClicks(shown.phrase, "tomorrowish")
    assert shown.message.text().startswith("This is no date.")
    assert not ok_of(shown).isEnabled()
    shown.phrase.clear()
    assert ok_of(shown).isEnabled()
    shown.first.setDate(QDate.currentDate().addDays(3))
    assert shown.message.text() == "The first day is after the last one."
    assert not ok_of(shown).isEnabled()


def test_last_week_is_in_the_menu(open_library, fill_library, folder, qtbot):
    now = datetime.datetime.now()
    monday = now - datetime.timedelta(days=now.weekday())
    last_week = (monday - datetime.timedelta(days=3)).timestamp()
    ids = fill_library(
        make_item(folder, 0), make_item(folder, 1, created=last_week), make_item(folder, 30)
    )
    _studio, page = open_library()
    QTest.mouseClick(page.bar.filter_button, LEFT)
    choose(qtbot, "Date", "Last week")
    qtbot.waitUntil(lambda: found(page) == [ids[1]], timeout=PATIENCE)
