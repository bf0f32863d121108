"""Candidates side by side; words that differ from the chosen one are marked."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QScrollArea, QWidget

from studio.core.translation import tr
from studio.ui import background
from studio.ui.library.compare.texts import Span, different_spans
from studio.ui.stage.candidates.column import Candidate, CandidateColumn
from studio.ui.widgets.factory import name_control

MIN_COLUMN = 205
"""Pixels; narrower columns leave no room for their buttons."""
MIN_IN_VIEW, MAX_IN_VIEW = 2, 4
SPACING = 8


class CandidateColumns(QScrollArea):
    """A column for each candidate: two to four in view, the others to the side."""

    chosen = Signal(int)
    copy_requested = Signal(int)
    edit_requested = Signal(int)
    pick_requested = Signal(int)
    token_requested = Signal(object, int, int)

    def __init__(self, pick_tip: str = "") -> None:
        """`pick_tip`: what *Pick* does, if it differs from `CandidateColumn`."""
        super().__init__()
        self._pick_tip = pick_tip
        self.columns: dict[int, CandidateColumn] = {}
        self._candidates: dict[int, Candidate] = {}
        self._chosen = -1
        self._compared: tuple[str, ...] = ()
        """The texts whose differences are marked or looked for, the chosen one first."""
        self._group = QButtonGroup(self)
        name_control(self, tr("Candidates"), tr("The texts side by side"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self._content = QWidget()
        self._layout = QHBoxLayout(self._content)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(SPACING)
        self.setWidget(self._content)

    def show_candidates(
        self, candidates: Sequence[Candidate], chosen: int, *, is_over: bool
    ) -> None:
        """Show texts; differences are marked once no job adds to them."""
        found = {candidate.number: candidate for candidate in candidates}
        for number in [number for number in self.columns if number not in found]:
            self._remove(number)
        for number, candidate in found.items():
            if number not in self.columns:
                self._add(number)
            if self._candidates.get(number) != candidate:
                self.columns[number].show_candidate(candidate)
        self._candidates = found
        self._choose(chosen)
        self._fit()
        self._compare(is_over)

    def _add(self, number: int) -> None:
        column = CandidateColumn(number, self._pick_tip)
        column.chosen.connect(self.chosen)
        column.copy_requested.connect(self.copy_requested)
        column.edit_requested.connect(self.edit_requested)
        column.pick_requested.connect(self.pick_requested)
        column.token_requested.connect(self.token_requested)
        self.columns[number] = column
        self._group.addButton(column.title)
        self._layout.insertWidget(sorted(self.columns).index(number), column)

    def _remove(self, number: int) -> None:
        column = self.columns.pop(number)
        self._group.removeButton(column.title)
        self._layout.removeWidget(column)
        column.hide()
        column.deleteLater()

    def _choose(self, number: int) -> None:
        column = self.columns.get(number)
        if column is None:
            return
        column.title.setChecked(True)
        if number != self._chosen:
            self._chosen = number
            self.ensureWidgetVisible(column, SPACING, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt's override: as many columns as fit."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        width = self.viewport().width()
        room = (width + SPACING) // (MIN_COLUMN + SPACING)
        shown = min(max(MIN_IN_VIEW, min(MAX_IN_VIEW, room)), max(1, len(self.columns)))
        each = (width - (shown - 1) * SPACING) // shown
        for column in self.columns.values():
            column.setFixedWidth(each)

    def _compare(self, is_over: bool) -> None:
        numbers = [number for number in self.columns if number != self._chosen]
        base = self._candidates.get(self._chosen)
        if not is_over or base is None:
            self._show_differences([], [])
            self._compared = ()
            return
        others = [self._candidates[number].text for number in numbers]
        compared = (base.text, *others)
        if compared == self._compared:
            return
        self._compared = compared

        def show(found: list[list[Span]]) -> None:
            if compared == self._compared:
                self._show_differences(numbers, found)

        background.run(
            self, lambda: [different_spans(base.text, other)[1] for other in others], show
        )

    def _show_differences(self, numbers: Sequence[int], found: Sequence[Sequence[Span]]) -> None:
        spans = dict(zip(numbers, found, strict=True))
        for number, column in self.columns.items():
            column.mark_differences(spans.get(number, ()))
