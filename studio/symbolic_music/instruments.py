"""The instruments of `resources/starter/music/instruments.toml`. Imports no numpy."""

from __future__ import annotations

import functools
import tomllib

import msgspec

from studio.core.resources import resources


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """A table of `instruments.toml`, which documents the fields."""

    program: int
    family: str
    partials: tuple[float, ...]
    ratios: tuple[float, ...] = ()
    decay: float = 0.0
    damping: float = 0.0
    stiffness: float = 0.0
    attack: float = 0.005
    release: float = 0.1
    vibrato: float = 0.0
    spread: float = 0.0
    noise: float = 0.0
    noise_decay: float = 0.0
    drive: float = 0.0
    level: float = 1.0
    room: float = 0.2


@functools.cache
def instruments() -> dict[str, Instrument]:
    """Return name → instrument."""
    text = (resources() / "starter" / "music" / "instruments.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Instrument])
