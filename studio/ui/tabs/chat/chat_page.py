"""The chat view of the text tab: turns of a person and a model, with versions of each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QPushButton, QVBoxLayout, QWidget

from studio.core.errors import InvalidRequestError, StudioError
from studio.core.requests import Request
from studio.core.translation import tr
from studio.documents.chat import (
    ROOT,
    SUMMARY,
    Chat,
    ChatInfo,
    Turn,
    new_chat,
    new_turn,
    title_from,
)
from studio.documents.store import DocumentStore
from studio.models.card import ModelCard
from studio.preflight.checks import check
from studio.preflight.tokens import count_tokens
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.tabs.chat.answers import Answers
from studio.ui.tabs.chat.context_bar import Context, ContextBar
from studio.ui.tabs.chat.requests import answer_request
from studio.ui.tabs.chat.summaries import (
    Summary,
    choose_summary,
    summarizable,
    summary_requests,
)
from studio.ui.tabs.chat.turn_list import TurnList
from studio.ui.text.document_header import TitleButton
from studio.ui.text.document_list import ask_title
from studio.ui.text.live_documents import LiveDocuments
from studio.ui.widgets.factory import Notice, button, label, name_control, row

MIN_WIDTH = 388
RECENT = 20


class ChatPage(QWidget):
    """Shows a chat, the one that changed last to begin with."""

    chat_opened = Signal()
    """Another chat is shown."""
    prompt_refused = Signal(str)
    """A prompt that could not be sent, to be changed or sent later."""

    def __init__(
        self,
        shared: AppState,
        card: Callable[[], ModelCard | None],
        values: Callable[[], dict[str, Any]],
    ) -> None:
        super().__init__()
        self.shared = shared
        self._card = card
        self._values = values
        """Of the form."""
        self.documents = LiveDocuments(shared.data.documents, self)
        self.answers = Answers(shared.queue, self)
        self.chat = new_chat()
        self._is_open = False
        self._waiting = ""
        """A prompt to send when the chat is open."""
        self._sent = ""
        """Id of the turn that was sent last."""
        self.turns = TurnList(self.answers)
        self.turns.stepped.connect(self._on_stepped)
        self.turns.edited.connect(self._on_edited)
        self.turns.regenerate_requested.connect(self._on_regenerate)
        self.turns.continue_requested.connect(self._on_continue)
        self.turns.delete_requested.connect(self._on_delete)
        self.turns.copy_requested.connect(self._copy)
        self.turns.summary_removed.connect(self._on_summary_removed)
        self.notice = Notice()
        self.context = ContextBar()
        self._lay_out()
        self.answers.ended.connect(self._on_answer_ended)
        self.documents.run(_load_last, self._open, self._on_failed)

    def _lay_out(self) -> None:
        self.title = TitleButton()
        self.title_menu = QMenu(self)
        self.title.setMenu(self.title_menu)
        self.title_menu.aboutToShow.connect(self._fill_title_menu)
        self.new_button = button(tr("New chat"), tr("Begin a new chat"), self.new, "plus")
        self.stop_button = button(tr("Stop"), tr("Stop the answer; keep its text"), self.stop)
        self.summarize_button = self._create_summarize_button()
        self.empty = label(
            tr(
                "Write a prompt and press Ctrl+Enter. The answer appears here, and the model reads "
                "all turns of the chat before each answer."
            ),
            "muted",
            wrap=True,
        )
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 12)
        layout.setSpacing(8)
        layout.addWidget(row(self.title, self.stop_button, self.new_button))
        layout.addWidget(self.notice)
        layout.addWidget(self.empty, 1)
        layout.addWidget(self.turns, 1)
        layout.addWidget(row(self.context, None, self.summarize_button))
        self.setMinimumWidth(MIN_WIDTH)
        self.stop_button.hide()

    def _create_summarize_button(self) -> QPushButton:
        return button(
            tr("Summarize older turns"),
            tr("Let the model read a summary in place of all turns but the last ones"),
            self.summarize,
        )

    # Chats
    # ----------------------------------------------------------------------

    def _open(self, chat: Chat | None) -> None:
        self.chat = chat or new_chat()
        self.notice.clear()
        for turn in self.chat.turns.values():
            if turn.job and not turn.finish:
                self.answers.follow(self.chat, turn)
        self._show()
        self._is_open = True
        self.chat_opened.emit()
        if prompt := self._waiting:
            self._waiting = ""
            self.send(prompt)

    def new(self) -> None:
        """Begin a new chat; it is stored with its first turn."""
        if self.chat.turns:
            self._open(None)

    def open(self, chat_id: str) -> None:
        """Open a stored chat."""
        if (chat := self.answers.chat(chat_id)) is not None:
            self._open(chat)
        else:
            self.documents.run(lambda store: store.chats.load(chat_id), self._open, self._on_failed)

    def _fill_title_menu(self) -> None:
        menu = self.title_menu
        menu.clear()
        menu.addAction(tr("New chat")).triggered.connect(lambda _on=False: self.new())
        if self.chat.turns:
            menu.addAction(tr("Rename…")).triggered.connect(lambda _on=False: self.rename())
            menu.addAction(tr("Delete")).triggered.connect(lambda _on=False: self.delete())
        menu.addSeparator()

        def show(infos: tuple[ChatInfo, ...]) -> None:
            for info in infos[:RECENT]:
                action = menu.addAction((info.title or tr("Untitled")).replace("&", "&&"))
                action.setCheckable(True)
                action.setChecked(info.id == self.chat.id)
                action.triggered.connect(lambda _on=False, one=info.id: self.open(one))

        self.documents.run(lambda store: store.chats.list(), show, self._on_failed)

    def rename(self) -> None:
        """Ask for another title."""
        if title := ask_title(self, self.chat.title):
            self.chat.title = title
            self._save()
            self._show_title()

    def delete(self) -> None:
        """Move the chat to the trash, which a button takes back, and open another one."""
        chat = self.chat

        def restore() -> None:
            self.documents.run(
                lambda store: store.chats.restore(chat.id), lambda _done: self.open(chat.id)
            )

        self.documents.run(lambda store: store.chats.trash(chat.id), failed=self._on_failed)
        self.documents.run(_load_last, self._open, self._on_failed)
        title = chat.title or tr("Untitled")
        self.shared.post_toast(tr("Deleted {title}", title=title), tr("Undo"), restore)

    def _save(self, *turns: Turn, chat: Chat | None = None, removed: tuple[str, ...] = ()) -> None:
        chat = chat or self.chat
        copy = Chat(id=chat.id, title=chat.title, chosen=dict(chat.chosen))
        self.documents.run(
            lambda store: store.chats.save(copy, turns, removed), failed=self._on_failed
        )

    def _on_failed(self, error: StudioError) -> None:
        self._is_open = True  # chat, though nothing is stored
        self.notice.show_message(error.message, error.cure)

    # Turns
    # ----------------------------------------------------------------------

    def send(self, prompt: str) -> None:
        """Add the person's turn at the end, and ask for its answer."""
        if not self._is_open:
            self._waiting = prompt
            return
        path = self.chat.path()
        question = new_turn(path[-1].id if path else ROOT, "user", prompt)
        self._sent = question.id
        self._ask(question, is_new=True)

    def _return_prompt(self, question: Turn) -> None:
        if question.id == self._sent:
            self.prompt_refused.emit(question.text)

    def _ask(self, question: Turn, *, is_new: bool = False, continued: Turn | None = None) -> None:
        """Submit the request for an answer, or for the rest of one, if the chat fits the model."""
        card, chat = self._card(), self.chat
        values = self._values()
        if not is_new:
            values["seed"] = None  # another answer
        try:
            if card is None:
                raise StudioError(tr("A model is missing."), cure=tr("Add one under Models."))
            request = answer_request(card, values, chat, question, continued)
        except InvalidRequestError as error:
            self.notice.show_message(str(error), tr("Change the form."))
            self._return_prompt(question)
            return
        except StudioError as error:
            self._on_failed(error)
            self._return_prompt(question)
            return
        text = request.prompt + request.prefix
        background.run(
            self,
            lambda: count_tokens(card, text, request.system_prompt, request.messages),
            partial(self._on_counted, chat, card, request, question, continued),
            lambda error: self.notice.show_message(str(error)),
        )

    def _on_counted(
        self,
        chat: Chat,
        card: ModelCard,
        request: Request,
        question: Turn,
        continued: Turn | None,
        tokens: int | None,
    ) -> None:
        problems = check(card, request, self.shared.find_card, read_files=False, tokens=tokens)
        if problems:
            cure = tr(
                "Delete or shorten earlier turns, begin a new chat, or choose a model that takes "
                "more. Nothing is cut by itself."
            )
            buttons = [self._create_summarize_button()] if summarizable(chat) else []
            self.notice.show_message(problems[0].message, cure, buttons)
            self._return_prompt(question)
            return
        if continued is not None and chat.turns.get(continued.id) is not continued:
            return  # it was deleted, or goes on already
        self.notice.clear()
        self._submit(chat, request, question, continued)

    def _submit(self, chat: Chat, request: Request, question: Turn, continued: Turn | None) -> None:
        job = self.shared.new_job(request)
        if continued is not None:
            answer = msgspec.structs.replace(continued, job=job.id, finish="")
            chat.replace(answer)
            self._save(answer, chat=chat)
        else:
            answer = new_turn(question.id, "assistant", "", job=job.id)
            chat.title = chat.title or title_from(question.text)
            chat.add(question)
            chat.add(answer)
            self._save(question, answer, chat=chat)
        self.shared.queue.submit([job])
        self.answers.follow(chat, answer)
        if chat is self.chat:
            self._show()

    def summarize(self) -> None:
        """Ask the model for a summary, which it reads in place of older turns from then on."""
        card, chat = self._card(), self.chat
        if card is None or self.answers.jobs_of(chat.id):
            return
        try:
            summaries = summary_requests(card, self._values(), chat)
        except InvalidRequestError as error:
            self.notice.show_message(str(error), tr("Change the form."))
            return
        background.run(
            self,
            lambda: choose_summary(card, summaries),
            lambda chosen: self._submit_summary(chat, chosen),
            lambda error: self.notice.show_message(
                str(error), error.cure if isinstance(error, StudioError) else ""
            ),
        )

    def _submit_summary(self, chat: Chat, chosen: Summary) -> None:
        if self.answers.jobs_of(chat.id) or chosen.last.id not in chat.turns:
            return
        self.notice.clear()
        job = self.shared.new_job(chosen.request)
        summary = new_turn(SUMMARY + chosen.last.id, "assistant", "", job=job.id)
        chat.add(summary)
        self._save(summary, chat=chat)
        self.shared.queue.submit([job])
        self.answers.follow(chat, summary)
        if chat is self.chat:
            self._show()

    def _on_summary_removed(self, summary: Turn) -> None:
        self._remove_summary(self.chat, summary)

    def _remove_summary(self, chat: Chat, summary: Turn) -> None:
        removed = chat.remove(summary)
        self._save(chat=chat, removed=tuple(removed))
        if chat is self.chat:
            self._show()

    def _on_stepped(self, turn: Turn, step: int) -> None:
        versions = self.chat.versions(turn)
        place = [one.id for one in versions].index(turn.id) + step
        self.chat.chosen[turn.parent] = versions[place].id
        self._save()
        self._show()

    def _on_edited(self, turn: Turn, text: str) -> None:
        """Branch: an edited prompt gets a new answer, an edited answer is one more version."""
        edited = new_turn(turn.parent, turn.role, text)
        if turn.role == "user":
            self._ask(edited, is_new=True)
            return
        self.chat.add(edited)
        self._save(edited)
        self._show()

    def _on_regenerate(self, turn: Turn) -> None:
        self._ask(self.chat.turns[turn.parent])

    def _on_continue(self, turn: Turn) -> None:
        """Let the model go on with an answer, which stays the same turn."""
        self._ask(self.chat.turns[turn.parent], continued=turn)

    def _on_delete(self, turn: Turn) -> None:
        before = Chat(
            id=self.chat.id,
            title=self.chat.title,
            turns=dict(self.chat.turns),
            chosen=dict(self.chat.chosen),
        )
        removed = self.chat.remove(turn)
        self._save(removed=tuple(removed))
        self._show()

        def restore() -> None:
            self._save(*(before.turns[one] for one in removed), chat=before)
            self.open(before.id)

        self.shared.post_toast(tr("Deleted the turn"), tr("Undo"), restore)

    def _copy(self, turn: Turn) -> None:
        QGuiApplication.clipboard().setText(self.turns.views[turn.id].text)
        self.shared.post_toast(tr("Copied"))

    def copy(self) -> None:
        """Copy the last turn."""
        if path := self.chat.path():
            self._copy(path[-1])

    def stop(self) -> None:
        """Stop the answers of this chat."""
        self.shared.queue.cancel(self.answers.jobs_of(self.chat.id))

    # Showing
    # ----------------------------------------------------------------------

    def _show(self) -> None:
        """Show the chosen versions."""
        self.turns.show_chat(self.chat)
        is_empty = not self.chat.path()
        self.empty.setVisible(is_empty)
        self.turns.setVisible(not is_empty)
        is_writing = bool(self.answers.jobs_of(self.chat.id))
        self.stop_button.setVisible(is_writing)
        self._show_title()
        self.show_context()
        self.summarize_button.setVisible(bool(summarizable(self.chat)) and not is_writing)

    def show_context(self) -> None:
        """Show how many tokens the chat and the prompt of the form take."""
        card, values, path = self._card(), self._values(), self.chat.path()
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

    def _show_title(self) -> None:
        title = self.chat.title or tr("New chat")
        self.title.set_title(title)
        name_control(
            self.title, tr("Chat: {title}", title=title), tr("Open, rename and delete chats")
        )

    def _on_answer_ended(self, chat: Chat, turn_id: str, failure: str) -> None:
        if turn := chat.turns.get(turn_id):
            self._save(turn, chat=chat)
            is_useless = turn.finish in ("cancelled", "failed") or not turn.text.strip()
            if turn.parent.startswith(SUMMARY) and is_useless:
                self._remove_summary(chat, turn)
        if chat is self.chat:
            self._show()
            if failure:
                self.notice.show_message(failure, tr("Regenerate the answer to try again."))

    def close_chats(self) -> None:
        """Store everything before the window closes."""
        self.documents.close()


def _load_last(store: DocumentStore) -> Chat | None:
    infos = store.chats.list()
    return store.chats.load(infos[0].id) if infos else None
