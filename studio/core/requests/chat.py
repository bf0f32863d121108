"""The earlier turns of a chat, which a text request answers with them in view."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

import msgspec

from studio.core.errors import Problem, StudioError
from studio.core.translation import tr

MAX_MESSAGES = 2_000
MAX_CHAT_CHARACTERS = 2_000_000
"""Of all messages together."""
_INVALID = re.compile("[\0\ud800-\udfff]")
Role = Literal["user", "assistant"]


class ChatMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """What one side wrote, in the form of the libraries' chat templates."""

    role: Role
    content: str


class ChatFile(NamedTuple):
    """A chat as a file has it."""

    system_prompt: str
    messages: tuple[ChatMessage, ...]
    """The turns in their order, the last one included."""


class _FileMessage(msgspec.Struct, forbid_unknown_fields=True):
    role: Literal["system", "user", "assistant"]
    content: str


_FILE = msgspec.json.Decoder(tuple[_FileMessage, ...])


def check_messages(messages: tuple[ChatMessage, ...]) -> list[Problem]:
    """Return what is wrong with the turns before a prompt, which take turns, the user first."""
    if not messages:
        return []
    if len(messages) > MAX_MESSAGES:
        return [_problem(tr("has more than {limit} entries", limit=MAX_MESSAGES))]
    if sum(len(message.content) for message in messages) > MAX_CHAT_CHARACTERS:
        return [_problem(tr("is longer than {limit:,} characters", limit=MAX_CHAT_CHARACTERS))]
    if any(_INVALID.search(message.content) for message in messages):
        return [_problem(tr("contains characters that are not valid text"))]
    roles = [message.role for message in messages]
    # templates of Llama 2, Gemma and Mistral refuse anything else
    if len(roles) % 2 or roles != ["user", "assistant"] * (len(roles) // 2):
        return [_problem(tr("must be of user and assistant in turn, the user first"))]
    if not all(message.content.strip() for message in messages if message.role == "user"):
        return [_problem(tr("has an empty entry"))]
    return []


def _problem(sentence: str) -> Problem:
    return Problem("messages", sentence)


def read_chat_file(data: bytes, name: str) -> ChatFile:
    """Decode a JSON list of messages, the system prompt first if it has one.

    Raises StudioError if it is something else.
    """
    try:
        found = _FILE.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(tr("{name} is no chat: {error}.", name=name, error=error)) from error
    system = found[0].content if found and found[0].role == "system" else ""
    turns = found[1:] if found and found[0].role == "system" else found
    messages: list[ChatMessage] = []
    for message in turns:
        if message.role == "system":
            raise _unreadable(tr("{name}: only the first message can be of system.", name=name))
        messages.append(ChatMessage(message.role, message.content))
    if not messages:
        raise _unreadable(tr("{name} has no messages.", name=name))
    return ChatFile(system, tuple(messages))


def holds_chat(data: bytes) -> bool:
    """Return whether a file's content is a JSON list that begins with a message."""
    try:
        found = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    first = found[0] if isinstance(found, list) and found else None
    return isinstance(first, dict) and first.keys() >= {"role", "content"}


def _unreadable(message: str) -> StudioError:
    cure = tr("Write a JSON list of messages, each with a role (user or assistant) and content.")
    return StudioError(message, cause="invalid", cure=cure)
