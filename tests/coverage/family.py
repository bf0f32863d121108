"""A model family, and how to make a tiny checkpoint of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.models.card import ModelCard


@dataclass(frozen=True)
class Family:
    """A model family to run."""

    card: str
    """Name of the catalog card whose settings are used."""
    make: Callable[[Path], ModelCard]
    """Writes a tiny random checkpoint into a folder."""
    values: dict[str, Any] = field(default_factory=dict)
    """Fields of the request where `run.SMALL` is too small for the family."""
    likewise: tuple[str, ...] = ()
    """Other cards of the same family, which need no run of their own."""
    base: Callable[[Path], ModelCard] | None = None
    """Makes the base model, for an adapter."""
