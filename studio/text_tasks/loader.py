"""Reads tasks: `resources/tasks/*.toml`, and the user's own in the data folder."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from studio.core.errors import InvalidRequestError, StudioError
from studio.core.paths import DataFolder
from studio.core.regular_file import read_regular
from studio.core.requests import TextRequest, build_request
from studio.core.requests.text_task import MAX_SOURCE_CHARACTERS
from studio.core.resources import resources
from studio.core.translation import tr
from studio.text_tasks.task import Task, TaskCheck, TaskField
from studio.text_tasks.templates import ONE_LESS, PLACEHOLDER

MAX_BYTES = 65_536
MAX_FIELDS = 20
MAX_TEXT = MAX_SOURCE_CHARACTERS
"""Characters of a field's text, if its task sets no limit."""
NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
LANGUAGES = ("en", "zh")
STEP_TEXTS = {"outline", "bible", "number", "chapter", "scene", "before", "ending"}
"""What the prompts of a story contain besides its fields."""
COUNT = "count"
"""Stands for a number of sentences in the prompts for parts."""
LANGUAGE = "language"
"""A field that every task has: the language of prompt and result."""
_FIXED = ("prompt", "model", "seed", "system_prompt", "prefix", "num_return_sequences", "mode")
"""Request fields that other parts of the task, or the user, set."""
_PARAMETERS = {
    "length": {"unit", "at_least", "at_most"},
    "form": {"field"},
    "tones": {"field"},
    "claims": {"field"},
    "facts": {"field"},
    "topic": {"field"},
    "repetition": {"size", "most"},
}
"""Check → the parameters that it uses."""


def load_tasks(data: DataFolder) -> dict[str, Task]:
    """Return Studio's tasks and the user's own by name; an own one replaces Studio's.

    Raises StudioError for the first file that is invalid.
    """
    return {path.stem: read_task(path) for path in _files(data).values()}


def read_tasks(data: DataFolder) -> list[Task | StudioError]:
    """Return the tasks as `load_tasks` does, and the errors of invalid files."""
    found: list[Task | StudioError] = []
    for path in _files(data).values():
        try:
            found.append(read_task(path))
        except StudioError as error:
            found.append(error)
    return found


def find_task(data: DataFolder | None, name: str) -> Task:
    """Return a task, without `data` one of Studio's.

    Raises StudioError if it is unknown, or its file invalid.
    """
    files = _files(data)
    if name not in files:
        raise StudioError(
            tr("There is no task {name}.", name=name[:40]),
            cause="invalid",
            cure=tr("Choose one of {names}.", names=", ".join(sorted(files))),
        )
    return read_task(files[name])


def _files(data: DataFolder | None) -> dict[str, Path]:
    folders = (resources() / "tasks", *([data.tasks] if data is not None else []))
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}


def read_task(path: Path) -> Task:
    """Read one file. Raises StudioError that names the file and the invalid field."""
    try:
        table = tomllib.loads(read_regular(path, MAX_BYTES).decode("utf-8"))
        task = msgspec.convert(table, Task)
    except OSError as error:
        raise _invalid(path, str(error.strerror or error)) from error
    except (ValueError, RecursionError) as error:  # TOML, UTF-8 and types
        raise _invalid(path, _printable(str(error))) from error
    problem = next(_problems(path.stem, task), "")
    if problem:
        raise _invalid(path, problem)
    return msgspec.structs.replace(task, name=path.stem)


def _invalid(path: Path, problem: str) -> StudioError:
    return StudioError(
        tr(
            "The task file {name} is invalid: {problem}.",
            name=_printable(path.name),
            problem=problem.rstrip("."),
        ),
        cause="invalid",
        cure=tr("Correct or remove {path}.", path=_printable(str(path))),
    )


def _printable(text: str) -> str:
    text = "".join(character if character.isprintable() else "�" for character in text)
    return text.encode(errors="replace").decode()[:300]


def _problems(name: str, task: Task) -> Iterator[str]:
    if not NAME.fullmatch(name):
        yield tr("its name may have a–z, 0–9, - and _ only")
    if task.name:
        yield tr("name: is the file's name, and cannot be set")
    if not task.title.strip() or len(task.title) > 80:
        yield tr("title: must have 1 to 80 characters")
    if not 1 <= len(task.field) <= MAX_FIELDS:
        yield tr("field: there must be 1 to {limit} fields", limit=MAX_FIELDS)
    if not 1 <= task.candidates <= 32 or not 1 <= task.overgenerate <= 8:
        yield tr("candidates must be 1 to 32 and overgenerate 1 to 8")
    if task.min_parameters < 0:
        yield tr("min_parameters: begins at 0")
    yield from _field_problems(task)
    yield from _prompt_problems(task)
    yield from _regex_problems(task)
    yield from _part_problems(task)
    yield from _story_problems(task)
    yield from _choice_problems(task)
    for place, check in enumerate(task.check):
        for problem in _check_problems(task, check):
            yield f"check[{place}].{problem}"  # not translated: a path, and a translated text
    yield from _generation_problems(task)


def _field_problems(task: Task) -> Iterator[str]:
    seen = {LANGUAGE, COUNT}
    for place, field in enumerate(task.field):
        where = f"field[{place}]"
        if not PLACEHOLDER.fullmatch(f"{{{field.name}}}"):
            yield tr("{where}.name: may have a–z, 0–9 and _ only", where=where)
        if field.name in seen:
            yield tr("{where}.name: is used twice, or reserved", where=where)
        seen.add(field.name)
        if (field.type == "choice") != bool(field.choices):
            yield tr("{where}.choices: only a choice has them", where=where)
        if not field.sets.keys() <= set(field.choices):
            yield tr("{where}.sets: names an unknown choice", where=where)
        for values in field.sets.values():
            for name in values.keys() - {one.name for one in task.field}:
                yield tr("{where}.sets: there is no field {name}", where=where, name=name[:40])
        for language, words in field.wording.items():
            if language not in LANGUAGES or not words.keys() <= set(field.choices):
                yield tr("{where}.wording: names an unknown language or choice", where=where)
        if not _fits_default(field):
            yield tr("{where}.default: is not a valid value of the field", where=where)
    if task.field and task.main.type != "text":
        yield tr("field[0].type: the first field is the prompt, a text")


def _choice_problems(task: Task) -> Iterator[str]:
    named = {f"field[{place}].only_with": one.only_with for place, one in enumerate(task.field)}
    if task.specialist is not None:
        named["specialist.choices"] = task.specialist.choices
    for where, choices in named.items():
        if not _names_choices(task, choices):
            yield tr("{where}: names an unknown field or choice", where=where)


def _names_choices(task: Task, choices: Mapping[str, tuple[str, ...]]) -> bool:
    known = {field.name: set(field.choices) for field in task.field}
    return all(set(found) <= known.get(name, set()) for name, found in choices.items())


def _fits_default(field: TaskField) -> bool:
    if field.type == "number":
        low, high = field.at_least, field.at_most
        if low is None or high is None or low > high:
            return False
        return isinstance(field.default, int) and low <= field.default <= high
    if field.type == "choice":
        return field.default in field.choices
    return isinstance(field.default, str) and 0 <= (field.at_most or 0) <= MAX_TEXT


def _prompt_problems(task: Task) -> Iterator[str]:
    known = {field.name for field in task.field} | {LANGUAGE}
    if "en" not in task.prompt or not task.prompt.keys() <= set(LANGUAGES):
        yield tr("prompt: needs en, and may have {languages}", languages=", ".join(LANGUAGES))
    for language, prompt in task.prompt.items():
        for part in prompt.__struct_fields__:
            text = str(msgspec.structs.asdict(prompt)[part])
            unknown = next((name for name in PLACEHOLDER.findall(text) if name not in known), "")
            if unknown:
                where = f"prompt.{language}.{part}"
                yield tr("{where}: there is no field {name}", where=where, name=unknown)
        if f"{{{task.main.name}}}" not in prompt.chat or (
            f"{{{task.main.name}}}" not in prompt.complete
        ):
            yield tr(
                "prompt.{language}: chat and complete must contain {name}",
                language=language,
                name=f"{{{task.main.name}}}",
            )


def _regex_problems(task: Task) -> Iterator[str]:
    numbers = {field.name for field in task.field if field.type == "number"}
    for name in (*PLACEHOLDER.findall(task.regex), *ONE_LESS.findall(task.regex)):
        if name not in numbers:
            yield tr("{where}: there is no number {name}", where="regex", name=name)
    if task.regex and (task.parts or task.story):
        yield tr("{where}: cannot be used with parts or steps", where="regex")


def _part_problems(task: Task) -> Iterator[str]:
    known = {field.name for field in task.field} | {LANGUAGE, COUNT}
    if task.parts and task.parts.keys() != task.prompt.keys():
        yield tr("parts: must have the languages of prompt")
    for language, parts in task.parts.items():
        for part, text in msgspec.structs.asdict(parts).items():
            where = f"parts.{language}.{part}"
            if f"{{{task.main.name}}}" not in text:
                yield tr("{where}: must contain {name}", where=where, name=f"{{{task.main.name}}}")
            unknown = next((name for name in PLACEHOLDER.findall(text) if name not in known), "")
            if unknown:
                yield tr("{where}: there is no field {name}", where=where, name=unknown)


def _story_problems(task: Task) -> Iterator[str]:
    known = {field.name for field in task.field} | STEP_TEXTS
    if task.story and (task.story.keys() != task.prompt.keys() or "step" not in known):
        yield tr("story: must have the languages of prompt, and a field step")
    for language, prompts in task.story.items():
        for part, text in msgspec.structs.asdict(prompts).items():
            unknown = next((name for name in PLACEHOLDER.findall(text) if name not in known), "")
            if unknown:
                where = f"story.{language}.{part}"
                yield tr("{where}: there is no field {name}", where=where, name=unknown)


def _check_problems(task: Task, check: TaskCheck) -> Iterator[str]:
    default = TaskCheck(use=check.use)
    used = _PARAMETERS.get(check.use, set()) | {"use", "required"}
    for name in check.__struct_fields__:
        value = msgspec.structs.asdict(check)[name]
        if name not in used and value != msgspec.structs.asdict(default)[name]:
            yield tr("{name}: is no parameter of {check}", name=name, check=check.use)
    kinds = {field.name: field.type for field in task.field}
    for name, limit in (("at_least", check.at_least), ("at_most", check.at_most)):
        if isinstance(limit, str) and kinds.get(limit) != "number":
            yield tr("{name}: must be a number, or a field with one", name=name)
    if "field" in used and check.field not in kinds and (check.field or check.use != "claims"):
        yield tr("field: there is no field {name}", name=check.field[:40])
    if check.size < 1 or check.most < 1:
        yield tr("size and most begin at 1")


def _generation_problems(task: Task) -> Iterator[str]:
    parts = {"generation": task.generation, "base_generation": task.base_generation}
    for where, values in parts.items():
        for name in _FIXED:
            if name in values:
                yield tr("{where}.{name}: cannot be set here", where=where, name=name)
        try:
            build_request(TextRequest, {"prompt": "x", **values})
        except InvalidRequestError as error:
            problem = error.problems[0]
            # not translated: a path, and a translated text
            yield f"{where}.{problem.field[:40]}: {problem.message}"
