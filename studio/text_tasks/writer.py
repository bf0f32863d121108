"""What a task needs of a model: to write texts and to count tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from studio.core.requests import TextRequest


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """One text of the model."""

    text: str
    complete: bool = True
    """False if it stopped at its limit of tokens."""
    score: float | None = None
    """Of a beam search; higher is better."""


class Writer(Protocol):
    """A loaded model."""

    chat: bool
    """True if it answers questions, false if it continues texts."""
    encoder_decoder: bool
    limit: int
    """Tokens that it takes; 0 for no limit."""

    def write(
        self,
        requests: Sequence[TextRequest],
        done: Callable[[int, Written], None] = lambda _number, _text: None,
    ) -> list[Written]:
        """Return one text for each request; call `done` when one of them is complete.

        Requests differ only in prompt, prefix and seed. Raises what the engine raises when the job
        is cancelled.
        """

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of a text without a chat template."""
