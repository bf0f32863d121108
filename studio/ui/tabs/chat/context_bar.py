"""Shows how much of a model's context a chat takes."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from studio.core.requests.chat import ChatMessage
from studio.core.translation import tr
from studio.models.card import ModelCard
from studio.preflight.tokens import count_tokens
from studio.ui import background
from studio.ui.widgets.factory import label, name_control

BAR_WIDTH = 120


@dataclass(frozen=True)
class Context:
    """What a model would read for the next answer."""

    card: ModelCard
    prompt: str
    system_prompt: str
    messages: tuple[ChatMessage, ...]
    max_new_tokens: int


class ContextBar(QWidget):
    """Counts in the background; hidden while the count is unknown."""

    def __init__(self) -> None:
        super().__init__()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(BAR_WIDTH)
        name_control(self.bar, tr("Context"), tr("The part of the model's context that is used"))
        self.count = label("", "muted")
        self.advice = label("", "muted", wrap=True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.bar)
        layout.addWidget(self.count)
        layout.addWidget(self.advice, 1)
        self._next: Context | None = None
        """The newest one, to count when the running count is over."""
        self._is_counting = False
        self.hide()

    def show_context(self, context: Context | None) -> None:
        """Count the tokens of a context; of several in a row only the newest is shown."""
        self._next = context
        if not self._is_counting:
            self._count()

    def _count(self) -> None:
        context, self._next = self._next, None
        if context is None or not context.card.max_positions:
            self.hide()
            return
        self._is_counting = True
        background.run(
            self,
            lambda: count_tokens(
                context.card, context.prompt, context.system_prompt, context.messages
            ),
            lambda tokens: self._on_counted(context, tokens),
            lambda _error: self._on_counted(context, None),
        )

    def _on_counted(self, context: Context, tokens: int | None) -> None:
        self._is_counting = False
        if self._next is not None:
            self._count()
            return
        self.setVisible(tokens is not None)
        if tokens is None:
            return
        limit = context.card.max_positions
        self.bar.setRange(0, limit)
        self.bar.setValue(min(tokens, limit))
        self.count.setText(tr("{tokens:,} of {limit:,} tokens", tokens=tokens, limit=limit))
        is_full = tokens + context.max_new_tokens > limit
        self.advice.setText(tr("No room for the whole answer.") if is_full else "")
        self.advice.setVisible(is_full)
