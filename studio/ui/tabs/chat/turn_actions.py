"""What the buttons of a turn do: versions, edits, other answers, copies and deletions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication

from studio.core.translation import tr
from studio.documents.chat import Chat, Turn, new_turn
from studio.ui.app_state import AppState
from studio.ui.tabs.chat.answer_jobs import AnswerJobs
from studio.ui.tabs.chat.open_chat import OpenChat
from studio.ui.tabs.chat.turn_list import TurnList

if TYPE_CHECKING:
    from studio.ui.tabs.chat.version_window import VersionWindow


class TurnActions(QObject):
    """Carries out what is asked in a list of turns."""

    document_requested = Signal(str, str)
    """(text, id of the job that wrote it) to edit as a document."""

    def __init__(
        self, shared: AppState, open_chat: OpenChat, jobs: AnswerJobs, turns: TurnList
    ) -> None:
        super().__init__(open_chat)
        self._shared = shared
        self._open_chat = open_chat
        self._jobs = jobs
        self._turns = turns
        turns.stepped.connect(self._on_stepped)
        turns.compare_requested.connect(self.compare)
        turns.edited.connect(self._on_edited)
        turns.regenerate_requested.connect(self._on_regenerate_requested)
        turns.continue_requested.connect(self._on_continue_requested)
        turns.delete_requested.connect(self._on_delete_requested)
        turns.copy_requested.connect(self.copy)
        turns.summary_removed.connect(self._on_summary_removed)
        self._edited: dict[str, str] = {}
        """Id of a new version → the turn that was edited, whose draft is kept until it is there."""
        open_chat.changed.connect(self._drop_drafts)

    @property
    def _chat(self) -> Chat:
        return self._open_chat.chat

    def _on_stepped(self, turn: Turn, step: int) -> None:
        versions = self._chat.versions(turn)
        place = [one.id for one in versions].index(turn.id) + step
        self.choose(versions[place])

    def choose(self, version: Turn) -> None:
        """Show a version of a turn, with what follows it."""
        self._chat.chosen[version.parent] = version.id
        self._open_chat.save()
        self._open_chat.report_change(self._chat)

    def compare(self, turn: Turn) -> VersionWindow:
        """Show all versions of a turn side by side."""
        from studio.ui.tabs.chat.version_window import VersionWindow

        window = VersionWindow(self._turns, self._chat, turn, self._open_chat.answers)
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window.version_chosen.connect(self.choose)
        window.regenerate_requested.connect(self._on_regenerate_requested)
        window.copy_requested.connect(self._copy_text)
        window.document_requested.connect(self.document_requested)
        self._open_chat.changed.connect(window.refresh)
        self._open_chat.opened.connect(window.close)
        window.show()
        return window

    def _on_edited(self, turn: Turn, text: str) -> None:
        """Branch: an edited prompt gets a new answer, an edited answer is one more version."""
        edited = new_turn(turn.parent, turn.role, text)
        self._edited[edited.id] = turn.id
        if turn.role == "user":
            self._jobs.ask(edited, is_new=True)
        else:
            self._open_chat.add(self._chat, edited)

    def _drop_drafts(self) -> None:
        for version in [one for one in self._edited if one in self._chat.turns]:
            self._turns.edits.keep(self._edited.pop(version), "")

    def _on_regenerate_requested(self, turn: Turn) -> None:
        self._jobs.ask(self._chat.turns[turn.parent])

    def _on_continue_requested(self, turn: Turn) -> None:
        """Let the model go on with an answer, which stays the same turn."""
        self._jobs.ask(self._chat.turns[turn.parent], continued=turn)

    def _on_delete_requested(self, turn: Turn) -> None:
        chat = self._chat
        before = Chat(
            id=chat.id, title=chat.title, turns=dict(chat.turns), chosen=dict(chat.chosen)
        )
        self._open_chat.remove(chat, turn)

        def restore() -> None:
            removed = (one for one in before.turns.values() if one.id not in chat.turns)
            self._open_chat.save(*removed, chat=before)
            self._open_chat.open(before.id)

        self._shared.post_toast(tr("Deleted the turn"), tr("Undo"), restore)

    def _on_summary_removed(self, summary: Turn) -> None:
        self._open_chat.remove(self._chat, summary)

    def copy(self, turn: Turn) -> None:
        """Copy a turn as it is shown."""
        self._copy_text(self._turns.views[turn.id].text)

    def _copy_text(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._shared.post_toast(tr("Copied"))
