"""Summarizes the text of a form without a model, with sentences of the text as they stand there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.core.requests.task_entry import TaskEntry
from studio.core.requests.text_task import Coverage
from studio.core.translation import tr
from studio.ui import background
from studio.ui.widgets.factory import Notice, button, row

if TYPE_CHECKING:
    from studio.text_tasks.task import Task

EXTRACTED = "summary"
"""The task that needs no model."""


class ExtractButton(QWidget):
    """A button that shows the most important sentences next to the text; below it, errors."""

    def __init__(self, task: Task, entry: Callable[[], TaskEntry]) -> None:
        super().__init__()
        self._task = task
        self._entry = entry
        self.button = button(
            tr("Summarize without a model"),
            tr("Show the sentences that say most, as they stand in the text. Needs no model."),
            self._extract,
        )
        self.notice = Notice("banner")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(row(self.button, None))
        layout.addWidget(self.notice)
        if (
            task.name != EXTRACTED
        ):  # no setVisible(True): it would be a window, as yet without a parent
            self.hide()

    def _extract(self) -> None:
        entry, task = self._entry(), self._task
        source = entry.values.get(task.main.name, "")
        if not source.strip():
            self.notice.show_message(tr("There is no text yet."), tr("Type or open one."))
            return
        self.notice.clear()
        self.button.setEnabled(False)
        background.run(
            self,
            lambda: extract(task, entry),
            lambda coverage: self._on_extracted(coverage, source),
            self._on_failed,
        )

    def _on_extracted(self, coverage: Coverage, source: str) -> None:
        from studio.ui.stage.candidates.summary_sources import show_sources

        self.button.setEnabled(True)
        window = show_sources(self.window(), coverage, source)
        window.setWindowTitle(tr("Summary without a model"))

    def _on_failed(self, error: Exception) -> None:
        self.button.setEnabled(True)
        if not isinstance(error, StudioError):
            raise error
        self.notice.show_message(error.message, error.cure)


def extract(task: Task, entry: TaskEntry) -> Coverage:
    """Return the sentences that the command prints for the same values.

    Raises InvalidRequestError.
    """
    from studio.text_tasks.extraction import extract_summary
    from studio.text_tasks.loader import LANGUAGE
    from studio.text_tasks.requests import TaskInput, read_values

    values = dict(entry.values)
    prompt = values.pop(task.main.name, "")
    fields = {**values, LANGUAGE: entry.language}
    texts = read_values(task, TaskInput(prompt=prompt, fields=fields)).texts
    return extract_summary(prompt, int(texts["sentences"]), texts["focus"])
