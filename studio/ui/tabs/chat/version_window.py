"""The window with all versions of a turn side by side, of which one is chosen."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from studio.core.translation import tr
from studio.documents.chat import Chat, Turn
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.stage.candidates.column import Candidate
from studio.ui.stage.candidates.columns import CandidateColumns
from studio.ui.tabs.chat.answers import Answers
from studio.ui.widgets.factory import button, label, row


class VersionWindow(QDialog):
    """Shows versions in columns, also those that are written now; differences are marked."""

    version_chosen = Signal(object)
    """Turn to show in the chat."""
    regenerate_requested = Signal(object)
    copy_requested = Signal(str)
    document_requested = Signal(str, str)
    """(text, id of the job that wrote it) to edit as a document."""

    def __init__(self, parent: QWidget, chat: Chat, turn: Turn, answers: Answers) -> None:
        super().__init__(parent)
        self._chat = chat
        self._turn = turn
        self._answers = answers
        self._chosen = turn.id
        self.columns = CandidateColumns(tr("Show this version in the chat"))
        self.columns.chosen.connect(self._on_chosen)
        self.columns.pick_requested.connect(self._on_pick_requested)
        self.columns.copy_requested.connect(
            lambda place: self.copy_requested.emit(self._text(self._versions()[place]))
        )
        self.columns.edit_requested.connect(self._on_edit_requested)
        self.regenerate_button = button(
            tr("Regenerate"),
            tr("Write one more version"),
            lambda: self.regenerate_requested.emit(self._turn),
            "retry",
        )
        self.use_button = button(
            tr("Use this version"),
            tr("Show the chosen version in the chat"),
            self._use,
            primary=True,
        )
        self.setWindowTitle(tr("Versions"))
        close = button(tr("Close"), tr("Close this window"), self.close)
        note = tr("The arrow keys choose a version; Enter shows it in the chat.")
        layout = QVBoxLayout(self)
        layout.addWidget(self.columns, 1)
        layout.addWidget(label(note, "muted", wrap=True))
        layout.addWidget(row(self.regenerate_button, None, close, self.use_button))
        self.use_button.setDefault(True)  # a dialog sees it once the button is in it
        self.regenerate_button.setVisible(turn.role == "assistant")
        answers.changed.connect(self._on_answer_changed)
        answers.ended.connect(self.refresh)
        resize_to_fit(self, 980, 620)
        self.refresh()
        self.columns.columns[self._place()].title.setFocus()

    def _versions(self) -> list[Turn]:
        return self._chat.versions(self._turn)

    def _place(self) -> int:
        return [one.id for one in self._versions()].index(self._chosen)

    def _text(self, version: Turn) -> str:
        streamed = self._answers.text(version.job)
        return version.text if streamed is None else streamed.text or version.text

    def refresh(self) -> None:
        """Show the versions as they are now; close if they were deleted."""
        versions = self._versions()
        ids = [one.id for one in versions]
        if not ids:
            self.close()
            return
        self._chosen = self._chosen if self._chosen in ids else ids[-1]
        candidates = [
            Candidate(place, tr("{place} of {count}", place=place + 1, count=len(ids)), text)
            for place, text in enumerate(map(self._text, versions))
        ]
        is_over = not any(self._answers.text(one.job) for one in versions)
        self.columns.show_candidates(candidates, self._place(), is_over=is_over)
        self.regenerate_button.setEnabled(is_over)

    def _on_answer_changed(self, turn_id: str) -> None:
        if turn_id in [one.id for one in self._versions()]:
            self.refresh()

    def _on_chosen(self, place: int) -> None:
        versions = self._versions()
        if place < len(versions) and versions[place].id != self._chosen:
            self._chosen = versions[place].id
            self.refresh()

    def _on_pick_requested(self, place: int) -> None:
        self._chosen = self._versions()[place].id
        self._use()

    def _on_edit_requested(self, place: int) -> None:
        version = self._versions()[place]
        self.close()
        self.document_requested.emit(self._text(version), version.job)

    def _use(self) -> None:
        self.close()
        self.version_chosen.emit(self._chat.turns[self._chosen])
