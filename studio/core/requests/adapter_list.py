"""Adapters as a request names them: `pixel-art:0.8, film-grain`. The same text in a form, an
option, a column, a recipe.

What an adapter is and which models it fits is on its card; see `models/inspect/adapter.py` and
`models/adapter_compatibility.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from studio.core.errors import Problem

MAX_ADAPTERS = 16
LARGEST_SCALE = 10.0


class Chosen(msgspec.Struct, frozen=True):
    """An adapter and how strongly it acts."""

    name: str
    scale: float = 1.0

    def __str__(self) -> str:
        """As a request names it."""
        return f"{self.name}:{self.scale:g}"


def read(text: str) -> tuple[Chosen, ...]:
    """Return the adapters that a request names. Raises ValueError with what is wrong."""
    if not text:
        return ()
    chosen = tuple(_read_one(part.strip()) for part in text.split(",") if part.strip())
    if len(chosen) > MAX_ADAPTERS:
        raise ValueError(f"names {len(chosen)} adapters; at most {MAX_ADAPTERS} can act at once")
    names = [one.name for one in chosen]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise ValueError(f"names {twice[:80]} twice")
    return chosen


def _read_one(part: str) -> Chosen:
    name, colon, number = part.rpartition(":")
    if not colon:
        return Chosen(part)
    try:
        scale = float(number)
    except ValueError:
        raise ValueError(
            f"{part[:80]!r}: the strength behind the colon must be a number, as in {name[:40]}:0.8"
        ) from None
    if not name.strip() or not math.isfinite(scale) or abs(scale) > LARGEST_SCALE:
        raise ValueError(
            f"{part[:80]!r}: a name, a colon and a strength from -{LARGEST_SCALE:g} to "
            f"{LARGEST_SCALE:g}"
        )
    return Chosen(name.strip(), scale)


def write(chosen: Iterable[Chosen]) -> str:
    """Return the text that names these adapters."""
    return ", ".join(map(str, chosen))


def check(field: str, text: str) -> list[Problem]:
    """Return what is wrong with the text, as problems of the field."""
    try:
        read(text)
    except ValueError as error:
        return [Problem(field, str(error))]
    return []
