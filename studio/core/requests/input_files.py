"""Files that a request's values name."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from studio.core.errors import InvalidRequestError, Problem
from studio.core.paths import expand_home
from studio.core.requests.base import Request, fields, is_valid_text
from studio.core.requests.json_schema import read_schema
from studio.core.requests.prompt_syntax.pronunciations import read_pronunciations
from studio.core.requests.video.clip import ClipRequest
from studio.core.requests.video.project_file import read_project_text
from studio.core.translation import tr


def resolve_files(
    request_type: type[Request], values: Mapping[str, Any], folder: Path
) -> dict[str, Any]:
    """Return the values as a job needs them, which may run later and in another folder.

    Paths of files become absolute; of a file whose content counts, the text takes its place.
    Raises InvalidRequestError if that file cannot be read.
    """
    resolved = dict(values)
    for name in _fields_with(request_type, "file"):
        value = values.get(name)
        if isinstance(value, str) and _is_path(value):
            resolved[name] = str(folder.absolute() / expand_home(value.strip()))
    for name in _fields_with(request_type, "content"):
        if name in values:
            resolved[name] = _content(request_type, name, values[name], folder.absolute())
    return resolved


_READERS: Mapping[object, Callable[[object, Path], object]] = {
    True: read_schema,
    "pronunciations": read_pronunciations,
}
"""Value of `content` in `Meta.extra` → what reads the file."""


def _content(request_type: type[Request], name: str, value: Any, folder: Path) -> Any:
    kind = content_kind(request_type, name)
    read = read_project_text if request_type is ClipRequest else _READERS[kind]
    if isinstance(value, str) and value.lstrip().startswith("~"):
        value = str(expand_home(value.strip()))
    try:
        return read(value, folder)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or tr("it is not UTF-8")
        short = value if len(value) <= 60 else value[:57] + "…"
        message = tr("{file} cannot be read: {reason}", file=short, reason=reason)
        raise InvalidRequestError([Problem(name, message)]) from error


@functools.cache
def _fields_with(request_type: type[Request], key: str) -> frozenset[str]:
    """Return the fields whose `Meta.extra` has this key."""
    return frozenset(info.name for info in fields(request_type) if (info.meta.extra or {}).get(key))


def content_kind(request_type: type[Request], name: str) -> object:
    """Return which kind of text a field takes from a file; see `_READERS`."""
    (info,) = (info for info in fields(request_type) if info.name == name)
    return (info.meta.extra or {}).get("content")


def _is_path(value: str) -> bool:
    return bool(value.strip()) and len(value) < 4096 and is_valid_text(value)
