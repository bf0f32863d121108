"""Items of the training data."""

from __future__ import annotations

import hashlib

import msgspec


class Item(msgspec.Struct, frozen=True):
    """One picture to train on."""

    icon: int
    """Index into the icons; -1 for a composed picture."""
    colour: str
    recoloured: bool
    captions: tuple[str, ...]
    objects: tuple[str, ...] = ()
    """The keys of the icons in a composed picture."""


def is_held_out(key: str, colour: str, share: float) -> bool:
    """True for the pairs of thing and colour that are never trained on; the same ones on every
    machine.
    """
    digest = hashlib.sha256(f"{key}|{colour}".encode()).digest()
    return int.from_bytes(digest[:4]) < share * 2**32
