"""What Studio stores on this computer, in the settings window, and how to delete it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QGridLayout, QPushButton, QWidget

from studio.core.translation import mark, tr, tr_marked, tr_plural
from studio.ui.app_state import AppState
from studio.ui.desktop.folders import open_folder
from studio.ui.settings.row import contains, mark_words
from studio.ui.widgets.factory import button, confirm, label

ABOUT = mark(
    "Nothing is sent anywhere: no telemetry, no update check. Studio uses the network only for "
    "downloads that you start."
)


class StoredDataPanel(QWidget):
    """Lists what is stored and where; opens folders, clears history, drafts and finished jobs."""

    def __init__(self, shared: AppState) -> None:
        super().__init__()
        self._shared = shared
        self._texts = [label(wrap=True) for _text in self._lines()]
        self.clear_history_button = button(
            tr("Clear prompt history"), tr("Offer no earlier prompts"), self._clear_history
        )
        self.clear_drafts_button = button(
            tr("Clear drafts"), tr("Delete what was typed into the forms"), self._clear_drafts
        )
        self.clear_jobs_button = button(
            tr("Clear finished jobs"), tr("Remove finished jobs from the queue"), self._clear_jobs
        )
        buttons: tuple[QPushButton | None, ...] = (
            None,
            button(tr("Open folder"), tr("Open the folder of results"), self._open_results),
            self.clear_history_button,
            self.clear_jobs_button,
            self.clear_drafts_button,
            button(tr("Open folder"), tr("Open the folder of log files"), self._open_logs),
        )
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 8, 0, 8)
        layout.setHorizontalSpacing(16)
        layout.setVerticalSpacing(10)
        layout.setColumnStretch(0, 1)
        for at, (text, control) in enumerate(zip(self._texts, buttons, strict=True)):
            text.setProperty("role", "muted")
            layout.addWidget(text, at, 0)
            if control is not None:
                layout.addWidget(control, at, 1)
        self.highlight(())

    def _lines(self) -> list[str]:
        return [
            tr_marked(ABOUT),
            tr(
                "Results: each file has its recipe (prompt, model, seed), so that it can be made "
                "again. Whoever gets the file can read it, unless the setting above is off."
            ),
            tr(
                "Prompt history: earlier prompts that a form offers (Ctrl+Up). When it is cleared, "
                "they are offered no more, but stay in the results and in the library's search."
            ),
            tr(
                "Queue: the prompts of waiting and finished jobs, until they are removed from the "
                "list. Removing a job keeps its files."
            ),
            tr("Drafts: what is typed into the forms, for the next start."),
            tr("Log files: errors and warnings, without prompts."),
        ]

    def matches(self, words: Sequence[str]) -> bool:
        """True if each word is in the panel's texts."""
        return contains(" ".join((*self._lines(), tr("Privacy history clear"))), words)

    def highlight(self, words: Sequence[str]) -> None:
        """Mark the words."""
        for text, line in zip(self._texts, self._lines(), strict=True):
            mark_words(text, line, words)

    def _open_results(self) -> None:
        open_folder(Path(self._shared.output_folder()))

    def _open_logs(self) -> None:
        open_folder(self._shared.data.logs)

    def _clear_history(self) -> None:
        shared, before = self._shared, self._shared.settings.history_since
        shared.change_settings(history_since=time.time())
        shared.post_toast(
            tr("The prompt history was cleared"),
            tr("Undo"),
            lambda: shared.change_settings(history_since=before),
        )

    def _clear_drafts(self) -> None:
        question = tr(
            "What is typed into the forms is forgotten at the end. The forms keep it now."
        )
        if confirm(self, tr("Clear drafts?"), question, tr("Clear")):
            self._shared.clear_drafts()
            self._shared.post_toast(tr("The drafts were deleted"))

    def _clear_jobs(self) -> None:
        over = [job.id for job in self._shared.queue.jobs() if job.state.over]
        if not over:
            self._shared.post_toast(tr("The queue has no finished jobs"))
            return
        question = tr_plural(
            "One finished job is removed from the queue. Its files stay.",
            "{count} finished jobs are removed from the queue. Their files stay.",
            len(over),
        )
        if confirm(self, tr("Clear finished jobs?"), question, tr("Clear")):
            self._shared.queue.remove(over)
