"""Who wrote which part of a text: run-length stretches, in characters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

OriginKind = Literal["imported", "person", "model"]


class Origin(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where a part of a text comes from."""

    kind: OriginKind
    job: str = ""
    """Id of the job that generated it; empty for other kinds, or if it is unknown."""


PERSON = Origin("person")
IMPORTED = Origin("imported")


class Stretch(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A part of a text with one origin."""

    length: int
    """In characters, at least 1."""
    origin: Origin


Stretches = tuple[Stretch, ...]
"""Neighbors differ in their origin; the lengths add up to that of the text."""


def stretches_of(length: int, origin: Origin) -> Stretches:
    """Return the stretches of a text with one origin."""
    return (Stretch(length, origin),) if length else ()


def total_length(stretches: Stretches) -> int:
    """Return the number of characters."""
    return sum(stretch.length for stretch in stretches)


def cut(stretches: Stretches, start: int, end: int) -> Stretches:
    """Return the part from character `start` to `end`."""
    return merged(_parts(stretches, start, end))


def replace(stretches: Stretches, start: int, end: int, by: Stretches) -> Stretches:
    """Return the stretches with the part from `start` to `end` replaced."""
    total = total_length(stretches)
    return merged((*_parts(stretches, 0, start), *by, *_parts(stretches, end, total)))


def merged(stretches: Iterable[Stretch]) -> Stretches:
    """Join neighbors with one origin, and leave out empty ones."""
    found: list[Stretch] = []
    for stretch in stretches:
        if found and found[-1].origin == stretch.origin:
            found[-1] = Stretch(found[-1].length + stretch.length, stretch.origin)
        elif stretch.length:
            found.append(stretch)
    return tuple(found)


def with_length(stretches: Stretches, length: int) -> Stretches:
    """Return stretches that fit a text, if its stored ones are damaged: the rest is imported."""
    valid = merged(stretch for stretch in stretches if stretch.length > 0)
    rest = stretches_of(max(0, length - total_length(valid)), IMPORTED)
    return merged((*_parts(valid, 0, length), *rest))


def shares(stretches: Stretches) -> dict[OriginKind, int]:
    """Return how many characters each kind of origin has."""
    found: dict[OriginKind, int] = {"imported": 0, "person": 0, "model": 0}
    for stretch in stretches:
        found[stretch.origin.kind] += stretch.length
    return found


def _parts(stretches: Stretches, start: int, end: int) -> Iterator[Stretch]:
    begin = 0
    for stretch in stretches:
        after = begin + stretch.length
        low, high = max(begin, start), min(after, end)
        if low < high:
            yield Stretch(high - low, stretch.origin)
        if after >= end:
            return
        begin = after
