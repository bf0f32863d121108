"""The switch between tabs and columns above the candidates of a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QButtonGroup, QToolButton

from studio.core.requests.text_task import Check
from studio.core.translation import tr
from studio.ui.app_state import AppState
from studio.ui.background import DelayedCall
from studio.ui.stage.candidates.result_view import Mark, ResultView, combined
from studio.ui.stage.candidates.saved_text import SavedText
from studio.ui.widgets.factory import label, name_control, row, shorten_for_label
from studio.ui.widgets.text_view import TextView

if TYPE_CHECKING:
    from studio.ui.stage.candidates.columns import CandidateColumns

UPDATE_MS = 100
MAX_COLUMNS = 32
"""Candidates of one job; more texts, as those of a batch, stay in tabs."""


class CandidateLayout(QObject):
    """Shows the candidates of a `TextView` in tabs or columns, as the settings say."""

    copy_requested = Signal(int)
    edit_requested = Signal(int)
    pick_requested = Signal(int)
    token_requested = Signal(object, int, int)
    """(view, candidate, place in its text)"""

    def __init__(self, shared: AppState, view: TextView) -> None:
        super().__init__(view)
        self._shared = shared
        self._view = view
        self.saved: dict[int, SavedText] = {}
        """Candidate → its text with what the side file has about it."""
        self.is_over = False
        """No job adds to the texts."""
        self.tabs_button = _switch_button(tr("Tabs"), tr("Show one candidate at a time"))
        self.columns_button = _switch_button(
            tr("Columns"), tr("Show the candidates side by side, with their differences")
        )
        group = QButtonGroup(self)
        for control in (self.tabs_button, self.columns_button):
            group.addButton(control)
        self.switch = row(self.tabs_button, self.columns_button, spacing=4)
        self.heat_button = _switch_button(
            tr("Probabilities"), tr("Mark the tokens that the model found unlikely")
        )
        self.heat_button.clicked.connect(
            lambda is_on: self._shared.change_settings(text_heat_map=is_on)
        )
        self.legend = label("", "muted", wrap=True)
        view.bar.addStretch()
        view.add_legend(self.legend)
        view.bar.addWidget(self.heat_button)
        view.bar.addWidget(self.switch)
        self._soon = DelayedCall(self, self.refresh, UPDATE_MS)
        view.updated.connect(self._soon.request)
        view.tabs.currentChanged.connect(self._soon.request)
        self.columns_button.clicked.connect(lambda: self._shared.change_settings(text_columns=True))
        self.tabs_button.clicked.connect(lambda: self._shared.change_settings(text_columns=False))
        shared.settings_changed.connect(self._on_settings_changed)
        self.refresh()

    @cached_property
    def columns(self) -> CandidateColumns:
        """The columns; created when they are shown for the first time."""
        from studio.ui.stage.candidates.columns import CandidateColumns

        columns = CandidateColumns()
        columns.chosen.connect(self._view.tabs.setCurrentIndex)
        columns.copy_requested.connect(self.copy_requested)
        columns.edit_requested.connect(self.edit_requested)
        columns.pick_requested.connect(self.pick_requested)
        columns.token_requested.connect(self.token_requested)
        return columns

    @property
    def are_columns_shown(self) -> bool:
        """True if there are several candidates, and the settings ask for columns."""
        can = 1 < len(self._view.candidates()) <= MAX_COLUMNS
        return can and self._shared.settings.text_columns

    def clear(self) -> None:
        """Forget what side files have about the texts."""
        self.saved = {}
        self.is_over = False

    def refresh(self) -> None:
        """Show the texts as they are now."""
        are_columns = self._shared.settings.text_columns
        self.tabs_button.setChecked(not are_columns)
        self.columns_button.setChecked(are_columns)
        view = self._view.view
        if isinstance(view, ResultView):
            view.opens_on_click = self._opens(max(0, self._view.tabs.currentIndex()))
        self._show_marks()
        self.switch.setVisible(1 < len(self._view.candidates()) <= MAX_COLUMNS)
        if not self.are_columns_shown:
            self._view.show_page(None)
            return
        from studio.ui.stage.candidates.column import Candidate
        from studio.ui.stage.candidates.fact_marks import unsupported_spans

        texts = self._view.texts()
        candidates = [
            Candidate(
                number,
                self._view.tabs.tabText(number),
                texts.get(number, ""),
                self.saved[number].checks if number in self.saved else (),
                tuple(unsupported_spans(self._checks(number, texts), len(texts.get(number, "")))),
                self._opens(number),
            )
            for number in self._view.candidates()
        ]
        chosen = max(0, self._view.tabs.currentIndex())
        self.columns.show_candidates(candidates, chosen, is_over=self.is_over)
        self._view.show_page(self.columns)

    def _show_marks(self) -> None:
        """Mark the text in the tab: its tokens if the user wants it, else what its facts lack.

        In columns the differences are marked instead.
        """
        saved = self.saved.get(max(0, self._view.tabs.currentIndex()))
        has_tokens = saved is not None and saved.logprobs is not None
        self.heat_button.setVisible(has_tokens and not self.are_columns_shown)
        self.heat_button.setChecked(self._shared.settings.text_heat_map)
        is_heat = self._shared.settings.text_heat_map and not self.heat_button.isHidden()
        marks, legend = self._marks(saved, is_heat=is_heat)
        self.legend.setText(shorten_for_label(legend))
        self.legend.setVisible(bool(legend))
        view = self._view.view
        if isinstance(view, ResultView):
            view.set_marks(marks)

    def _marks(self, saved: SavedText | None, *, is_heat: bool) -> tuple[Sequence[Mark], str]:
        """Return the marks of the text in the tab, and what they mean."""
        if saved is None and not is_heat:
            return (), ""
        from studio.ui.stage.candidates.fact_marks import (
            fact_legend,
            fact_marks,
            unsupported_spans,
        )
        from studio.ui.stage.candidates.heat_map import heat_legend, heat_marks
        from studio.ui.stage.candidates.sentence_marks import sentence_legend, sentence_marks

        text = self._view.text()
        is_saved = saved is not None and saved.text == text
        if is_heat:
            logprobs = saved.logprobs if saved is not None and is_saved else None
            marks = heat_marks(logprobs, len(text)) if logprobs is not None else ()
            return marks, heat_legend()
        if saved is None or not is_saved or self.are_columns_shown:
            return (), ""
        spans = unsupported_spans(saved.checks, len(text))
        legends = [fact_legend(text, spans)] if spans else []
        if saved.coverage is None:
            return fact_marks(spans), "".join(legends)
        sentences = sentence_marks(saved.coverage, text)
        return combined(sentences, fact_marks(spans)), "\n".join([*legends, sentence_legend()])

    def _checks(self, number: int, texts: Mapping[int, str]) -> Sequence[Check]:
        """Return the checks of the text that is shown; none while it is written."""
        saved = self.saved.get(number)
        return saved.checks if saved is not None and saved.text == texts.get(number) else ()

    def _opens(self, number: int) -> bool:
        """Return True if a click shows alternatives of a token, or the source of a sentence."""
        saved = self.saved.get(number)
        return saved is not None and (saved.logprobs is not None or saved.coverage is not None)

    def _on_settings_changed(self, names: frozenset[str]) -> None:
        if names & {"text_columns", "text_heat_map"}:
            self.refresh()


def _switch_button(text: str, tip: str) -> QToolButton:
    control = QToolButton()
    control.setText(text)
    control.setCheckable(True)
    name_control(control, text, tip)
    return control
