"""Reads and writes clip projects: JSON files, whose sources may be relative to their folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePath

import msgspec

from studio.core.errors import StudioError
from studio.core.files import write_whole
from studio.core.paths import expand_home
from studio.core.regular_file import read_regular
from studio.core.requests.video.project import VERSION, ClipProject
from studio.core.translation import tr

MAX_PROJECT_BYTES = 200_000
"""A request holds the whole project. 200 kB are more than a thousand clips."""
SUFFIX = ".clip.json"


class _Header(msgspec.Struct):
    version: int = VERSION


def decode_project(text: str | bytes) -> ClipProject:
    """Return the project of a JSON text. Raises ValueError with what is wrong, for the user."""
    try:
        version = msgspec.json.decode(text, type=_Header).version
        if version > VERSION:
            raise ValueError(tr("is of a newer version of Studio ({version})", version=version))
        return msgspec.json.decode(text, type=ClipProject)
    except msgspec.ValidationError as error:
        raise ValueError(tr("is not a clip project: {reason}", reason=error)) from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(tr("is not JSON that can be read")) from error


def encode_project(project: ClipProject) -> str:
    """Return a project as JSON, with its version."""
    fields = {"version": VERSION, **msgspec.to_builtins(project)}
    return msgspec.json.format(msgspec.json.encode(fields), indent=2).decode() + "\n"


def read_project(path: Path) -> ClipProject:
    """Return the project in a file, its sources absolute. Raises StudioError."""
    try:
        data = read_regular(path, MAX_PROJECT_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StudioError(
            tr("{file} cannot be read: {reason}", file=path, reason=reason), cause="invalid"
        ) from error
    try:
        return _absolute(decode_project(data), path.absolute().parent)
    except ValueError as error:
        raise StudioError(
            tr("{file} {problem}.", file=path.name, problem=error),
            cause="invalid",
            cure=tr("Correct the file, or make a new one with `studio clip new`."),
        ) from error


def write_project(path: Path, project: ClipProject, *, replace: bool = False) -> None:
    """Write a project; sources inside the file's folder become relative. Raises OSError."""
    folder = path.absolute().parent

    def relative(source: str) -> str:
        place = PurePath(source)
        return place.relative_to(folder).as_posix() if place.is_relative_to(folder) else source

    text = encode_project(project.with_sources(relative))
    write_whole(path, text.encode(), replace=replace)


def read_project_text(value: object, folder: Path) -> object:
    """Return the JSON of a project that is a file's name, an object or the JSON itself.

    Its sources become absolute. What is not a project is returned as it is, for the request's
    check. Raises OSError, and ValueError for a file that is too large.
    """
    if isinstance(value, Mapping):
        value = msgspec.json.encode(value).decode()
    if not isinstance(value, str) or not value.strip():
        return value
    if not value.lstrip().startswith("{"):
        place = folder / expand_home(value.strip())
        folder, value = place.parent, read_regular(place, MAX_PROJECT_BYTES).decode("utf-8-sig")
    try:
        return encode_project(_absolute(decode_project(value), folder))
    except ValueError:
        return value


def _absolute(project: ClipProject, folder: Path) -> ClipProject:
    return project.with_sources(
        lambda source: os.path.normpath(folder / expand_home(source)) if source else source
    )
