"""What a person entered in the form of a guided task, as drafts and presets keep it."""

from __future__ import annotations

from typing import Any

import msgspec

from studio.core.requests.story import Story


class TaskEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A task and the values of its form."""

    name: str
    values: dict[str, str] = {}
    """Field → its value; without fields that have their default."""
    language: str = ""
    """en or zh; empty if it follows the text."""
    fix: int = 0
    story: Story | None = None
    """The story so far, for the task that writes one."""


def convert_entry(value: Any) -> TaskEntry | None:
    """Return the entry in a preset or a draft; None if it is not valid."""
    try:
        return msgspec.convert(value, TaskEntry) if value else None
    except msgspec.ValidationError:
        return None


def shared_entry(entry: TaskEntry) -> dict[str, Any]:
    """Return an entry for a preset: without the story so far."""
    found: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(entry, story=None))
    return found
