"""A chat as a tree of turns: each has versions next to it, of which one is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from studio.core.jobs import new_id
from studio.core.requests.chat import ChatMessage, Role
from studio.documents.document import clean_title
from studio.text_checks.language import detect_language

ROOT = ""
"""The parent of first turns."""
SUMMARY = "summary:"
"""With the id of a turn: the parent of the summary of the turns up to that one."""
SUMMARY_PROMPT = "Summarize our conversation so far."  # not translated: text for the model
CHINESE_SUMMARY_PROMPT = "请总结我们到目前为止的对话。"
"""What the model reads before a summary, because a user's turn comes first."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What one side wrote."""

    id: str
    parent: str
    """Id of the turn before it, or ROOT."""
    role: Role
    text: str
    job: str = ""
    """Id of the job that wrote it; empty for a person's text."""
    finish: str = ""
    """Why the answer ended (`finish_reason`); empty while it is written, or for a person's text."""


class Chat(msgspec.Struct, kw_only=True):
    """A chat with all versions of its turns."""

    id: str
    title: str = ""
    turns: dict[str, Turn] = {}
    """Id → turn, in the order in which they were added."""
    chosen: dict[str, str] = {}
    """Id of a turn, or ROOT → the version that follows it."""
    persona: str = ""
    """Title of the preset that its system prompt is from; empty if it has none of its own."""
    system_prompt: str = ""
    """Of a chat with a persona, as it was when the persona was chosen."""

    def path(self) -> list[Turn]:
        """Return the turns that are shown, from the first to the last."""
        found: list[Turn] = []
        following = self.chosen.get(ROOT, "")
        while following in self.turns:
            found.append(self.turns[following])
            following = self.chosen.get(following, "")
        return found

    def versions(self, turn: Turn) -> list[Turn]:
        """Return the versions of a turn, itself included, the oldest first."""
        return [
            one
            for one in self.turns.values()
            if one.parent == turn.parent and one.role == turn.role
        ]

    def all_versions(self) -> dict[tuple[str, Role], list[str]]:
        """Return the ids of all versions of each turn by (parent, role), the oldest first."""
        found: dict[tuple[str, Role], list[str]] = {}
        for one in self.turns.values():
            found.setdefault((one.parent, one.role), []).append(one.id)
        return found

    def add(self, turn: Turn) -> None:
        """Add a turn or a version of one, and show it."""
        self.turns[turn.id] = turn
        self.chosen[turn.parent] = turn.id

    def replace(self, turn: Turn) -> None:
        """Change a turn in its place."""
        self.turns[turn.id] = turn

    def remove(self, turn: Turn) -> list[str]:
        """Remove a version with all that follows it; return the ids of what was removed.

        Shows the version before it, if there is one.
        """
        others = [one.id for one in self.versions(turn)]
        place = others.index(turn.id)
        others.remove(turn.id)
        if others:
            self.chosen[turn.parent] = others[max(0, place - 1)]
        else:
            self.chosen.pop(turn.parent, None)
        removed = [turn.id]
        for parent in removed:  # grows while children are found
            parents = (parent, SUMMARY + parent)
            removed += [one.id for one in self.turns.values() if one.parent in parents]
        for one in removed:
            self.turns.pop(one)
            self.chosen.pop(one, None)
            self.chosen.pop(SUMMARY + one, None)
        return removed

    def show_turn(self, turn_id: str) -> None:
        """Choose the versions that lead to a turn."""
        turn = self.turns.get(turn_id)
        while turn is not None:
            self.chosen[turn.parent] = turn.id
            turn = self.turns.get(turn.parent.removeprefix(SUMMARY))

    def summary(self, turn: Turn) -> Turn | None:
        """Return the summary of the turns up to this one; it may be incomplete."""
        return self.turns.get(self.chosen.get(SUMMARY + turn.id, ""))

    def summarized(self) -> tuple[Turn, Turn] | None:
        """Return the last shown turn that has a complete summary, and the summary."""
        for turn in reversed(self.path()):
            found = self.summary(turn)
            if found is not None and found.finish and found.text.strip():
                return turn, found
        return None

    def messages_before(self, turn_id: str) -> tuple[ChatMessage, ...]:
        """Return the messages up to a shown turn, which is the last one of them.

        A complete summary takes the place of the turns that it sums up.
        """
        messages: list[ChatMessage] = []
        for turn in self.path():
            messages.append(ChatMessage(turn.role, turn.text))
            found = self.summary(turn)
            if found is not None and found.finish and found.text.strip():
                asked = " ".join(one.content for one in messages if one.role == "user")
                is_chinese = detect_language(asked) == "zh"
                prompt = CHINESE_SUMMARY_PROMPT if is_chinese else SUMMARY_PROMPT
                messages = [ChatMessage("user", prompt), ChatMessage("assistant", found.text)]
            if turn.id == turn_id:
                break
        return tuple(messages)


class ChatInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A chat in a list."""

    id: str
    title: str
    changed: float
    """Unix time in seconds."""
    turns: int = 0
    """All versions, without summaries."""


class TurnPlace(NamedTuple):
    """Where a turn is."""

    chat: str
    """Id of the chat."""
    turn: str
    """Id of the turn."""


def new_chat() -> Chat:
    """Return an empty chat."""
    return Chat(id=new_id())


def new_turn(parent: str, role: Role, text: str, *, job: str = "") -> Turn:
    """Return a turn that follows another one."""
    return Turn(id=new_id(), parent=parent, role=role, text=text, job=job)


def title_from(text: str) -> str:
    """Return a chat's title from its first prompt."""
    return clean_title(text.strip().split("\n")[0][:60])


def chat_from(messages: Sequence[ChatMessage], answer: Turn) -> Chat:
    """Return a chat of messages, of which `answer` answers the last one."""
    chat, parent = new_chat(), ROOT
    for message in messages:
        turn = new_turn(parent, message.role, message.content)
        if message.role == "assistant":
            turn = msgspec.structs.replace(turn, finish="stop")
        chat.add(turn)
        parent = turn.id
    chat.add(msgspec.structs.replace(answer, parent=parent))
    chat.title = title_from(messages[0].content)
    return chat


def chat_of_file(messages: Sequence[ChatMessage]) -> tuple[Chat, str]:
    """Return a file's messages as a chat, and the last prompt if nobody answered it."""
    prompt = messages[-1].content if messages[-1].role == "user" else ""
    answered = messages[:-1] if prompt else messages
    if not answered:
        return new_chat(), prompt
    last = new_turn(ROOT, answered[-1].role, answered[-1].content)
    return chat_from(answered[:-1], msgspec.structs.replace(last, finish="stop")), prompt


def duplicate(chat: Chat, title: str) -> Chat:
    """Return a copy with all versions, whose turns have ids of their own.

    An answer that is being written keeps the text that it has.
    """
    ids = {ROOT: ROOT} | {turn_id: new_id() for turn_id in chat.turns}

    def renamed(parent: str) -> str:
        prefix = SUMMARY if parent.startswith(SUMMARY) else ""
        return prefix + ids[parent.removeprefix(SUMMARY)]

    turns = [
        msgspec.structs.replace(
            turn,
            id=ids[turn.id],
            parent=renamed(turn.parent),
            job="",
            finish="cancelled" if turn.job and not turn.finish else turn.finish,
        )
        for turn in chat.turns.values()
    ]
    return Chat(
        id=new_id(),
        title=clean_title(title),
        turns={turn.id: turn for turn in turns},
        chosen={renamed(parent): ids[turn_id] for parent, turn_id in chat.chosen.items()},
        persona=chat.persona,
        system_prompt=chat.system_prompt,
    )
