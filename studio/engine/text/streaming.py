"""Text as it is made: pieces of whole characters for each row of a batch, a clock, and a cancel at
the next token.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from studio.engine.protocol import CancelCheck

PROGRESS_SECONDS = 0.05
"""Progress is not said more often than a person can see."""


class Clock:
    """Counts steps and tokens, and takes the times."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._told = 0.0
        self.first = 0.0
        self.seconds = 0.0
        self.steps = 0
        self.tokens = 0

    def tick(self, rows: int = 1) -> bool:
        """Count a step; true where it is time to tell."""
        now = time.monotonic()
        self.steps += 1
        self.tokens += rows
        self.first = self.first or now - self._begun
        if now - self._told < PROGRESS_SECONDS:
            return False
        self._told = now
        return True

    def stop(self) -> None:
        """Take the time of the whole run."""
        self.seconds = time.monotonic() - self._begun


class RowDecoder:
    """Turns the tokens of one row into text, piece by piece, without ever breaking a character.

    Byte-level tokenizers spread one Chinese character over several tokens, and some tokenizers
    decode a token's leading space only in context. So the last pieces are decoded together, and
    what is new is what became longer. `marks`: tokens whose text the tokenizer would leave out, or
    spread.
    """

    def __init__(self, tokenizer: Any, marks: Mapping[int, str] | None = None) -> None:
        self._tokenizer = tokenizer
        self._marks = marks or {}
        self._ids: list[int] = []
        self._prefix = 0
        self._read = 0
        self.text = ""

    def anew(self) -> RowDecoder:
        """Return one that has decoded nothing yet."""
        return RowDecoder(self._tokenizer, self._marks)

    def push(self, token: int) -> str:
        """Take the next token; return the text that is certain now, maybe none."""
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
        """Return what was held back."""
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
    """Return a StoppingCriteria that counts steps and stops all rows when the job was cancelled."""
    import torch
    from transformers import StoppingCriteria

    class _StopWhenCancelled(StoppingCriteria):  # type: ignore[misc]  # transformers is untyped here
        def __call__(self, input_ids: Any, scores: Any, **_more: Any) -> Any:
            step()
            # With beams it is asked about more rows than there are beams: answer for each that is
            # there.
            return torch.full(
                (input_ids.shape[0],), is_cancelled(), dtype=torch.bool, device=input_ids.device
            )

    return _StopWhenCancelled()
