"""Keeps what a model computed for the beginnings of prompts: the next turn reads only what is new.

A kept prefix ends between two blocks, and prompts are read block by block. So the model computes
the same numbers with and without the cache, and a seed gives the same text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

BLOCK_TOKENS = 128
"""Tokens that are read at once, and the step in which prefixes are kept."""
MAX_PREFIXES = 4
MAX_BYTES = 256 * 2**20
"""Bytes of all prefixes of a model."""
FREE_SHARE = 0.1
"""Largest share of the free memory that a new prefix may take."""

State = TypeVar("State")


@dataclass(frozen=True)
class _Prefix(Generic[State]):
    tokens: tuple[int, ...]
    state: State
    size: int


class PromptCache(Generic[State]):
    """Prefixes of one model, the last used last; it ends with the model."""

    def __init__(self) -> None:
        self._prefixes: list[_Prefix[State]] = []

    @property
    def bytes(self) -> int:
        """The bytes of all prefixes."""
        return sum(prefix.size for prefix in self._prefixes)

    def find(self, tokens: Sequence[int]) -> tuple[int, State] | None:
        """Return how many tokens of a prompt are kept, in whole blocks, and their state.

        The state may go on beyond these tokens. None if not even one block is kept.
        """
        best: tuple[int, _Prefix[State]] | None = None
        for prefix in self._prefixes:
            length = _common(prefix.tokens, tokens) // BLOCK_TOKENS * BLOCK_TOKENS
            if length > (best[0] if best else 0):
                best = length, prefix
        if best is None:
            return None
        self._prefixes.remove(best[1])
        self._prefixes.append(best[1])
        return best[0], best[1].state

    def keep(self, tokens: Sequence[int], size: int, free: int, state: Callable[[], State]) -> None:
        """Keep a prefix of `size` bytes if it fits; `free`: the free memory.

        Drops the prefixes that it continues, and the least recently used ones.
        """
        if not tokens or size > min(MAX_BYTES, FREE_SHARE * free):
            return
        whole = tuple(tokens)
        self._prefixes = [
            prefix for prefix in self._prefixes if prefix.tokens != whole[: len(prefix.tokens)]
        ]
        while self._prefixes and (
            len(self._prefixes) >= MAX_PREFIXES or self.bytes + size > MAX_BYTES
        ):
            del self._prefixes[0]
        self._prefixes.append(_Prefix(whole, state(), size))

    def clear(self) -> None:
        """Drop all prefixes."""
        self._prefixes.clear()


def whole_blocks(length: int) -> int:
    """Return how many tokens of a prompt fill whole blocks; at least one is left to go on from."""
    return max(0, length - 1) // BLOCK_TOKENS * BLOCK_TOKENS


def _common(first: Sequence[int], second: Sequence[int]) -> int:
    """Return the length of the common beginning."""
    if first[: len(second)] == tuple(second[: len(first)]):
        return min(len(first), len(second))
    return next(place for place, (a, b) in enumerate(zip(first, second, strict=False)) if a != b)
