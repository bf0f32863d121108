"""Rows of a batch file that name a guided task: their values become the task's request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.core.errors import InvalidRequestError, Problem, StudioError
from studio.core.requests import TextRequest, build_request
from studio.core.requests.base import MAX_PROMPT_CHARACTERS
from studio.core.translation import tr
from studio.models.card import ModelCard
from studio.text_tasks.loader import LANGUAGE
from studio.text_tasks.model_prompts.specialist import FindCard, find_writer
from studio.text_tasks.requests import TaskInput, read_count, read_fix, request_values
from studio.text_tasks.task import Task

COLUMN = "task"
FIX = "fix"
MAX_CACHED = 10_000
"""Names of tasks that are cached."""

FindTask = Callable[[str], Task]
"""Name → task; raises StudioError."""


@dataclass
class RowTasks:
    """The tasks of one file's rows. Each task's file is read once."""

    find_task: FindTask
    _found: dict[str, Task | StudioError] = field(default_factory=dict)

    def name_of(self, kind: str, settings: Mapping[str, Any]) -> str:
        """Return the name of a row's task, or "" for none; only texts have tasks."""
        return str(settings.get(COLUMN) or "").strip() if kind == "text" else ""

    def fields_of(self, name: str) -> tuple[str, ...]:
        """Return the columns of a task: its fields, and how often its texts are corrected.

        Raises InvalidRequestError for an unknown task.
        """
        return (*(known.name for known in self._task(name).field), FIX)

    def values_for(self, values: Mapping[str, Any], card: ModelCard) -> dict[str, Any]:
        """Return the values of a request: those of the row's task, if it names one.

        A row's own settings take precedence over the task's. Raises InvalidRequestError.
        """
        values = dict(values)
        name = str(values.pop(COLUMN, "") or "").strip()
        if not name:
            return values
        task = self._task(name)
        prompt = _read_prompt(task, values.pop("prompt", None), values.pop(task.main.name, None))
        count = read_count(values.pop("num_return_sequences", None))
        fix = read_fix(values.pop(FIX, None))
        known = TextRequest.__struct_fields__
        inputs = TaskInput(
            prompt=prompt,
            fields={name: value for name, value in values.items() if name not in known},
            candidates=count,
            fix=fix,
            settings={name: value for name, value in values.items() if name in known},
        )
        return request_values(task, inputs, card)

    def card_for(self, values: Mapping[str, Any], model: str, find_card: FindCard) -> ModelCard:
        """Return the model of a row; `model` is the one that it names, or "".

        Raises StudioError and InvalidRequestError.
        """
        name = str(values.get(COLUMN) or "").strip()
        if not name or model:
            return find_card("text", model)
        task = self._task(name)
        prompt = str(values.get("prompt") or values.get(task.main.name) or "")
        known = {field.name: values[field.name] for field in task.field if field.name in values}
        inputs = TaskInput(prompt=prompt, fields={**known, task.main.name: prompt})
        if LANGUAGE in values:
            inputs.fields[LANGUAGE] = values[LANGUAGE]
        return find_writer(task, inputs, find_card)

    def _task(self, name: str) -> Task:
        found = self._found.get(name)
        if found is None:
            try:
                found = self.find_task(name)
            except StudioError as error:
                found = error
            if len(self._found) < MAX_CACHED:
                self._found[name] = found
        if isinstance(found, StudioError):
            message = f"{found.message} {found.cure}".strip()
            raise InvalidRequestError([Problem(COLUMN, message)])
        return found


def _read_prompt(task: Task, prompt: Any, text: Any) -> str:
    """Return the value of the column `prompt`, or `text` of the task's first field."""
    if prompt and text:
        column = repr(task.main.name)
        message = tr("is set by {column} and by another column", column=column)
        raise InvalidRequestError([Problem("prompt", message)])
    value = prompt or text or ""
    if task.parts and isinstance(value, str) and len(value) > MAX_PROMPT_CHARACTERS:
        return value  # a document; `read_values` checks its length
    request = build_request(TextRequest, {"prompt": value})
    return request.prompt
