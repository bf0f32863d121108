"""One family of models, and how a tiny one of it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.models.card import ModelCard


@dataclass(frozen=True)
class Family:
    """`card` is the catalogue's, whose settings are used; `make` writes a tiny random checkpoint
    into a folder.
    """

    card: str
    make: Callable[[Path], ModelCard]
    values: dict[str, Any] = field(default_factory=dict)
    """Of the request, where the smallest of the kind (`run.SMALL`) do not do."""
    likewise: tuple[str, ...] = ()
    """Other cards of the same family, that need no run of their own."""
    base: Callable[[Path], ModelCard] | None = None
    """Makes the model that this one changes."""
