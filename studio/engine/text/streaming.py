"""Streaming: decodes tokens into whole characters, measures time, cancels at the next token."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from studio.engine.protocol import CancelCheck

PROGRESS_SECONDS = 0.05
"""Least time between two progress events."""


class Clock:
    """Counts steps and tokens, and measures times."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._reported = 0.0
        self.first = 0.0
        self.seconds = 0.0
        self.steps = 0
        self.tokens = 0

    def tick(self, rows: int = 1) -> bool:
        """Count a step of this many rows. Return True if a progress event is due."""
        now = time.monotonic()
        self.steps += 1
        self.tokens += rows
        self.first = self.first or now - self._started
        if now - self._reported < PROGRESS_SECONDS:
            return False
        self._reported = now
        return True

    def stop(self) -> None:
        """Measure the time of the whole run."""
        self.seconds = time.monotonic() - self._started


class RowDecoder:
    """Decodes the tokens of one row into text, piece by piece, in whole characters.

    Byte-level tokenizers spread one Chinese character over several tokens, and some tokenizers
    decode a token's leading space only in context. So the last tokens are decoded together, and
    the new text is what became longer. `marks`: token id → text of tokens that the tokenizer would
    leave out. `before`: the tokens before a text that is continued, which show whether its first
    word begins with a space.
    """

    def __init__(
        self,
        tokenizer: Any,
        marks: Mapping[int, str] | None = None,
        before: Sequence[int] = (),
    ) -> None:
        self._tokenizer = tokenizer
        self._marks = marks or {}
        self._before = tuple(before)
        self._ids = list(before)
        self._prefix = 0
        self._read = len(before)
        self.text = ""

    def fresh(self) -> RowDecoder:
        """Return a decoder of the same tokenizer without tokens."""
        return RowDecoder(self._tokenizer, self._marks, self._before)

    def push(self, token: int) -> str:
        """Add a token. Return the text that is complete now, maybe empty."""
        if token in self._marks:
            piece = self.finish()
            self._ids, self._prefix, self._read = [], 0, 0
            self.text += self._marks[token]
            return piece + self._marks[token]
        self._ids.append(token)
        piece = self._new_text()
        if not piece or piece.endswith("�"):
            return ""
        self._prefix, self._read = self._read, len(self._ids)
        self.text += piece
        return piece

    def finish(self) -> str:
        """Return the text that was held back."""
        piece = self._new_text()
        self._prefix = self._read = len(self._ids)
        self.text += piece
        return piece

    def _new_text(self) -> str:
        before = self._decode(self._ids[self._prefix : self._read])
        now = self._decode(self._ids[self._prefix :])
        return now[len(before) :]

    def _decode(self, ids: list[int]) -> str:
        return str(
            self._tokenizer.decode(
                ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
        )


def cancel_criteria(is_cancelled: CancelCheck, step: Callable[[], None]) -> Any:
    """Return a StoppingCriteria that calls `step` and stops all rows once the job is cancelled."""
    import torch
    from transformers import StoppingCriteria

    class _StopWhenCancelled(StoppingCriteria):  # type: ignore[misc]  # transformers is untyped here
        def __call__(self, input_ids: Any, scores: Any, **_more: Any) -> Any:
            step()
            # With beams, input_ids has more rows than there are beams: answer for each.
            return torch.full(
                (input_ids.shape[0],), is_cancelled(), dtype=torch.bool, device=input_ids.device
            )

    return _StopWhenCancelled()
