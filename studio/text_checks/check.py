"""The result of a check."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import msgspec

MAX_SPANS = 200
"""Places that a check marks; further ones are left out."""


class Span(msgspec.Struct, frozen=True):
    """A place in the text, in characters; `end` is the first one after it."""

    start: int
    end: int
    note: str = ""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found."""

    name: str
    passed: bool
    message: str
    """One sentence in English with the figures."""
    spans: tuple[Span, ...] = ()


def from_spans(name: str, spans: Iterable[Span], what: str) -> Check:
    """Return a check that passes if nothing is marked. `what`: the plural of what is marked."""
    marked = tuple(islice(spans, MAX_SPANS))
    count = f"at least {MAX_SPANS}" if len(marked) == MAX_SPANS else str(len(marked) or "No")
    return Check(name=name, passed=not marked, message=f"{count} {what}.", spans=marked)
