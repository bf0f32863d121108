"""One candidate in its column: title, text, checks and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QRadioButton, QVBoxLayout

from studio.core.requests.text_task import Check
from studio.core.requests.text_task import Span as TextSpan
from studio.core.translation import tr
from studio.text_checks.messages import shown_message
from studio.text_checks.titles import check_title
from studio.ui.library.compare.texts import Span, difference_format
from studio.ui.stage.candidates.fact_marks import fact_marks
from studio.ui.stage.candidates.result_view import Mark, ResultView, combined
from studio.ui.widgets.factory import button, label, name_control, row, shorten_for_label
from studio.ui.widgets.text_view import for_display

MIN_TEXT_HEIGHT = 60
"""Pixels, in a low window."""


class Candidate(NamedTuple):
    """What a column shows."""

    number: int
    title: str
    text: str
    checks: tuple[Check, ...] = ()
    unsupported: tuple[TextSpan, ...] = ()
    """What its facts do not contain."""
    opens_on_click: bool = False
    """A click shows more about a token, or where a sentence comes from."""


class CandidateColumn(QFrame):
    """Shows one candidate."""

    chosen = Signal(int)
    copy_requested = Signal(int)
    edit_requested = Signal(int)
    pick_requested = Signal(int)
    token_requested = Signal(object, int, int)
    """(the column's view, candidate, place in its text)"""

    def __init__(self, number: int, pick_tip: str = "") -> None:
        super().__init__()
        self.number = number
        self._text = ""
        self._facts: list[Mark] = []
        self._differences: Sequence[Span] = ()
        self.title = QRadioButton()
        self.title.setAutoExclusive(False)  # the group of all columns is exclusive
        self.title.toggled.connect(self._on_toggled)
        self.view = ResultView()
        self.view.token_requested.connect(
            lambda place: self.token_requested.emit(self.view, number, place)
        )
        self.view.setMinimumHeight(MIN_TEXT_HEIGHT)
        self.checks = label("", "muted", wrap=True)
        self.copy_button = button(
            tr("Copy"), tr("Copy this text"), lambda: self.copy_requested.emit(number)
        )
        self.edit_button = button(
            tr("Edit"),
            tr("Edit this text as a new document"),
            lambda: self.edit_requested.emit(number),
        )
        self.pick_button = button(
            tr("Pick"),
            pick_tip or tr("Show only this text. The others stay in the library."),
            lambda: self.pick_requested.emit(number),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.title)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.checks)
        layout.addWidget(row(self.copy_button, self.edit_button, self.pick_button, None, spacing=4))

    def show_candidate(self, candidate: Candidate) -> None:
        """Show it; a text that grew is appended to."""
        self.title.setText(candidate.title.replace("&", "&&"))
        tip = tr("Mark how the other texts differ from this one")
        name_control(self.title, candidate.title, tip)
        name_control(
            self.view, candidate.title, tr("Words that differ from the chosen text are marked")
        )
        self.view.opens_on_click = candidate.opens_on_click
        before, shown = self._text, for_display(candidate.text)
        self._text = shown
        if before and shown.startswith(before):
            self.view.append_text(shown[len(before) :])
        else:
            self.view.set_text(shown)
        self._facts = fact_marks(candidate.unsupported)
        self._show_marks()
        text = checks_text(candidate.checks)
        self.checks.setText(shorten_for_label(text))
        self.checks.setVisible(bool(text))
        for control in (self.copy_button, self.edit_button, self.pick_button):
            control.setEnabled(bool(shown))

    def mark_differences(self, spans: Sequence[Span]) -> None:
        """Mark spans of the text."""
        self._differences = spans
        self._show_marks()

    def _show_marks(self) -> None:
        look = difference_format()
        differences = [Mark(start, end, look) for start, end in self._differences]
        self.view.set_marks(combined(differences, self._facts))

    def _on_toggled(self, is_on: bool) -> None:
        if is_on:
            self.chosen.emit(self.number)


def checks_text(checks: Sequence[Check]) -> str:
    """Return what the checks of a guided task found: what passed, then a line for each failure."""
    passed = [check_title(check.name) for check in checks if check.passed]
    lines = [f"✓ {', '.join(passed)}"] if passed else []
    lines += [
        f"✗ {check_title(check.name)}: {shown_message(check.message)}"
        for check in checks
        if not check.passed
    ]
    return "\n".join(lines)
