"""Chooses the model that writes a guided task, where a user names none."""

from __future__ import annotations

import re
from collections.abc import Callable

from studio.core.errors import StudioError
from studio.models.card import ModelCard
from studio.text_checks.length import HAN
from studio.text_tasks.requests import TaskInput, read_values
from studio.text_tasks.task import Task

FindCard = Callable[[str, str], ModelCard]
"""(kind, name or empty) → card; raises StudioError."""
_HAN = re.compile(rf"[{HAN}]")


def find_writer(task: Task, inputs: TaskInput, find_card: FindCard) -> ModelCard:
    """Return the task's specialist for the values, else the default model.

    Raises StudioError without a model, and InvalidRequestError for invalid values.
    """
    return find_specialist(task, inputs, find_card) or find_card("text", "")


def find_specialist(task: Task, inputs: TaskInput, find_card: FindCard) -> ModelCard | None:
    """Return the model that writes these values better than larger ones, or None.

    Raises InvalidRequestError for invalid values.
    """
    special = task.specialist
    if not special:
        return None
    values = read_values(task, inputs)
    if values.language != special.language:
        return None
    if special.language == "zh" and not _HAN.search(inputs.prompt):
        return None
    if any(values.texts[name] not in found for name, found in special.choices.items()):
        return None
    try:
        return find_card("text", special.model)
    except StudioError:  # not part of this installation
        return None
