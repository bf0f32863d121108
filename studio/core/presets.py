"""Presets: named parts of a request, from `resources/presets/<kind>.toml`."""

from __future__ import annotations

import functools
import tomllib
from typing import Any

import msgspec

from studio.core.paths import resources


class Preset(msgspec.Struct, frozen=True):
    """One preset. `select` is the part of the prompt that is marked to be written over; `family`
    prefers a model.
    """

    title: str
    values: dict[str, Any]
    select: str = ""
    family: str = ""


@functools.cache
def presets(kind: str) -> tuple[Preset, ...]:
    """Return the presets of a kind of request."""
    path = resources() / "presets" / f"{kind}.toml"
    if not path.exists():
        return ()
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(msgspec.convert(table["preset"], list[Preset]))
