"""Presets: named parts of a request, from `resources/presets/<kind>.toml`."""

from __future__ import annotations

import functools
import tomllib
from typing import Any

import msgspec

from studio.core.paths import resources


class Preset(msgspec.Struct, frozen=True):
    """One preset."""

    title: str
    values: dict[str, Any]
    select: str = ""
    """The part of the prompt to select, for the user to replace."""
    family: str = ""
    """The model family to prefer."""


@functools.cache
def presets(kind: str) -> tuple[Preset, ...]:
    """Return the presets of a kind of request."""
    path = resources() / "presets" / f"{kind}.toml"
    if not path.exists():
        return ()
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(msgspec.convert(table["preset"], list[Preset]))
