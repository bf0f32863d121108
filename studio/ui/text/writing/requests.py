"""What a model is asked to write into a document: a continuation, or a task for a part of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from studio.core.errors import InvalidRequestError
from studio.core.requests import TextRequest
from studio.core.requests.base import MAX_PROMPT_CHARACTERS
from studio.documents.pending import Pending, Placement
from studio.models.card import ModelCard, request_for
from studio.preflight.tokens import count_tokens
from studio.text_tasks.requests import TaskInput, build_requests
from studio.text_tasks.task import Task

SPARE_TOKENS = 16
"""For the template of a chat model."""
_WORD_CHARACTERS = 40
"""A text that begins within a word loses the rest of it, up to this many characters."""


class Writing(msgspec.Struct, frozen=True, kw_only=True):
    """A request with the place of its text in the document."""

    request: TextRequest
    placement: Placement
    start: int
    end: int
    """The part that is replaced; an empty one for a text that is inserted."""
    skipped: int = 0
    """Characters at the beginning of the text that the model does not read."""


def writing_of(pending: Pending, start: int, end: int) -> Writing | None:
    """Return what an undecided text was asked for with, if that is known."""
    if pending.request is None:
        return None
    return Writing(request=pending.request, placement=pending.placement, start=start, end=end)


def continuation(text: str, place: int, card: ModelCard, values: Mapping[str, Any]) -> Writing:
    """Return the request that goes on from a place. Raises InvalidRequestError.

    `values`: those of the form. A text that the model cannot hold loses its beginning.
    """
    before = _from_word(text[:place], MAX_PROMPT_CHARACTERS)
    wanted = int(values.get("max_new_tokens") or 0)
    if card.max_positions:
        before = _last_part(before, card, card.max_positions - wanted - SPARE_TOKENS)
    request = request_for(
        card,
        {
            **values,
            "prompt": before,
            "mode": "complete",
            "prefix": "",
            "num_beams": 1,
            "num_return_sequences": 1,
        },
    )
    assert isinstance(request, TextRequest)
    return Writing(
        request=request,
        placement="continue",
        start=place - (len(before) - len(before.rstrip(" \t"))),  # the model writes a blank itself
        end=place,
        skipped=place - len(before),
    )


def _last_part(text: str, card: ModelCard, limit: int) -> str:
    """Return the end of a text that has at most `limit` tokens, from the begin of a word."""
    while text and (tokens := count_tokens(card, text)) is not None and tokens > limit:
        keep = int(len(text) * max(0, limit) / tokens * 0.95)
        text = _from_word(text, keep)
    return text


def _from_word(text: str, most: int) -> str:
    """Return the end of a text, of at most this many characters, from the begin of a word."""
    if len(text) <= most:
        return text
    text = text[len(text) - most :]
    blank = text.find(" ", 0, _WORD_CHARACTERS)
    return text[blank + 1 :]


def task_writing(
    task: Task,
    text: str,
    part: tuple[int, int],
    fields: Mapping[str, Any],
    card: ModelCard,
    seed: int | None,
) -> Writing:
    """Return the request of a task for a part of a text. Raises InvalidRequestError.

    Blanks around the part stay as they are.
    """
    start, end = part if part[0] < part[1] else (0, len(text))
    chosen = text[start:end]
    start += len(chosen) - len(chosen.lstrip())
    end = start + len(chosen.strip())
    inputs = TaskInput(
        prompt=text[start:end],
        fields=dict(fields),
        settings={} if seed is None else {"seed": seed},
    )
    requests = build_requests(task, inputs, card)
    placement: Placement = "above" if task.name == "title" else "replace"
    if placement == "above":
        end = start
    return Writing(request=requests[0], placement=placement, start=start, end=end)


def problem_text(error: InvalidRequestError) -> str:
    """Return the first problem of a request as a sentence."""
    problem = error.problems[0]
    return f"{problem.field}: {problem.message}"
