"""Adapters as requests, forms, options, columns and recipes name them: `pixel-art:0.8, grain`.

The cards describe the adapters; see `models/inspect/adapter.py` and
`models/adapter_compatibility.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from studio.core.errors import Problem

MAX_ADAPTERS = 16
MAX_SCALE = 10.0


class AdapterChoice(msgspec.Struct, frozen=True):
    """An adapter and its strength."""

    name: str
    scale: float = 1.0

    def __str__(self) -> str:
        """The text of a request."""
        return f"{self.name}:{self.scale:g}"


def read(text: str) -> tuple[AdapterChoice, ...]:
    """Return the adapters that a request names. Raises ValueError with the reason."""
    if not text:
        return ()
    chosen = tuple(_read_one(part.strip()) for part in text.split(",") if part.strip())
    if len(chosen) > MAX_ADAPTERS:
        raise ValueError(f"names {len(chosen)} adapters; at most {MAX_ADAPTERS} can be applied")
    names = [one.name for one in chosen]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise ValueError(f"names {twice[:80]} twice")
    return chosen


def _read_one(part: str) -> AdapterChoice:
    name, colon, number = part.rpartition(":")
    if not colon:
        return AdapterChoice(part)
    try:
        scale = float(number)
    except ValueError:
        raise ValueError(
            f"{part[:80]!r}: the strength after the colon must be a number, as in {name[:40]}:0.8"
        ) from None
    if not name.strip() or not math.isfinite(scale) or abs(scale) > MAX_SCALE:
        raise ValueError(
            f"{part[:80]!r} must be a name, a colon and a strength from -{MAX_SCALE:g} to "
            f"{MAX_SCALE:g}"
        )
    return AdapterChoice(name.strip(), scale)


def write(chosen: Iterable[AdapterChoice]) -> str:
    """Return the text that names these adapters."""
    return ", ".join(map(str, chosen))


def check(field: str, text: str) -> list[Problem]:
    """Return the problems of the text, as those of the field."""
    try:
        read(text)
    except ValueError as error:
        return [Problem(field, str(error))]
    return []
