"""Reads weights, BREAK and tags in the prompts of an image, as far as its model can use them."""

from __future__ import annotations

import msgspec

from studio.core.errors import Problem, StudioError
from studio.core.requests import ImageRequest
from studio.core.requests.prompt_syntax.weights import (
    PromptError,
    ReadPrompt,
    has_breaks,
    has_weights,
    read_prompt,
)
from studio.core.translation import tr
from studio.models.capabilities import reads_breaks, reads_weights
from studio.models.card import ModelCard
from studio.preflight.prompt_translation import prepare

PROMPTS = ("prompt", "negative_prompt")


def read_for(prompt: str, card: ModelCard) -> ReadPrompt:
    """Return a prompt as the model reads it. Raises PromptError if it cannot read it so."""
    if "BREAK" in prompt and not reads_breaks(card) and has_breaks(prompt):
        raise PromptError(tr("{title} reads a prompt as a whole: remove BREAK.", title=card.title))
    if reads_weights(card):
        return read_prompt(prompt)
    if has_weights(prompt):
        raise PromptError(
            tr(
                "{title} knows no weights such as (word:1.2): remove them, or describe what "
                "matters in words.",
                title=card.title,
            )
        )
    return read_prompt(prompt, weights=False)


def translated(read: ReadPrompt, card: ModelCard) -> ReadPrompt:
    """Return the prompt in words that the model knows; see `prompt_translation`.

    Raises StudioError if the model can read none of it.
    """
    if not card.translate_prompts or read.is_plain:
        plain = prepare(read.text, card)
        if plain == read.text:
            return read
        piece = msgspec.structs.replace(read.chunks[0][0], text=plain)
        return msgspec.structs.replace(read, chunks=((piece,),))
    return msgspec.structs.replace(
        read,
        chunks=tuple(
            tuple(
                msgspec.structs.replace(piece, text=_translated(piece.text, card))
                for piece in chunk
            )
            for chunk in read.chunks
        ),
    )


def _translated(text: str, card: ModelCard) -> str:
    """Return a part of a prompt in words that the model knows, with the spaces around it."""
    core = text.strip()
    if not any(letter.isalnum() for letter in core):
        return text
    start = len(text) - len(text.lstrip())
    end = len(text.rstrip())
    return text[:start] + prepare(core, card) + text[end:]


def check_prompts(card: ModelCard, request: ImageRequest) -> Problem | None:
    """Return why the model cannot read the request's prompts; None if it can."""
    if request.style_preset and card.translate_prompts:
        return Problem("style_preset", tr("{model} knows no styles.", model=card.title))
    for name, text in zip(PROMPTS, request.styled_prompts, strict=True):
        try:
            read_for(text, card)
        except PromptError as error:
            return Problem(name, str(error))
    return None


def words_of(prompt: str, card: ModelCard) -> str:
    """Return the words of a prompt, without its syntax if that can be read."""
    try:
        return read_for(prompt, card).text
    except (PromptError, StudioError):
        return prompt
