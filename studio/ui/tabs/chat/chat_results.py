"""Opens a result in the chat that it was written in, or the turns of its recipe as a chat."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import QObject

from studio.core.requests import TextRequest
from studio.core.requests.chat import ChatMessage
from studio.documents.chat import ROOT, Chat, Turn, TurnPlace, chat_from, new_turn
from studio.documents.chat_table import find_turn
from studio.documents.files import read_text_file
from studio.ui import background
from studio.ui.stage.shown_result import ShownResult


class ChatResults(QObject):
    """Looks results up among the chats of the data folder."""

    def __init__(self, path: Path, parent: QObject) -> None:
        """`path`: the SQLite file of documents and chats."""
        super().__init__(parent)
        self._path = path

    def find(
        self,
        result: ShownResult,
        finish: str,
        open_turn: Callable[[TurnPlace], None],
        open_new: Callable[[Chat], None],
        otherwise: Callable[[], None],
    ) -> None:
        """Call one of the functions: a chat has the result, its recipe has turns, or neither.

        `finish`: why the result ended, for a chat that is made of its recipe.
        """
        request = result.request
        if not isinstance(request, TextRequest) or request.task or request.mode != "chat":
            otherwise()
            return
        if not request.messages and not self._path.exists():
            otherwise()
            return

        def receive(found: TurnPlace | Chat | None) -> None:
            if isinstance(found, Chat):
                open_new(found)
            elif found is not None:
                open_turn(found)
            else:
                otherwise()

        path = self._path
        background.run(
            self,
            lambda: find_turn(path, result.job_id) or _chat_of(request, result, finish),
            receive,
            lambda _error: otherwise(),  # which shows what is wrong with the file
        )


def _chat_of(request: TextRequest, result: ShownResult, finish: str) -> Chat | None:
    """Return the turns of a recipe with the result as the last one. Reads the result's file."""
    if not request.messages or not result.path:
        return None
    text = read_text_file(Path(result.path)).text
    answer: Turn = msgspec.structs.replace(
        new_turn(ROOT, "assistant", text, job=result.job_id), finish=finish
    )
    return chat_from((*request.messages, ChatMessage("user", request.prompt)), answer)
