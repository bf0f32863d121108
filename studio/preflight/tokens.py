"""Counts a prompt's tokens without torch, while the user types and before a job is submitted."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studio.core.errors import Problem
from studio.core.requests import MAX_NEW_TOKENS, TextRequest
from studio.core.requests.chat import ChatMessage
from studio.core.translation import tr
from studio.models.card import ModelCard

TOKENIZER_FILE = "tokenizer.json"
MESSAGE_TOKENS = 5
"""Tokens that chat templates put around a message, about."""


def count_tokens(
    card: ModelCard, prompt: str, system_prompt: str = "", messages: Sequence[ChatMessage] = ()
) -> int | None:
    """Return the number of tokens; None if only the loaded model could count them.

    `messages`: the turns of a chat before the prompt.
    """
    path = card.folder / TOKENIZER_FILE
    if not card.path or not path.is_file():
        return None
    tokenizer = _read(path, path.stat().st_mtime_ns)
    count = len(tokenizer.encode(prompt, add_special_tokens=not card.chat).ids)
    if card.chat and system_prompt.strip():
        count += len(tokenizer.encode(system_prompt, add_special_tokens=False).ids)
    for message in messages:
        count += len(tokenizer.encode(message.content, add_special_tokens=False).ids)
        count += MESSAGE_TOKENS
    return count + card.template_tokens


@functools.lru_cache(maxsize=4)
def _read(path: Path, _changed: int) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    return tokenizer


def too_long(
    tokens: int, max_new_tokens: int, limit: int, *, encoder_decoder: bool = False
) -> str | None:
    """Return why the prompt is too long, as a sentence with the numbers; None if it fits."""
    if not limit:
        return None
    if tokens > limit or (not encoder_decoder and tokens == limit):
        return tr(
            "The prompt has {tokens:,} tokens; the model takes {limit:,}, including new ones.",
            tokens=tokens,
            limit=limit,
        )
    if not encoder_decoder and tokens + max_new_tokens > limit:
        return tr(
            "The prompt has {tokens:,} tokens; with {max_new_tokens:,} new ones that is "
            "more than the model's {limit:,}.",
            tokens=tokens,
            max_new_tokens=max_new_tokens,
            limit=limit,
        )
    return None


def check_length(
    card: ModelCard, request: TextRequest, tokens: int | None = None
) -> Problem | None:
    """Return why the request is too long for the model; None if it fits or the length is unknown.

    Counts the tokens of the prompt if `tokens` is None.
    """
    if not card.max_positions or (request.task is not None and request.task.takes_steps):
        return None  # a task with parts reads a text of any length
    if tokens is None:
        prompt = request.prompt + request.prefix
        tokens = count_tokens(card, prompt, request.system_prompt, request.messages)
    if tokens is None:
        return None
    sentence = too_long(
        tokens, request.max_new_tokens, card.max_positions, encoder_decoder=card.encoder_decoder
    )
    return Problem("prompt", sentence) if sentence else None


def longer_limit(request: TextRequest, card: ModelCard | None, tokens: int) -> int:
    """Return twice a request's token limit, as far as field and model allow.

    `tokens`: those of the prompt.
    """
    longer = min(2 * request.max_new_tokens, MAX_NEW_TOKENS)
    if card is None or not card.max_positions or card.encoder_decoder:
        return longer
    return min(longer, card.max_positions - tokens)
