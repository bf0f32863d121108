"""Items of the training data."""

from __future__ import annotations

import hashlib

import msgspec


class Item(msgspec.Struct, frozen=True):
    """A training image."""

    icon: int
    """Index into the icons; -1 for a composed image."""
    color: str
    recolored: bool
    captions: tuple[str, ...]
    objects: tuple[str, ...] = ()
    """The keys of the icons in a composed image."""


def is_held_out(key: str, color: str, share: float) -> bool:
    """True for pairs of thing and color that are excluded from training, on every machine."""
    digest = hashlib.sha256(f"{key}|{color}".encode()).digest()
    return int.from_bytes(digest[:4]) < share * 2**32
