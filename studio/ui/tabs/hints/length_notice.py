"""What leads on when a text stopped at its token limit."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QPushButton

from studio.core.requests import TextRequest
from studio.core.translation import tr
from studio.models.card import ModelCard
from studio.preflight.tokens import longer_limit
from studio.ui.widgets.factory import button


def ways_on(
    card: ModelCard | None,
    request: TextRequest,
    tokens: int,
    generate_longer: Callable[[int], None],
    go_on: Callable[[], None],
) -> list[QPushButton]:
    """Return buttons that generate again with a higher limit, or let the model continue.

    `tokens`: those of the prompt. A model that takes no more tokens and does not continue has none.
    """
    buttons = []
    longer = longer_limit(request, card, tokens)
    if longer > request.max_new_tokens:
        text = tr("Generate again with {tokens:,} tokens", tokens=longer)
        tip = tr("Raise the limit; the same seed gives the same beginning")
        buttons.append(button(text, tip, lambda: generate_longer(longer), "retry"))
    if card is not None and not card.chat and not card.encoder_decoder:
        tip = tr("Put the text into the prompt, and generate")
        buttons.append(button(tr("Continue from here"), tip, go_on))
    return buttons
