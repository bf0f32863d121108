"""Presets: named parts of a request, those that come with Studio and a person's own.

Studio's are in `resources/presets/<kind>.toml`, own ones a file each in the data folder, in the
format in which they are shared.
"""

from __future__ import annotations

import functools
import itertools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from studio.core.errors import InvalidRequestError, StudioError
from studio.core.file_names import slug
from studio.core.files import write_whole
from studio.core.kinds import KINDS
from studio.core.paths import DataFolder
from studio.core.regular_file import read_regular
from studio.core.requests import build_request, fields
from studio.core.requests.task_entry import convert_entry, shared_entry
from studio.core.resources import resources
from studio.core.translation import tr

SUFFIX = ".preset.json"
MAX_BYTES = 1 << 20
MAX_TITLE = 80
"""Characters of a title from a file; menus and messages show it."""
FORMAT = 1
TASK = "task"
"""Of a preset for text: a `TaskEntry`. The preset's prompt is then the task's main text."""
PERSONAS = "persona"
"""Name of the file with Studio's presets for chats."""
_NOT_SHARED = ("seed",)


class Preset(msgspec.Struct, frozen=True):
    """One preset."""

    title: str
    values: dict[str, Any]
    select: str = ""
    """The part of the prompt to select, for the user to replace."""
    family: str = ""
    """The model family to prefer."""


class PresetFile(msgspec.Struct, frozen=True, kw_only=True):
    """An own preset as a file."""

    studio_preset: int = FORMAT
    """Version of the format."""
    kind: str
    preset: Preset


class ReadPreset(msgspec.Struct, frozen=True):
    """A preset from a file, and what of it this version does not know."""

    kind: str
    preset: Preset
    ignored: tuple[str, ...] = ()
    """Names of values that were left out."""


@functools.cache
def presets(kind: str) -> tuple[Preset, ...]:
    """Return Studio's presets of a kind of request, or its PERSONAS."""
    path = resources() / "presets" / f"{kind}.toml"
    if not path.exists():
        return ()
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(msgspec.convert(table["preset"], list[Preset]))


def describe(kind: str, preset: Preset) -> str:
    """Return what a preset sets, such as "Prompt, Length 20, Beams 5"."""
    titles = {info.name: info.title for info in fields(KINDS[kind].request_type)}
    task = convert_entry(preset.values.get(TASK))
    parts = [] if task is None else [tr("Task {name}", name=task.name)]
    parts += [
        titles[name] if isinstance(value, str) and len(value) > 24 else f"{titles[name]} {value}"
        for name, value in preset.values.items()
        if name in titles and value != ""
    ]
    return ", ".join(parts) or tr("Nothing")


def shareable(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that mean the same on another computer: no files, no seed."""
    infos = {info.name: info for info in fields(KINDS[kind].request_type)}
    found = {
        name: value
        for name, value in values.items()
        if name in infos
        and name not in _NOT_SHARED
        and not (infos[name].meta.extra or {}).get("file")
    }
    task = convert_entry(values.get(TASK)) if kind == "text" else None
    return found if task is None else {**found, TASK: shared_entry(task)}


def persona_of(preset: Preset) -> str:
    """Return the system prompt of a preset for chats; empty for one that has a prompt or task."""
    if preset.values.get("prompt") or preset.values.get(TASK):
        return ""
    return str(preset.values.get("system_prompt", "")).strip()


# Own presets
# ----------------------------------------------------------------------


def own_presets(data: DataFolder, kind: str) -> list[Preset]:
    """Return a person's presets of a kind, by title. Unreadable files are left out."""
    found = []
    for path in sorted(_folder(data, kind).glob(f"*{SUFFIX}")):
        try:
            read = read_preset(path)
        except StudioError:
            continue
        if read.kind == kind:
            found.append(read.preset)
    return sorted(found, key=lambda preset: preset.title.casefold())


def save_preset(data: DataFolder, kind: str, preset: Preset, *, replace: bool = False) -> None:
    """Store an own preset. Raises StudioError if the title is empty or taken, and OSError."""
    if not preset.title.strip():
        raise StudioError(tr("The preset needs a name."), cause="invalid", cure=tr("Enter a name."))
    existing = _find(data, kind, preset.title)
    if existing is not None and not replace:
        raise StudioError(
            tr("A preset named {title} exists.", title=preset.title),
            cause="invalid",
            cure=tr("Choose another name, or replace it."),
        )
    folder = _folder(data, kind)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = existing or _free_path(folder, preset.title)
    write_whole(path, encode_preset(kind, preset), replace=True, mode=0o600)


def find_preset(data: DataFolder, kind: str, title: str) -> Preset | None:
    """Return the own preset of a title, in upper or lower case."""
    path = _find(data, kind, title)
    return read_preset(path).preset if path is not None else None


def free_title(data: DataFolder, kind: str, title: str) -> str:
    """Return a title that no own preset has: "Rain", or else "Rain 2" and so on."""
    taken = {preset.title.casefold() for preset in own_presets(data, kind)}
    numbered = (_with_number(title, number) for number in itertools.count(2))
    return next(one for one in itertools.chain([title], numbered) if one.casefold() not in taken)


def _with_number(title: str, number: int) -> str:
    """Return a title with a number at its end, cut so that it stays a title."""
    end = f" {number}"
    return title[: MAX_TITLE - len(end)].rstrip() + end


def delete_preset(data: DataFolder, kind: str, title: str) -> None:
    """Delete an own preset, if it exists; `save_preset` brings it back. Raises OSError."""
    path = _find(data, kind, title)
    if path is not None:
        path.unlink(missing_ok=True)


def encode_preset(kind: str, preset: Preset) -> bytes:
    """Return a preset as a file to share."""
    content = msgspec.json.encode(PresetFile(kind=kind, preset=preset))
    return msgspec.json.format(content, indent=1) + b"\n"


def read_preset(path: Path) -> ReadPreset:
    """Read a preset that somebody shared. Raises StudioError if it cannot be read.

    Values that this version does not know, invalid ones and names of files are left out.
    """
    try:
        file = msgspec.json.decode(read_regular(path, MAX_BYTES), type=PresetFile)
    except OSError as error:
        raise StudioError(
            tr("{name} cannot be read: {reason}.", name=path.name, reason=error.strerror or error),
            cause="invalid",
            cure=tr("Presets are small files that end in {suffix}.", suffix=SUFFIX),
        ) from error
    except (ValueError, RecursionError) as error:
        raise StudioError(
            tr("{name} is not a preset of Studio.", name=path.name),
            cause="invalid",
            cure=tr("Presets are files that end in {suffix}.", suffix=SUFFIX),
        ) from error
    if file.kind not in KINDS or file.studio_preset > FORMAT:
        raise StudioError(
            tr("{name} is a preset for a newer version of Studio.", name=path.name),
            cause="invalid",
            cure=tr("Update Studio."),
        )
    values = _valid(file.kind, file.preset.values)
    ignored = tuple(_one_line(name) for name in file.preset.values if name not in values)
    title = _one_line(file.preset.title)
    if not title:
        raise StudioError(
            tr("The preset in {name} has no name.", name=path.name),
            cause="invalid",
            cure=tr("Export it again, under a name."),
        )
    preset = msgspec.structs.replace(file.preset, values=values, title=title)
    return ReadPreset(file.kind, preset, ignored)


def _one_line(text: str) -> str:
    """Return a name from a file as one short line without invisible characters."""
    visible = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * MAX_TITLE])
    return " ".join(visible.split())[:MAX_TITLE].rstrip()


def _valid(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    request_type = KINDS[kind].request_type
    found = {}
    for name, value in shareable(kind, values).items():
        if name == TASK:
            found[name] = value
            continue
        try:
            build_request(request_type, {"prompt": "x", name: value})
        except InvalidRequestError as error:
            # Some values are valid only together with others, which the form checks.
            if any(problem.field == name for problem in error.problems) and name != "prompt":
                continue
        found[name] = value
    return found


def _folder(data: DataFolder, kind: str) -> Path:
    return data.presets / kind


def _find(data: DataFolder, kind: str, title: str) -> Path | None:
    wanted = title.casefold()
    for path in _folder(data, kind).glob(f"*{SUFFIX}"):
        try:
            if read_preset(path).preset.title.casefold() == wanted:
                return path
        except StudioError:
            continue
    return None


def _free_path(folder: Path, title: str) -> Path:
    stem = slug(title) or "preset"
    names = itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2)))
    return next(path for name in names if not (path := folder / f"{name}{SUFFIX}").exists())
