"""Tokens that would repeat an n-gram, for sampling outside of transformers."""

from __future__ import annotations

from collections.abc import Sequence


def repeating_tokens(ids: Sequence[int], size: int) -> list[int]:
    """Return the tokens that would repeat an n-gram of this size; none if it is 0."""
    if not size or len(ids) < size:
        return []
    begin = list(ids[len(ids) - size + 1 :]) if size > 1 else []
    places = range(len(ids) - size + 1)
    return sorted(
        {ids[place + size - 1] for place in places if list(ids[place : place + size - 1]) == begin}
    )
