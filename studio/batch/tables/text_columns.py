"""Columns of text rows that take the prompt's place: a document, or a chat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from studio.core.errors import InvalidRequestError, Problem, StudioError
from studio.core.paths import input_path
from studio.core.requests.chat import read_chat_file
from studio.core.translation import tr
from studio.documents.files import read_text_file
from studio.documents.formats.catalog import format_of_name, has_document_start
from studio.documents.formats.child.process import read_in_child

DOCUMENT, MESSAGES = "document", "messages"
MAX_CACHED = 20
"""Documents that are kept; many rows may ask about one."""


@dataclass
class TextColumns:
    """Reads the documents and chats of one file's rows."""

    folder: Path
    """The base of relative file names."""
    _texts: dict[Path, str] = field(default_factory=dict)

    def values_for(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row's values with the prompt that a document or chat contains.

        `document`: path of a file whose text is the prompt. `messages`: a chat as JSON; its last
        message is the prompt, unless the row has one. Raises InvalidRequestError.
        """
        found = dict(values)
        document = str(found.pop(DOCUMENT, "") or "").strip()
        chat = found.pop(MESSAGES, None)
        if document:
            if found.get("prompt"):
                raise _invalid(DOCUMENT, tr("cannot be combined with a prompt"))
            found["prompt"] = self._text_of(document)
        if chat:
            _add_chat(found, chat)
        return found

    def _text_of(self, name: str) -> str:
        try:
            path = self.folder.absolute() / input_path(name)
            text = self._texts.get(path)
            if text is None:
                text = _read(path)
        except StudioError as error:
            raise _invalid(DOCUMENT, f"{error.message} {error.cure}".strip()) from error
        if len(self._texts) >= MAX_CACHED:
            self._texts.clear()
        self._texts[path] = text
        if not text:
            raise _invalid(DOCUMENT, tr("{name} contains no text", name=Path(name).name))
        return text


def _read(path: Path) -> str:
    named = format_of_name(path)
    is_plain = named in ("txt", "md") or not (named or has_document_start(path))
    return (read_text_file(path).text if is_plain else read_in_child(path).text).strip()


def _add_chat(values: dict[str, Any], chat: Any) -> None:
    data = chat.encode("utf-8", "replace") if isinstance(chat, str) else msgspec.json.encode(chat)
    try:
        found = read_chat_file(data, MESSAGES)
    except StudioError as error:
        raise _invalid(MESSAGES, f"{error.message} {error.cure}".strip()) from error
    messages = found.messages
    if not values.get("prompt"):
        if messages[-1].role != "user":
            raise _invalid(MESSAGES, tr("ends with an answer, and the row has no prompt"))
        values["prompt"], messages = messages[-1].content, messages[:-1]
    values[MESSAGES] = messages
    if found.system_prompt:
        values["system_prompt"] = values.get("system_prompt") or found.system_prompt


def _invalid(column: str, message: str) -> InvalidRequestError:
    return InvalidRequestError([Problem(column, message)])
