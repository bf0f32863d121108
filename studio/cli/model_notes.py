"""Notes on standard error about a text model that is not up to its prompt, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.cli import output
from studio.cli.context import Context
from studio.core.errors import InvalidRequestError, StudioError
from studio.core.requests import SpeechRequest, resolve_files
from studio.core.requests.base import build_request
from studio.core.requests.prompt_syntax import pronunciations
from studio.core.translation import current_language, tr
from studio.models.card import ModelCard
from studio.models.larger import LANGUAGES, offer_for
from studio.preflight.prompt_language import describe_gap, language_gap, model_that_knows
from studio.text_tasks.task import Task

MEGABYTE = 10**6


def language_note(context: Context, card: ModelCard, prompt: str) -> str:
    """Return that the model does not know the prompt's language, and which one does, or ""."""
    language = language_gap(card, prompt)
    if not language:
        return ""
    known = model_that_knows(language, _installed(context))
    cure = _choose(known) if known is not None else _fetch(context, language)
    return f"{describe_gap(card, language)} {cure}".strip()


def task_note(context: Context, card: ModelCard, task: Task) -> str:
    """Return that the model is too small for a guided task, and which one is not, or "".

    Of the task's specialist: that it writes, and how to choose another.
    """
    if card.only_task:
        return tr("Written by {title}; --model NAME chooses another model.", title=card.title)
    if not task.is_too_small(card.parameters):
        return ""
    large = [one for one in _installed(context) if one.parameters >= task.min_parameters]
    cure = (
        _choose(large[0]) if large else _fetch(context, current_language()[:2], task.min_parameters)
    )
    problem = tr(
        "{title} is too small for this task; expect mistakes.",
        title=card.title,
    )
    return f"{problem} {cure}".strip()


def _installed(context: Context) -> Sequence[ModelCard]:
    return [] if context.fake else context.registry.of_kind("text")


def _choose(card: ModelCard) -> str:
    return tr("--model {name} chooses {title}.", name=card.name, title=card.title)


def _fetch(context: Context, language: str, min_parameters: int = 0) -> str:
    """Return the command that fetches a larger model, or "" if none fits or is up to it."""
    if language not in LANGUAGES:
        return ""
    try:
        offer = offer_for(context.data, language)
    except StudioError:  # none fits; the note is enough
        return ""
    if offer.parameters < min_parameters:
        return ""
    return tr(
        "`studio models install larger` fetches {title} ({size} MB).",
        title=offer.title,
        size=round(offer.download / MEGABYTE),
    )


def show_reading(context: Context, values: Mapping[str, Any]) -> int:
    """Print the words that the chosen voice reads; return the exit code."""
    from studio.speech_text.reading import read_as

    try:
        card = context.find_card("speech", str(values.get("model") or ""))
        request = build_request(
            SpeechRequest, resolve_files(SpeechRequest, {**values, "model": ""}, Path.cwd())
        )
    except (StudioError, InvalidRequestError) as error:
        output.explain(error)
        return output.WRONG
    assert isinstance(request, SpeechRequest)
    entries = pronunciations.parse(request.dictionary)
    output.result(read_as(request.prompt, card.languages or ("en", "zh"), entries))
    return output.DONE
