"""What a guided task found about the text that is shown, with a button to correct it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from studio.core.requests import TextRequest
from studio.core.requests.text_task import Coverage, LeftOut, OmittedText, Reason, TaskReview
from studio.core.translation import mark, tr, tr_marked, tr_plural
from studio.ui import background
from studio.ui.stage.shown_result import ShownResult
from studio.ui.widgets.factory import button, label, name_control, row, shorten_for_label

if TYPE_CHECKING:
    from studio.ui.stage.candidates.summary_sources import SummarySources

_REASONS: dict[Reason, str] = {
    "empty": mark("empty"),
    "refusal": mark("refused"),
    "repeated": mark("repeated"),
    "echo": mark("only the prompt"),
    "failed_check": mark("without what the task requires"),
    "surplus": mark("more than were wanted"),
}
OMITTED_CHARACTERS = 160


class ReviewPanel(QWidget):
    """Checks, coverage of a summary, and what was left out; hidden for other texts."""

    fix_requested = Signal(object, int)
    """(request of the text, times): the model is to correct it."""

    put_back_requested = Signal(object)
    """tuple[LeftOut]: the text is to be opened with these sentences."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: ShownResult | None = None
        self._coverage: Coverage | None = None
        self._sources: SummarySources | None = None
        """The window with the sources, maybe closed and deleted."""
        self.checks = label(role="muted", wrap=True)
        self.coverage = label(role="muted", wrap=True)
        self.left_out = label(role="muted", wrap=True)
        self.added = label(role="muted", wrap=True)
        self._left_out: tuple[LeftOut, ...] = ()
        self.fix_button = button(
            tr("Fix"), tr("Run the model again with what failed"), self._request_fix, "retry"
        )
        self.sources_button = button(
            tr("Sources…"),
            tr("Show where each sentence of the summary comes from, and what it leaves out"),
            self.show_sources,
        )
        self.omitted_button = QToolButton()
        self.omitted_button.setCheckable(True)
        name_control(
            self.omitted_button,
            tr("Texts left out"),
            tr("Show what was left out, and why"),
        )
        self.omitted_button.setProperty("flat", True)
        self.put_back_button = button(
            tr("Put back"),
            tr("Open the text with the sentences that were left out as a document"),
            self._request_put_back,
        )
        self.omitted = label(role="muted", wrap=True)
        self.omitted_button.toggled.connect(self.omitted.setVisible)
        self.omitted.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget in (self.checks, self.coverage, self.added, self.left_out):
            layout.addWidget(widget)
        layout.addWidget(
            row(
                self.fix_button,
                self.sources_button,
                self.put_back_button,
                self.omitted_button,
                None,
            )
        )
        layout.addWidget(self.omitted)
        self.hide()

    def show_result(self, shown: ShownResult | None) -> None:
        """Show the review in a result's recipe, read in the background."""
        is_task = (
            shown is not None
            and bool(shown.path)
            and isinstance(shown.request, TextRequest)
            and shown.request.task is not None
        )
        self._shown = shown if is_task else None
        if shown is None or not is_task:
            self.hide()
            return
        path = Path(shown.path)

        def show(review: TaskReview | None) -> None:
            if self._shown is not None and self._shown.path == str(path):
                self._show(review)

        background.run(self, lambda: _read(path), show, lambda _error: self.hide())

    def _show(self, review: TaskReview | None) -> None:
        from studio.text_tasks.missing_facts import notes_of
        from studio.ui.stage.candidates.column import checks_text

        self.setVisible(review is not None)
        if review is None:
            return
        checks = checks_text(review.checks)
        self.checks.setText(shorten_for_label(checks))
        self.checks.setVisible(bool(checks))
        self.fix_button.setVisible(any(not check.passed for check in review.checks))
        self._coverage = review.coverage
        self.sources_button.setVisible(bool(review.coverage and review.coverage.sentences))
        covered = coverage_text(review.coverage)
        self.coverage.setText(covered)
        self.coverage.setVisible(bool(covered))
        added = "\n".join(notes_of(review.added, review.missing))
        self.added.setText(shorten_for_label(added))
        self.added.setVisible(bool(added))
        self._left_out = review.left_out
        self.left_out.setText(shorten_for_label(left_out_text(review.left_out)))
        for widget in (self.left_out, self.put_back_button):
            widget.setVisible(bool(review.left_out))
        self._show_omitted(review.omitted)

    def _request_put_back(self) -> None:
        self.put_back_requested.emit(self._left_out)

    def _show_omitted(self, omitted: Sequence[OmittedText]) -> None:
        text = tr_plural("1 text left out", "{count} texts left out", len(omitted))
        self.omitted_button.setText(text)
        name_control(self.omitted_button, text, tr("Show what was left out, and why"))
        self.omitted_button.setVisible(bool(omitted))
        self.omitted_button.setChecked(False)
        lines = (
            f"{tr_marked(_REASONS[one.reason])}: {' '.join(one.text[:OMITTED_CHARACTERS].split())}"
            for one in omitted
        )
        self.omitted.setText(shorten_for_label("\n".join(lines)))

    def _request_fix(self) -> None:
        if self._shown is not None:
            self.fix_requested.emit(self._shown.request, 1)

    def show_sources(self, sentence: int = 0) -> None:
        """Show where a sentence of the summary comes from, by its number, in one window."""
        from studio.ui.stage.candidates.summary_sources import show_sources

        request = self._shown.request if self._shown is not None else None
        if self._coverage is None or not isinstance(request, TextRequest) or request.task is None:
            return
        window = self._sources
        if window is None or not isValid(window) or window.coverage is not self._coverage:
            if window is not None and isValid(window):
                window.close()
            window = show_sources(self.window(), self._coverage, request.task.main_text)
            self._sources = window
        window.choose(sentence)


def coverage_text(coverage: Coverage | None) -> str:
    """Return of how many parts of the source a summary speaks; empty if it is none."""
    if coverage is None:
        return ""
    return tr(
        "Speaks of {covered} of {parts} parts of the text.",
        covered=len(coverage.covered),
        parts=coverage.parts,
    )


def left_out_text(left_out: Sequence[LeftOut]) -> str:
    """Return the sentences that the facts do not support; empty if none were left out."""
    if not left_out:
        return ""
    sentences = " ".join(one.text for one in left_out)
    return tr("Left out, because the facts do not support it: {sentences}", sentences=sentences)


def _read(path: Path) -> TaskReview | None:
    from studio.library.artifacts import read_recipe  # imports numpy

    recipe = read_recipe(path)
    return recipe.review if recipe is not None else None
