"""The chat that is shown: which one it is, and how it is stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal

from studio.core.errors import StudioError
from studio.core.jobs import Job
from studio.core.requests.chat import ChatMessage
from studio.core.translation import tr
from studio.documents.chat import Chat, ChatInfo, Turn, TurnPlace, chat_of_file, new_chat
from studio.documents.store import DocumentStore
from studio.ui.app_state import AppState
from studio.ui.tabs.chat.answers import Answers
from studio.ui.text.live_documents import LiveDocuments

RETRY_MS = 5_000
"""After a chat could not be stored, such as on a full disk."""


class OpenChat(QObject):
    """Opens and stores chats, one of which is shown."""

    opened = Signal()
    """Another chat is shown."""
    changed = Signal()
    """Turns of the shown chat, the versions that are shown, or its title."""
    turn_opened = Signal(str)
    """Id of a turn that a chat was opened for."""
    stored = Signal()
    """Everything is stored, after something could not be."""
    failed = Signal(object)
    """StudioError of what could not be read or stored."""

    def __init__(self, shared: AppState, parent: QObject) -> None:
        super().__init__(parent)
        self._shared = shared
        self.documents = LiveDocuments(shared.data.documents, self)
        self.answers = Answers(shared.queue, self)
        self.chat = new_chat()
        self._unstored: dict[str, Chat] = {}
        """Chats of which a part could not be stored, such as on a full disk, by id."""
        self._removed: dict[str, set[str]] = {}
        """Id of a chat → turns whose removal could not be stored."""
        self._is_failing = False
        self._retry_timer = QTimer(self)
        self._retry_timer.setSingleShot(True)
        self._retry_timer.setInterval(RETRY_MS)
        self._retry_timer.timeout.connect(self.store_again)
        self.is_open = False
        """True when the chat that is to be shown was read, or cannot be read."""
        self.answers.grew.connect(self._on_answer_grew)
        self.answers.ended.connect(self._on_answer_ended)

    def open_last(self) -> None:
        """Open the chat that changed last, or a new one."""
        before = self.chat

        def show(chat: Chat | None) -> None:
            if self.chat is before:  # none was opened meanwhile
                self.show(chat)

        self.documents.run(_load_last, show, self._on_failed)

    def show(self, chat: Chat | None) -> None:
        """Show a chat that was read; None: a new one, which is stored with its first turn."""
        self.chat = chat or new_chat()
        for turn in self.chat.turns.values():
            if turn.job and not turn.finish:
                self.answers.follow(self.chat, turn, is_left=True)
        self.is_open = True
        self.opened.emit()

    def new(self) -> None:
        """Begin a new chat."""
        if self.chat.turns:
            self.show(None)

    def open(self, chat_id: str) -> None:
        """Open a stored chat."""
        if (chat := self.answers.chat(chat_id)) is not None:
            self.show(chat)
        else:
            self._load(chat_id, self.show)

    def _load(self, chat_id: str, show: Callable[[Chat], None]) -> None:
        """Read a chat, then show it; a prompt that is sent meanwhile waits for it."""
        before, self.is_open = self.chat, False

        def show_if_wanted(chat: Chat) -> None:
            if self.chat is before:  # none was begun or opened meanwhile
                show(chat)

        self.documents.run(lambda store: store.chats.load(chat_id), show_if_wanted, self._on_failed)

    def open_turn(self, place: TurnPlace) -> None:
        """Open a stored chat with the versions that lead to a turn."""

        def show(chat: Chat) -> None:
            chat.show_turn(place.turn)
            self.show(chat)
            self.turn_opened.emit(place.turn)

        if (chat := self.answers.chat(place.chat)) is not None:
            show(chat)
        else:
            self._load(place.chat, show)

    def add_chat(self, chat: Chat) -> None:
        """Store a chat that was made from something else, and show it."""
        self.save(*chat.turns.values(), chat=chat)
        self.show(chat)

    def add_messages(self, messages: Sequence[ChatMessage]) -> str:
        """Store and show the messages of a file; return the last prompt if nobody answered it."""
        chat, prompt = chat_of_file(messages)
        if chat.turns:
            self.add_chat(chat)
        else:
            self.new()
        return prompt

    def rename(self, title: str) -> None:
        """Change the title."""
        self.chat.title = title
        self.save()
        self.changed.emit()

    def choose_persona(self, persona: str, system_prompt: str) -> None:
        """Let the chat have a system prompt of its own; two empty texts: that of the form."""
        self.chat.persona, self.chat.system_prompt = persona, system_prompt
        if self.chat.turns:  # else stored with the first turn
            self.save()
        self.changed.emit()

    def read_title(self) -> None:
        """Show the title that is stored, which a list changed."""
        chat = self.chat

        def show(infos: tuple[ChatInfo, ...]) -> None:
            title = next((info.title for info in infos if info.id == chat.id), chat.title)
            if title != chat.title:
                chat.title = title
                self.report_change(chat)

        self.documents.run(lambda store: store.chats.list(), show, self._on_failed)

    def delete(self, chat_id: str = "", title: str = "") -> None:
        """Move the open or another chat to the trash, which a button takes back.

        Opens the chat that changed last in place of the open one.
        """
        chat_id, title = chat_id or self.chat.id, title or self.chat.title
        is_open = chat_id == self.chat.id

        def restore() -> None:
            self.documents.run(
                lambda store: store.chats.restore(chat_id),
                lambda _done: self.open(chat_id) if is_open else None,
                self._on_failed,
                changes_list=True,
                is_saving=True,
            )

        self.documents.run(
            lambda store: store.chats.trash(chat_id),
            failed=self._on_failed,
            changes_list=True,
            is_saving=True,
        )
        if is_open:
            self.open_last()
        text = tr("Deleted {title}", title=title or tr("Untitled"))
        self._shared.post_toast(text, tr("Undo"), restore)

    def save(self, *turns: Turn, chat: Chat | None = None, removed: tuple[str, ...] = ()) -> None:
        """Store title, shown versions, changed turns and removals of the shown or another chat."""
        chat = chat or self.chat
        if self._unstored.pop(chat.id, None) is not None:
            turns = tuple(chat.turns.values())
            removed = (*removed, *self._removed.pop(chat.id, ()))
        gone = tuple(one for one in removed if one not in chat.turns)
        copy = msgspec.structs.replace(chat, turns={}, chosen=dict(chat.chosen))

        def keep(error: StudioError) -> None:
            self._unstored[chat.id] = chat
            self._removed.setdefault(chat.id, set()).update(removed)
            self._is_failing = True
            self._retry_timer.start()
            self._on_failed(error)

        def report(_done: object) -> None:
            if self._is_failing and not self._unstored:
                self._is_failing = False
                self.stored.emit()

        self.documents.run(
            lambda store: store.chats.save(copy, turns, gone), report, keep, is_saving=True
        )

    def store_again(self) -> None:
        """Store all of the chats that could not be stored."""
        for chat in list(self._unstored.values()):
            self.save(chat=chat)

    def add(self, chat: Chat, *turns: Turn, job: Job | None = None) -> None:
        """Add turns to a chat and show them; `job`: writes the last one, and is submitted.

        A turn that the chat has already is replaced.
        """
        for turn in turns:
            chat.add(turn)
        self.save(*turns, chat=chat)
        if job is not None:
            self._shared.queue.submit([job])
            self.answers.follow(chat, turns[-1])
        self.report_change(chat)

    def remove(self, chat: Chat, turn: Turn) -> None:
        """Remove a version with all that follows it."""
        removed = chat.remove(turn)
        self.save(chat=chat, removed=tuple(removed))
        self.report_change(chat)

    def report_change(self, chat: Chat) -> None:
        """Emit `changed` if it is the chat that is shown."""
        if chat is self.chat:
            self.changed.emit()

    def _on_answer_grew(self, chat: Chat, turn_id: str, text: str) -> None:
        """Store a part of an answer, which is there if Studio is killed before the rest."""
        if turn := chat.turns.get(turn_id):
            self.save(msgspec.structs.replace(turn, text=text), chat=chat)

    def _on_answer_ended(self, chat: Chat, turn_id: str, _failure: str) -> None:
        if turn := chat.turns.get(turn_id):
            self.save(turn, chat=chat)

    def _on_failed(self, error: StudioError) -> None:
        self.is_open = True  # chat, though nothing is stored
        self.failed.emit(error)


def _load_last(store: DocumentStore) -> Chat | None:
    infos = store.chats.list()
    return store.chats.load(infos[0].id) if infos else None
