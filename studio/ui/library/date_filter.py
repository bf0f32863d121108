"""Dates of a search as a person writes them, and the dialog that asks for them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable

import msgspec
from PySide6.QtCore import QDate
from PySide6.QtWidgets import (
    QCheckBox,
    QDateEdit,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from studio.core.translation import mark, tr, tr_marked
from studio.library.items import Query
from studio.ui.library.filters import DateRange
from studio.ui.library.grid.sections import week_start
from studio.ui.widgets.factory import label, name_control

EXAMPLES = mark("last week, November, 2026-11, 2026-11-01 to 2026-11-15")
_DAY = datetime.timedelta(days=1)
# not translated: what a person may type in every language
_MONTHS = "january february march april may june july august september october november december"
_PHRASES = {
    "今天": "today",
    "昨天": "yesterday",
    "本周": "this week",
    "上周": "last week",
    "本月": "this month",
    "上个月": "last month",
    "上月": "last month",
    "今年": "this year",
    "去年": "last year",
}
_LAST = re.compile(r"(?:last |past )?(\d{1,4}) (day|week|month|year)s?")
_DATE = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2}))?)?[月日]?")
_BETWEEN = re.compile(r" (?:to|until) | ?(?:\.\.|–|至|到) ?")
_SINCE = re.compile(r"(?:since|from|after)\s+(.+)")
_BEFORE = re.compile(r"(?:before|until)\s+(.+)")
Span = tuple[datetime.date | None, datetime.date | None]
"""The first day, and the day after the last one."""


def parse_dates(text: str, today: datetime.date) -> Span | None:
    """Return the days that a text stands for; None if it is no date."""
    text = " ".join(text.strip().lower().split())
    text = _PHRASES.get(text, text)
    try:
        if found := _SINCE.fullmatch(text):
            span = _span_of(found.group(1), today)
            return (span[0], None) if span else None
        if found := _BEFORE.fullmatch(text):
            span = _span_of(found.group(1), today)
            return (None, span[0]) if span else None
        parts = _BETWEEN.split(text)
        spans = [_span_of(part, today) for part in parts]
        first, last = spans[0], spans[-1]
        if len(spans) > 2 or first is None or last is None or first[0] >= last[1]:
            return None
        return first[0], last[1]
    except (ValueError, OverflowError):  # a day that no calendar has
        return None


def _span_of(text: str, today: datetime.date) -> tuple[datetime.date, datetime.date] | None:
    if found := _DATE.fullmatch(text):
        year, month, day = (int(part) if part else 0 for part in found.groups())
        if day:
            date = datetime.date(year, month, day)
            return date, date + _DAY
        return _month(year, month) if month else _year(year)
    if found := _LAST.fullmatch(text):
        count, unit = int(found.group(1)), found.group(2)
        days = count * {"day": 1, "week": 7, "month": 30, "year": 365}[unit]
        return today - (days - 1) * _DAY, today + _DAY
    return _named_span(text, today) or _month_span(text, today)


def _named_span(text: str, today: datetime.date) -> tuple[datetime.date, datetime.date] | None:
    monday, month = week_start(today), today.replace(day=1)
    spans: dict[str, Callable[[], tuple[datetime.date, datetime.date]]] = {
        "today": lambda: (today, today + _DAY),
        "yesterday": lambda: (today - _DAY, today),
        "this week": lambda: (monday, monday + 7 * _DAY),
        "last week": lambda: (monday - 7 * _DAY, monday),
        "this month": lambda: _month(today.year, today.month),
        "last month": lambda: ((month - _DAY).replace(day=1), month),
        "this year": lambda: _year(today.year),
        "last year": lambda: _year(today.year - 1),
    }
    return spans[text]() if text in spans else None


def _month_span(text: str, today: datetime.date) -> tuple[datetime.date, datetime.date] | None:
    """Return the span of "november", "nov 2025" or "11月"; without a year, of the last one."""
    name, _space, year = text.partition(" ")
    names = [month for month in _MONTHS.split() if len(name) >= 3 and month.startswith(name)]
    if found := re.fullmatch(r"(\d{1,2})月", text):
        number, year = int(found.group(1)), ""
    elif len(names) == 1 and (not year or re.fullmatch(r"\d{4}", year)):
        number = _MONTHS.split().index(names[0]) + 1
    else:
        return None
    past = today.year if number <= today.month else today.year - 1
    return _month(int(year) if year else past, number)


def _month(year: int, month: int) -> tuple[datetime.date, datetime.date]:
    first = datetime.date(year, month, 1)
    return first, (first + 31 * _DAY).replace(day=1)


def _year(year: int) -> tuple[datetime.date, datetime.date]:
    return datetime.date(year, 1, 1), datetime.date(year + 1, 1, 1)


def to_range(span: Span) -> DateRange:
    """Return the days as Unix times of local midnights."""
    start, end = (
        datetime.datetime.combine(day, datetime.time()).timestamp() if day is not None else None
        for day in span
    )
    return DateRange("", start, end)


class DateDialog(QDialog):
    """Asks for a first and a last day, typed as a phrase or chosen in a calendar."""

    def __init__(self, parent: QWidget, query: Query, change: Callable[[Query], None]) -> None:
        super().__init__(parent)
        self._query = query
        self._change = change
        self._today = datetime.date.today()
        self.setWindowTitle(tr("Date"))
        self.phrase = QLineEdit()
        self.phrase.setPlaceholderText(tr_marked(EXAMPLES))
        self.phrase.setMinimumWidth(380)
        name_control(
            self.phrase,
            tr("When"),
            tr("For example: {examples}", examples=tr_marked(EXAMPLES)),
        )
        self.first, self.first_box = self._date_edit(
            tr("From", context="date"), tr("The first day"), tr("The first day; off for no limit")
        )
        self.last, self.last_box = self._date_edit(
            tr("To", context="date"), tr("The last day"), tr("The last day; off for no limit")
        )
        self.message = label("", "error", wrap=True)
        ok = QDialogButtonBox.StandardButton.Ok
        self.buttons = QDialogButtonBox(ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(ok).setText(tr("Show"))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        form = QFormLayout()
        form.addRow(tr("When"), self.phrase)
        form.addRow(self.first_box, self.first)
        form.addRow(self.last_box, self.last)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.message)
        layout.addWidget(self.buttons)
        self._show_query()
        self.phrase.textChanged.connect(self._on_phrase)
        self.first.dateChanged.connect(self._check)
        self.last.dateChanged.connect(self._check)

    def _date_edit(self, title: str, tip: str, box_tip: str) -> tuple[QDateEdit, QCheckBox]:
        edit = QDateEdit()
        edit.setCalendarPopup(True)
        edit.setMinimumHeight(30)
        edit.setDisplayFormat("yyyy-MM-dd")
        edit.setDate(_to_qt(self._today))
        name_control(edit, title, tip)
        box = QCheckBox(title)
        name_control(box, title, box_tip)
        box.setChecked(True)
        box.toggled.connect(edit.setEnabled)
        box.toggled.connect(self._check)
        return edit, box

    def _show_query(self) -> None:
        """Show the dates of the search that is shown."""
        start, end = self._query.created_from, self._query.created_to
        if start is None and end is None:
            self._show_span((self._today - 6 * _DAY, self._today + _DAY))
            return
        self._show_span(
            (
                datetime.date.fromtimestamp(start) if start is not None else None,
                datetime.date.fromtimestamp(end - 1) + _DAY if end is not None else None,
            )
        )

    def _show_span(self, span: Span) -> None:
        first, end = span
        self.first_box.setChecked(first is not None)
        self.last_box.setChecked(end is not None)
        if first is not None:
            self.first.setDate(_to_qt(first))
        if end is not None:
            self.last.setDate(_to_qt(end - _DAY))

    def _on_phrase(self, text: str) -> None:
        """Show what a phrase stands for in the two fields below."""
        span = parse_dates(text, self._today)
        if span is not None:
            self._show_span(span)
        self._check()

    def _check(self, *_arguments: object) -> None:
        """Show why the dates cannot be used, if they cannot."""
        text = self.phrase.text().strip()
        problem = ""
        if text and parse_dates(text, self._today) is None:
            problem = tr(
                "This is no date. Write for example {examples}.", examples=tr_marked(EXAMPLES)
            )
        elif self.first_box.isChecked() and self.last_box.isChecked():
            is_late = self.first.date() > self.last.date()
            problem = tr("The first day is after the last one.") if is_late else ""
        self.message.setText(problem)
        self.message.setVisible(bool(problem))
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not problem)

    def accept(self) -> None:
        """Search for these days."""
        chosen = to_range(
            (
                _to_python(self.first.date()) if self.first_box.isChecked() else None,
                _to_python(self.last.date()) + _DAY if self.last_box.isChecked() else None,
            )
        )
        self._change(
            msgspec.structs.replace(self._query, created_from=chosen.start, created_to=chosen.end)
        )
        super().accept()


def _to_qt(day: datetime.date) -> QDate:
    return QDate(day.year, day.month, day.day)


def _to_python(day: QDate) -> datetime.date:
    return datetime.date(day.year(), day.month(), day.day())
