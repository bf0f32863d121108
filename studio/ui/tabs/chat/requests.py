"""The requests that a chat makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.core.errors import StudioError
from studio.core.requests import TextRequest
from studio.core.translation import tr
from studio.documents.chat import Chat, Turn
from studio.models.card import ModelCard, request_for


def answer_request(
    card: ModelCard,
    values: Mapping[str, Any],
    chat: Chat,
    question: Turn,
    continued: Turn | None = None,
) -> TextRequest:
    """Return the request for the answer to a turn. Raises InvalidRequestError or StudioError.

    `values`: those of the form. `continued`: an answer whose text the result begins with.
    """
    if continued is not None and card.encoder_decoder:
        raise StudioError(
            tr("{model} cannot continue an answer.", model=card.name),
            cause="invalid",
            cure=tr("Choose a chat model, or regenerate the answer."),
        )
    before = chat.messages_before(question.parent) if question.parent else ()
    prefix = continued.text if continued is not None else ""
    if not card.chat and not before:  # its result begins with the prompt
        prefix = prefix.removeprefix(question.text)
    own = {"messages": before, "prompt": question.text, "mode": "chat", "prefix": prefix}
    request = request_for(card, {**values, **own, "num_return_sequences": 1})
    assert isinstance(request, TextRequest)
    return request
