"""The line below a prompt with alternatives: what to do with `{red|blue}`."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from studio.batch.form_prompt.texts import (
    MAX_JOBS,
    Alternatives,
    Mode,
    PromptTexts,
    have_alternatives,
)
from studio.core.kinds import KINDS
from studio.core.translation import tr
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.widgets.factory import label, name_control, row

COUNT_DELAY_MS = 200


class AlternativesRow(QWidget):
    """Hidden while the texts have no alternatives."""

    changed = Signal()

    def __init__(self, shared: AppState, kind: str) -> None:
        super().__init__()
        self._folder = shared.data.wildcards
        self._texts = PromptTexts()
        self._found = Alternatives()
        self._is_counting = False
        self._counting = background.DelayedCall(self, self._count, COUNT_DELAY_MS)
        self.choice = QComboBox()
        name_control(
            self.choice, tr("Alternatives"), tr("What to do with {a|b}, __file__ and [1..3]")
        )
        for title, mode in (
            (tr("One by the seed"), "one"),
            (tr("All"), "all"),
            (tr("Keep as text"), "off"),
        ):
            self.choice.addItem(title, mode)
        # A document may hold braces that mean something else.
        default: Mode = "one" if KINDS[kind].expands_prompts else "off"
        self.choice.setCurrentIndex(self.choice.findData(default))
        self._title = label("", "muted")
        self._problem = label("", "error", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(row(self._title, None, self.choice))
        layout.addWidget(self._problem)
        self.choice.currentIndexChanged.connect(self._on_chosen)
        self.hide()

    @property
    def mode(self) -> Mode:
        """What to do with alternatives; "off" without any."""
        return cast("Mode", self.choice.currentData()) if not self.isHidden() else "off"

    @property
    def problem(self) -> str:
        """Why they cannot be read; empty if they can, or are kept as text."""
        return self._found.problem if self.mode != "off" else ""

    def choose(self, mode: object) -> None:
        """Choose what to do with them, as in a draft; ignore anything else."""
        index = self.choice.findData(mode)
        if index >= 0:
            self.choice.setCurrentIndex(index)

    def show_texts(self, texts: PromptTexts) -> None:
        """Show whether these texts of a form have alternatives, and soon how many."""
        if texts == self._texts:
            return
        self._texts = texts
        self.setVisible(have_alternatives(texts, self._folder))
        if not self.isHidden():
            self._counting.start()

    def _count(self) -> None:
        """Count in the background, one text at a time: large wildcard files take seconds."""
        if self._is_counting:
            return
        self._is_counting = True
        texts = self._texts

        def count() -> Alternatives:
            from studio.batch.form_prompt.alternatives import count_alternatives

            return count_alternatives(texts, self._folder)

        background.run(self, count, lambda found: self._on_counted(texts, found))

    def _on_counted(self, texts: PromptTexts, found: Alternatives) -> None:
        self._is_counting = False
        if texts is not self._texts:
            if not self.isHidden():
                self._counting.start()
            return
        self._found = found
        self._show()
        self.changed.emit()

    def _on_chosen(self) -> None:
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        count = self._found.count
        self._title.setText(tr("{count:,} alternatives", count=count))
        self._title.setVisible(count > 1)
        problem = tr("The prompt {problem}", problem=self.problem) if self.problem else ""
        if self.mode == "all" and count > MAX_JOBS:
            problem = tr(
                "At most {limit} jobs at once; use a batch from a file for more.",
                limit=MAX_JOBS,
            )
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
