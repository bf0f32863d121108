"""Makes the result of a check from the places that it marks."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from studio.core.requests.text_task import Check, Span

__all__ = ["MAX_SPANS", "Check", "Span", "from_spans"]

MAX_SPANS = 200
"""Places that a check marks; further ones are left out."""


def from_spans(name: str, spans: Iterable[Span], what: str) -> Check:
    """Return a check that passes if nothing is marked. `what`: the plural of what is marked."""
    marked = tuple(islice(spans, MAX_SPANS))
    count = f"at least {MAX_SPANS}" if len(marked) == MAX_SPANS else str(len(marked) or "No")
    return Check(name=name, passed=not marked, message=f"{count} {what}.", spans=marked)
