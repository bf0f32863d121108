"""What a user entered in the form of a guided task, as drafts and recipes restore it."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from studio.core.requests.story import story_size
from studio.core.requests.task_entry import TaskEntry, convert_entry
from studio.core.requests.text_task import TextTask

MAX_DRAFT_CHARACTERS = 250_000
"""Longer texts are not kept in the draft; they are read from a document again."""


class TaskSettings(NamedTuple):
    """What a form sets besides the fields of its task."""

    values: dict[str, Any]
    """Fields of the request that differ from the task's."""
    candidates: int
    """Results that are wanted."""


def entry_of_task(task: TextTask) -> TaskEntry:
    """Return what has to be entered for the task of a request."""
    from studio.text_checks.language import detect_language

    found = detect_language(task.main_text)
    follows = found == task.language or (task.language == "en" and found != "zh")
    return TaskEntry(
        name=task.name,
        values={field.name: field.value for field in task.fields},
        language="" if follows else task.language,
        fix=task.fix,
        story=task.story,
    )


def read_entry(value: Any) -> TaskEntry | None:
    """Return the entry in a form's values or in a draft; None if there is no valid one."""
    if isinstance(value, TaskEntry):
        return value
    return entry_of_task(value) if isinstance(value, TextTask) else convert_entry(value)


def for_draft(entry: TaskEntry) -> dict[str, Any]:
    """Return an entry for the drafts' file."""
    values = {
        name: text for name, text in entry.values.items() if len(text) <= MAX_DRAFT_CHARACTERS
    }
    story = entry.story
    if story is not None and story_size(story) > MAX_DRAFT_CHARACTERS:
        story = None  # the recipe of its last result has it
    kept: dict[str, Any] = msgspec.to_builtins(
        msgspec.structs.replace(entry, values=values, story=story)
    )
    return kept
