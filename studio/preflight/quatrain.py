"""Checks a request for the starter poem model, which writes Chinese quatrains only."""

from __future__ import annotations

import re

from studio.core.errors import Problem
from studio.core.requests import TextRequest
from studio.core.translation import tr
from studio.models.card import ModelCard
from studio.text_checks.length import HAN
from studio.text_tasks.model_prompts.quatrain.layout import FORMS
from studio.text_tasks.model_prompts.quatrain.subject import describe_subject, read_lexicon

_HAN = re.compile(rf"[{HAN}]")
_FIVE = re.compile("五言|五绝")


def form_of(request: TextRequest) -> str:
    """Return the form that is asked for: the task's, else the one that the prompt names."""
    if request.task is not None:
        return request.task.value("form")
    five, seven = FORMS
    return five if _FIVE.search(request.prompt) else seven


def check_quatrain(card: ModelCard, request: TextRequest) -> Problem | None:
    """Return why the model cannot write what is asked for, or None."""
    forms = tr(", ", context="list").join(FORMS)
    is_other_task = request.task is not None and request.task.name != card.only_task
    if is_other_task or form_of(request) not in FORMS:
        return Problem("model", tr("{title} writes {forms} only", title=card.title, forms=forms))
    if request.messages or (request.task is not None and request.task.draft):
        return Problem(
            "model", tr("{title} writes new poems only; choose a chat model", title=card.title)
        )
    if not _HAN.search(request.prompt):
        return Problem("prompt", tr("{title} needs a subject in Chinese", title=card.title))
    return None


def describe_quatrain(card: ModelCard, request: TextRequest) -> str:
    """Return how the model reads the subject, as text for a person."""
    return describe_subject(request.prompt, read_lexicon(card.folder))
