"""The chat view of the text tab: turns of a person and a model, with versions of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.documents.chat import Chat
from studio.models.card import ModelCard
from studio.ui.app_state import AppState
from studio.ui.tabs.chat.answer_jobs import AnswerJobs
from studio.ui.tabs.chat.attachment import Attachment
from studio.ui.tabs.chat.chat_text import ChatText
from studio.ui.tabs.chat.chat_title import ChatTitle
from studio.ui.tabs.chat.context_bar import Context, ContextBar
from studio.ui.tabs.chat.open_chat import OpenChat
from studio.ui.tabs.chat.personas.persona_button import PersonaButton
from studio.ui.tabs.chat.summaries import summarizable
from studio.ui.tabs.chat.turn_actions import TurnActions
from studio.ui.tabs.chat.turn_list import EditDrafts, TurnList
from studio.ui.widgets.factory import Notice, button, label, row

MIN_WIDTH = 388


class ChatPage(QWidget):
    """Shows a chat, the one that changed last to begin with."""

    prompt_refused = Signal(str)
    """A prompt that could not be sent, to be changed or sent later."""

    def __init__(
        self,
        shared: AppState,
        card: Callable[[], ModelCard | None],
        values: Callable[[], dict[str, Any]],
    ) -> None:
        """`values`: those of the form."""
        super().__init__()
        self.shared = shared
        self._card = card
        self.open_chat = OpenChat(shared, self)
        self.answers = self.open_chat.answers
        self.persona = PersonaButton(shared, self.open_chat)
        self._values: Callable[[], dict[str, Any]] = lambda: {
            **values(),
            **self.persona.values(),
        }
        self.jobs = AnswerJobs(shared, self.open_chat, lambda: self._card(), self._values)
        self.attachment = Attachment(self)
        self.chat_text = ChatText(shared, self)
        self.turns = TurnList(self.answers, EditDrafts(shared))
        self.actions_of_turns = TurnActions(shared, self.open_chat, self.jobs, self.turns)
        self.notice = Notice()
        self.context = ContextBar()
        self._lay_out()
        self._connect()
        self.open_chat.open_last()

    def _lay_out(self) -> None:
        self.title = ChatTitle(self.open_chat, self.chat_text)
        self.new_button = button(tr("New chat"), tr("Begin a new chat"), self.open_chat.new, "plus")
        self.attach_button = button(
            tr("Attach…"),
            tr("Put the text of a document into the prompt"),
            self.attachment.ask_for_file,
        )
        self.stop_button = button(tr("Stop"), tr("Stop the answer; keep its text"), self.stop)
        self.summarize_button = self._create_summarize_button()
        self.empty = label(
            tr(
                "Write a prompt and press Enter (Shift+Enter begins a new line). The answer "
                "appears here, and the model reads all turns of the chat before each answer."
            ),
            "muted",
            wrap=True,
        )
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 12)
        layout.setSpacing(8)
        layout.addWidget(row(self.title, self.persona, self.stop_button, self.new_button))
        for notice in (self.notice, self.attachment.work.notice, self.chat_text.work.notice):
            layout.addWidget(notice)
        layout.addWidget(self.empty, 1)
        layout.addWidget(self.turns, 1)
        layout.addWidget(row(self.context, None, self.summarize_button, self.attach_button))
        self.setMinimumWidth(MIN_WIDTH)
        self.stop_button.hide()

    def _connect(self) -> None:
        self.open_chat.opened.connect(self._on_opened)
        self.open_chat.changed.connect(self._show)
        self.open_chat.turn_opened.connect(self.turns.show_turn)
        self.open_chat.failed.connect(self._on_failed)
        self.open_chat.stored.connect(self.notice.clear)
        self.jobs.refused.connect(self._on_refused)
        self.jobs.submitted.connect(self.notice.clear)
        self.jobs.prompt_refused.connect(self.prompt_refused)
        self.answers.ended.connect(self._on_answer_ended)

    def _create_summarize_button(self) -> QPushButton:
        return button(
            tr("Summarize older turns"),
            tr("Let the model read a summary in place of all turns but the last ones"),
            self.jobs.summarize,
        )

    @property
    def chat(self) -> Chat:
        """The chat that is shown."""
        return self.open_chat.chat

    def send(self, prompt: str) -> None:
        """Add the person's turn at the end, and ask for its answer."""
        self.jobs.send(prompt)

    def copy(self) -> None:
        """Copy the last turn."""
        if path := self.chat.path():
            self.actions_of_turns.copy(path[-1])

    def edit_last(self) -> None:
        """Edit the last turn that the person wrote."""
        views = [view for view in self.turns.views.values() if view.turn.role == "user"]
        if views and not self.answers.jobs_of(self.chat.id):
            views[-1].begin_edit()
            self.turns.ensureWidgetVisible(views[-1])

    def stop(self) -> None:
        """Stop the answers of this chat."""
        self.shared.queue.cancel(self.answers.jobs_of(self.chat.id))

    # Showing
    # ----------------------------------------------------------------------

    def _on_opened(self) -> None:
        self.notice.clear()
        self._show()
        self.jobs.send_waiting()

    def _on_failed(self, error: StudioError) -> None:
        self.notice.show_message(error.message, error.cure)
        self.jobs.send_waiting()

    def _on_refused(self, message: str, cure: str, summary_helps: bool) -> None:
        buttons = [self._create_summarize_button()] if summary_helps else []
        self.notice.show_message(message, cure, buttons)

    def _show(self) -> None:
        """Show the chosen versions."""
        self.turns.show_chat(self.chat)
        is_empty = not self.chat.path()
        self.empty.setVisible(is_empty)
        self.turns.setVisible(not is_empty)
        is_writing = bool(self.answers.jobs_of(self.chat.id))
        self.stop_button.setVisible(is_writing)
        self.show_context()
        self.summarize_button.setVisible(bool(summarizable(self.chat)) and not is_writing)

    def show_context(self) -> None:
        """Show how many tokens the chat and the prompt of the form take."""
        card, values, path = self._card(), self._values(), self.chat.path()
        self.persona.show_card(card)
        if card is None:
            self.context.show_context(None)
            return
        self.context.show_context(
            Context(
                card=card,
                prompt=str(values["prompt"]),
                system_prompt=str(values["system_prompt"]),
                messages=self.chat.messages_before(path[-1].id) if path else (),
                max_new_tokens=int(values.get("max_new_tokens") or 0),
            )
        )

    def _on_answer_ended(self, chat: Chat, _turn_id: str, failure: str) -> None:
        if chat is self.chat:
            self._show()
            if failure:
                self.notice.show_message(failure, tr("Regenerate the answer to try again."))

    def close_chats(self) -> None:
        """Store everything before the window closes."""
        self.open_chat.store_again()
        self.open_chat.documents.close()
