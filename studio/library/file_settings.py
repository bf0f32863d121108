"""Lists the settings that a file carries, Studio's and those of other programs, to show them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from studio.core.artifact import Recipe
from studio.core.file_names import one_line
from studio.core.requests import fields
from studio.core.translation import tr

if TYPE_CHECKING:
    from studio.library.foreign.metadata import ForeignMetadata

_SHOWN_BY_LIBRARY = ("prompt", "model", "seed")
MAX_VALUES = 60
"""A workflow of another program has thousands."""
_NAME_CHARACTERS = 40


def settings_in(path: Path) -> dict[str, str]:
    """Return title → value of the settings in a file, without those that the library shows.

    Reads the file; see `read_recipe` and `read_foreign`.
    """
    from studio.library.artifacts import read_recipe
    from studio.library.foreign.reader import read_foreign

    recipe = read_recipe(path)
    if recipe is not None:
        return _of_recipe(recipe)
    metadata = read_foreign(path)
    return {} if metadata is None else _of_other_program(metadata)


def _of_recipe(recipe: Recipe) -> dict[str, str]:
    """Return the settings that are not empty."""
    values = msgspec.structs.asdict(recipe.request)
    titles = {info.name: info.title for info in fields(type(recipe.request))}
    return {
        titles[name]: _value_text(value)
        for name, value in values.items()
        if name in titles and name not in _SHOWN_BY_LIBRARY and value not in (None, "", (), [], {})
    }


def _of_other_program(metadata: ForeignMetadata) -> dict[str, str]:
    from studio.library.foreign.metadata import describe

    found: dict[str, str] = {}
    for name, value in describe(metadata, without=("program", *_SHOWN_BY_LIBRARY)):
        if len(found) < MAX_VALUES:
            title = one_line(name[:_NAME_CHARACTERS])
            found[title] = f"{found[title]} {value}" if title in found else value
    return found


def _value_text(value: Any) -> str:
    if isinstance(value, bool):
        return tr("Yes") if value else tr("No")
    return f"{value:g}" if isinstance(value, float) else str(value)
