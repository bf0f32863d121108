"""Summaries that a chat's model reads in place of older turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QSizePolicy, QVBoxLayout

from studio.core.errors import StudioError
from studio.core.requests import TextRequest
from studio.core.requests.text import CONSTRAINTS
from studio.core.translation import tr, tr_plural
from studio.documents.chat import Chat, Turn
from studio.models.card import ModelCard, request_for
from studio.preflight.tokens import count_tokens
from studio.text_checks.language import detect_language
from studio.ui.widgets.factory import button, label, row

INSTRUCTIONS = {  # not translated: texts for the model
    "en": "Summarize our conversation so far for yourself, so that you can go on without it. Keep "
    "names, numbers, decisions, open questions and what I asked you to observe. Write in the "
    "language of the conversation, in at most 200 words. Write the summary alone.",
    "zh": "请总结我们到目前为止的对话，让你不看原文也能继续。保留姓名、数字、决定、未解决的问题，"
    "以及我要求你遵守的事项。用中文写，不超过300字。只写摘要。",
}
"""Language of the person's turns → what is asked. Small models refuse in another language."""
MAX_TOKENS = 512
"""Of a summary; with a small model a quarter of its context."""
OWN_FIELDS = ("format", "stop", "task", *CONSTRAINTS)
"""Fields of the form that are meant for answers."""


class Summary(NamedTuple):
    """What is asked for a summary."""

    last: Turn
    """The last turn that it takes the place of."""
    request: TextRequest


def summarizable(chat: Chat) -> list[Turn]:
    """Return the answers that a summary can end with, the last first; never the last answer."""
    path = chat.path()
    found = [turn for turn in path[:-1] if turn.role == "assistant" and turn.text.strip()]
    done = chat.summarized()
    if done is not None:
        found = found[[turn.id for turn in found].index(done[0].id) + 1 :]
    return [turn for turn in reversed(found) if turn.id != path[-1].id]


def summary_requests(card: ModelCard, values: Mapping[str, Any], chat: Chat) -> list[Summary]:
    """Return the requests of which the first that fits is made. Raises InvalidRequestError."""
    limit = min(MAX_TOKENS, card.max_positions // 4) if card.max_positions else MAX_TOKENS
    kept = {name: value for name, value in values.items() if name not in OWN_FIELDS}
    written = " ".join(turn.text for turn in chat.path() if turn.role == "user")
    instruction = INSTRUCTIONS["zh" if detect_language(written) == "zh" else "en"]
    found: list[Summary] = []
    for turn in summarizable(chat):
        own = {
            "messages": chat.messages_before(turn.id),
            "prompt": instruction,
            "mode": "chat",
            "prefix": "",
            "max_new_tokens": limit,
            "num_return_sequences": 1,
        }
        request = request_for(card, {**kept, **own})
        assert isinstance(request, TextRequest)
        found.append(Summary(turn, request))
    return found


def choose_summary(card: ModelCard, summaries: Sequence[Summary]) -> Summary:
    """Return the first request that fits the model. Raises StudioError; reads files."""
    for one in summaries:
        request = one.request
        tokens = count_tokens(card, request.prompt, request.system_prompt, request.messages)
        limit = card.max_positions
        if not tokens or not limit or tokens + request.max_new_tokens <= limit:
            return one
    raise StudioError(
        tr("The older turns are too long to summarize."),
        cause="invalid",
        cure=tr("Delete or shorten them, or choose a model that takes more."),
    )


class SummaryView(QFrame):
    """Shows a summary below the turns that it takes the place of."""

    removed = Signal()
    """The model is to read the turns themselves again."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self._count = count
        self.heading = label("", "muted", wrap=True)
        self.text_label = label(wrap=True)
        self.text_label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text_label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.undo_button = button(
            tr("Undo"), tr("Let the model read the turns again"), self._request_removal
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        layout.setSpacing(4)
        layout.addWidget(self.heading)
        layout.addWidget(self.text_label)
        layout.addWidget(row(None, self.undo_button))
        self.setFocusProxy(self.undo_button)

    def _request_removal(self) -> None:
        self.removed.emit()

    def show_text(self, text: str, *, is_complete: bool) -> None:
        """Show what is written of the summary."""
        self.text_label.setText(text)
        self.text_label.setVisible(bool(text))
        self.undo_button.setVisible(is_complete)
        self.heading.setText(
            tr_plural(
                "The model reads this summary in place of the turn above.",
                "The model reads this summary in place of the {count:,} turns above.",
                self._count,
            )
            if is_complete
            else tr("Summarizing the turns above…")
        )
