"""Turns a task and a user's values into requests for text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from studio.core.errors import InvalidRequestError, Problem
from studio.core.requests import TextRequest
from studio.core.requests.base import MAX_PROMPT_CHARACTERS
from studio.core.requests.story import Story
from studio.core.requests.text import CONSTRAINTS
from studio.core.requests.text_task import (
    COUNT_PLACE,
    MAX_FIXES,
    TEXT_PLACE,
    FieldValue,
    PartPrompts,
    TextTask,
)
from studio.core.translation import tr
from studio.models.card import ModelCard, request_for
from studio.text_checks.language import detect_language
from studio.text_tasks.loader import LANGUAGE, LANGUAGES, MAX_TEXT
from studio.text_tasks.story import read_step
from studio.text_tasks.task import Task, TaskField, TaskPrompt
from studio.text_tasks.templates import ONE_LESS, fill_lines

MAX_CANDIDATES = 32
"""Of one request."""


class TaskInput(msgspec.Struct, frozen=True, kw_only=True):
    """What a user enters for a task."""

    prompt: str
    """The value of the task's first field."""
    fields: dict[str, Any] = {}
    """Other fields of the task → value, numbers maybe as text."""
    candidates: int = 0
    """Results that are wanted; 0 for the task's own number."""
    fix: int | None = None
    """Times that the model corrects the best text; None: those of the task."""
    """At most so many times, the model corrects the best text while a check fails."""
    story: Story | None = None
    """The story of which a step is written; None to begin one."""
    settings: dict[str, Any] = {}
    """Request field → value; takes precedence over the task's."""


class TaskValues(msgspec.Struct, frozen=True, kw_only=True):
    """The checked values of a task's fields."""

    texts: dict[str, str]
    language: str
    """en or zh: the language of prompt and result."""


def read_values(task: Task, inputs: TaskInput) -> TaskValues:
    """Convert and check the values. Raises InvalidRequestError with all problems."""
    entered = {**inputs.fields, task.main.name: inputs.prompt}
    known = {field.name for field in task.field} | {LANGUAGE}
    problems = [
        Problem(
            str(name)[:40],
            tr(
                "is not a field of the task {task}, which has {fields}",
                task=task.name,
                fields=", ".join(sorted(known)),
            ),
        )
        for name in entered
        if name not in known
    ]
    texts: dict[str, str] = {}
    chosen = _chosen_values(task, entered)
    for field in task.field:
        value = entered.get(field.name)
        if value is None or not str(value).strip():
            value = chosen.get(field.name)
        text = str(field.default if value is None or not str(value).strip() else value).strip()
        if problem := _problem(field, text):
            problems.append(Problem(field.name, problem))
        # Places in a source are counted from its first character, blank or not.
        entire = field.type == "text" and str(value or "").strip()
        texts[field.name] = str(value) if entire else text
    language = str(entered.get(LANGUAGE) or "").strip()
    if language and language not in task.prompt:
        choices = ", ".join(task.prompt)
        problems.append(Problem(LANGUAGE, tr("must be one of {choices}", choices=choices)))
    if problems:
        raise InvalidRequestError(problems)
    found = language or detect_language(inputs.prompt)
    return TaskValues(texts=texts, language=found if found in task.prompt else LANGUAGES[0])


def text_task(task: Task, values: TaskValues, count: int = 0, fix: int | None = None) -> TextTask:
    """Return the task as part of a request; `count` 0 and `fix` None are the task's own."""
    return TextTask(
        name=task.name,
        language=values.language,
        fields=tuple(FieldValue(field.name, values.texts[field.name]) for field in task.field),
        count=count or task.candidates,
        clean=task.clean,
        check=task.check,
        omit=task.omit,
        adds_facts=task.adds_facts,
        fix=task.fix if fix is None else fix,
    )


def correction_request(request: TextRequest, draft: str, times: int) -> TextRequest:
    """Return the request that corrects a text of a task's job, instead of writing a new one.

    `draft`: the text as it is shown, which may have been edited.
    """
    assert request.task is not None
    task = msgspec.structs.replace(request.task, draft=draft, fix=times, count=1)
    return msgspec.structs.replace(request, task=task, num_beams=1, num_return_sequences=1)


def _chosen_values(task: Task, entered: Mapping[str, Any]) -> dict[str, int | str]:
    """Return the values that choices set in other fields."""
    found: dict[str, int | str] = {}
    for field in task.field:
        choice = str(entered.get(field.name) or field.default).strip()
        found |= field.sets.get(choice, {})
    return found


def _problem(field: TaskField, text: str) -> str:
    if field.type == "number":
        low, high = field.at_least or 0, field.at_most or 0  # the loader checks them
        if not text.removeprefix("-").isdecimal() or len(text) > 9 or not low <= int(text) <= high:
            return tr("must be a whole number, {low} to {high}", low=low, high=high)
    elif field.type == "choice" and text not in field.choices:
        return tr("must be one of {choices}", choices=", ".join(field.choices))
    elif field.required and not text:
        return tr("is missing")
    elif len(text) > (field.at_most or MAX_TEXT):
        return tr("is longer than {limit:,} characters", limit=field.at_most or MAX_TEXT)
    return ""


def request_values(task: Task, inputs: TaskInput, card: ModelCard) -> dict[str, Any]:
    """Return the values of the task's request with a model. Raises InvalidRequestError."""
    values = read_values(task, inputs)
    prompt = task.prompt[values.language]
    generation = dict(task.generation)
    if not card.chat:
        generation |= task.base_generation
    wanted = inputs.candidates or task.candidates
    parts = part_prompts(task, values, card)
    texts = _texts(task, prompt, values, card)
    if parts is not None:
        whole = parts.whole.replace(TEXT_PLACE, values.texts[task.main.name].strip())
        texts["prompt"] = _shortened(whole)
    asked = {**texts, **generation, **inputs.settings}
    # Without randomness all texts are equal.
    times = 1.0 if str(asked.get("temperature", "")).strip() in ("0", "0.0") else task.overgenerate
    count = min(MAX_CANDIDATES, math.ceil(wanted * times))
    beams = _beams(asked.get("num_beams"))
    if beams > 1:  # more beams than the task's only for as many results
        asked["num_beams"] = min(MAX_CANDIDATES, max(beams, wanted))
        count = asked["num_beams"]
    if task.regex and card.chat and beams == 1 and not any(map(asked.get, CONSTRAINTS)):
        less = ONE_LESS.sub(lambda found: str(int(values.texts[found[1]]) - 1), task.regex)
        asked["regex"] = fill(task, less, values)
    made = text_task(task, values, wanted, inputs.fix)
    made = msgspec.structs.replace(
        made, parts=parts, story_prompts=task.story.get(values.language), story=inputs.story
    )
    if task.story:
        read_step(made.value("step"), made.story)
    return {**asked, "num_return_sequences": count, "task": made}


def part_prompts(task: Task, values: TaskValues, card: ModelCard) -> PartPrompts | None:
    """Return what a model is asked about the parts of a document; None if it is read whole."""
    if not task.parts:
        return None
    texts = {**values.texts, task.main.name: TEXT_PLACE, "count": COUNT_PLACE}
    placed = TaskValues(texts=texts, language=values.language)
    if card.encoder_decoder:  # a summarizer: it is asked nothing
        whole = f"summarize: {TEXT_PLACE}" if card.family in _PREFIXED else TEXT_PLACE
        return PartPrompts(whole=whole, part=whole, group=whole, join=whole)
    prompt = task.prompt[values.language]
    if not card.chat:
        whole = fill(task, prompt.complete, placed)
        return PartPrompts(whole=whole, part=whole, group=whole)
    parts = task.parts[values.language]
    is_list = values.texts.get("form") in task.listed
    return PartPrompts(
        whole=fill(task, prompt.chat, placed),
        part=fill(task, parts.part, placed),
        group=fill(task, parts.group, placed),
        join="" if is_list else fill(task, parts.join, placed),
        line="- " if is_list else "",
    )


_PREFIXED = ("t5", "mt5", "longt5", "umt5")
"""Families that are asked by a prefix."""


def _shortened(prompt: str) -> str:
    """Return a prompt within its limit; the whole text is in the task."""
    left = len(prompt) - MAX_PROMPT_CHARACTERS + _SHORTENED
    if left <= _SHORTENED:
        return prompt
    # not translated: part of the prompt
    mark = f"[… {left:,} more characters are in the task of the recipe]"
    return f"{prompt[: MAX_PROMPT_CHARACTERS - _SHORTENED]}\n{mark}"


_SHORTENED = 100
"""Characters for the mark of a shortened prompt."""


def _beams(value: Any) -> int:
    """Return a number of beams; 1 for an invalid one, which the request's check reports."""
    try:
        return int(value or 1)
    except (ValueError, TypeError, OverflowError):
        return 1


def read_fix(value: Any) -> int | None:
    """Return how often a text is corrected; None if it is empty. Raises InvalidRequestError."""
    text = str("" if value is None else value).strip()
    if not text:
        return None
    if not text.isdecimal() or len(text) > 2 or int(text) > MAX_FIXES:
        message = tr("must be a whole number, {low} to {high}", low=0, high=MAX_FIXES)
        raise InvalidRequestError([Problem("fix", message)])
    return int(text)


def read_count(value: Any) -> int:
    """Return a number of results, 0 if there is none. Raises InvalidRequestError."""
    text = str("" if value is None else value).strip()
    if not text:
        return 0
    if not text.isdecimal() or len(text) > 2 or not 1 <= int(text) <= MAX_CANDIDATES:
        message = tr("must be a whole number, {low} to {high}", low=1, high=MAX_CANDIDATES)
        raise InvalidRequestError([Problem("num_return_sequences", message)])
    return int(text)


def build_requests(task: Task, inputs: TaskInput, card: ModelCard) -> tuple[TextRequest, ...]:
    """Return the requests of a task for a model. Raises InvalidRequestError."""
    request = request_for(card, request_values(task, inputs, card))
    assert isinstance(request, TextRequest)
    return (request,)


def _texts(task: Task, prompt: TaskPrompt, values: TaskValues, card: ModelCard) -> dict[str, str]:
    if card.only_task:  # it reads the fields
        return {"prompt": values.texts[task.main.name].strip()}
    if not card.chat and not card.encoder_decoder:
        return {"prompt": fill(task, prompt.complete, values), "mode": "complete"}
    texts = {
        "prompt": fill(task, prompt.chat, values),
        "system_prompt": fill(task, prompt.system, values),
        "prefix": "" if card.encoder_decoder else fill(task, prompt.prefix, values),
    }
    return {name: text for name, text in texts.items() if text}


def fill(task: Task, template: str, values: TaskValues) -> str:
    """Return a prompt with the values in the words of its language; see `fill_lines`."""
    wording = {
        field.name: field.wording.get(values.language, {}).get(values.texts[field.name])
        for field in task.field
    }
    texts = {name: wording.get(name) or text.strip() for name, text in values.texts.items()}
    texts[LANGUAGE] = values.language
    return fill_lines(template, texts)
