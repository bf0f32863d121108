"""A guided task, as its TOML file describes it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from studio.core.requests.story import StoryPrompts
from studio.core.requests.text_task import CheckName, CleanupName, OmitName, TaskCheck

__all__ = ["CheckName", "CleanupName", "FieldType", "Task", "TaskCheck", "TaskField", "TaskPrompt"]

FieldType = Literal["text", "number", "choice"]


class TaskField(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One value that a task takes. The first field of a task is its prompt."""

    name: str
    title: str
    description: str = ""
    type: FieldType = "text"
    required: bool = False
    default: str | int = ""
    at_least: int | None = None
    at_most: int | None = None
    """Limits of a number, or of a text's characters."""
    choices: tuple[str, ...] = ()
    sets: dict[str, dict[str, int | str]] = {}
    """Choice → another field's value with it, unless the user enters one."""
    wording: dict[str, dict[str, str]] = {}
    """Language → choice → its words in a prompt, where they differ from the choice."""
    only_with: dict[str, tuple[str, ...]] = {}
    """Another field → its choices with which this field counts; a form hides it otherwise."""


class TaskPrompt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The prompts in one language.

    `{name}` stands for a field's value; a line whose fields are all empty is left out.
    """

    chat: str
    """What a chat model is asked."""
    complete: str
    """What a model without chat continues."""
    system: str = ""
    prefix: str = ""
    """How the answer of a chat model begins."""


class TaskParts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model is asked about a document that it reads in parts, in one language.

    `{text}` stands for a part or for sentences, `{count}` for how many sentences are to remain.
    """

    part: str
    group: str
    join: str


class Specialist(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model that writes some texts of a task better than larger ones."""

    model: str
    """The name of its card."""
    language: str
    """Of the main text."""
    choices: dict[str, tuple[str, ...]] = {}
    """Field → the choices with which it writes."""


class Task(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One task."""

    name: str = ""
    """The file's name without its ending; set by the loader."""
    title: str
    description: str = ""
    field: tuple[TaskField, ...]
    prompt: dict[str, TaskPrompt]
    """Language (en, zh) → prompts."""
    generation: dict[str, Any] = {}
    """Request field → value."""
    base_generation: dict[str, Any] = {}
    """The same for models without chat; takes precedence over `generation`."""
    candidates: int = 1
    """Texts that a user gets without asking for a number."""
    overgenerate: float = 1.0
    """How many times as many are generated, so that some can be left out."""
    check: tuple[TaskCheck, ...] = ()
    clean: tuple[CleanupName, ...] = ()
    omit: tuple[OmitName, ...] = ()
    """Sentences that are left out of the texts."""
    adds_facts: bool = False
    """Facts that a text lacks are added in the user's words."""
    fix: int = 0
    """How often the model corrects a text, unless the user gives a number."""
    regex: str = ""
    """What the answer of a chat model matches; `{name}` stands for a number."""
    min_parameters: int = 0
    """Parameters of the smallest model that does this well; 0 for any. Smaller ones get a note."""
    parts: dict[str, TaskParts] = {}
    """Language → prompts; the first field may then be a document of any length."""
    story: dict[str, StoryPrompts] = {}
    """Language → prompts of a story, which is written in steps."""
    specialist: Specialist | None = None
    """Takes the place of the default model for some choices."""
    listed: tuple[str, ...] = ()
    """Choices of the field `form` whose result is a list."""
    extracts: bool = False
    """Without a model, sentences of the source are the result."""

    def is_too_small(self, parameters: int) -> bool:
        """Return whether a model with so many parameters is too small; 0 for an unknown number."""
        return 0 < parameters < self.min_parameters

    @property
    def main(self) -> TaskField:
        """The field that the prompt of the command, or its `--file`, fills in."""
        return self.field[0]
