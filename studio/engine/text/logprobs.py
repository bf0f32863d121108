"""Records the log-probabilities of the tokens of one row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.artifact import MAX_LOGPROBS, TokenChoice, TokenLogprobs


class LogprobRecorder:
    """Gets the logits of each position, then the token that was chosen there."""

    def __init__(self, count: int, decode: Callable[[list[int]], str]) -> None:
        self._count = count
        self._decode = decode
        self._logits: NDArray[np.float32] | None = None
        self._choices: list[TokenChoice] = []
        self._texts: dict[int, str] = {}
        self._truncated = False

    def restart(self) -> None:
        """Discard all choices."""
        self._choices, self._logits, self._truncated = [], None, False

    def offer(self, logits: NDArray[np.float32]) -> None:
        """Take the model's logits for the next token, shape (vocabulary size,)."""
        self._logits = logits

    def add(self, token: int, start: int) -> None:
        """Record the token that was chosen; `start` is the position of its text."""
        logits, self._logits = self._logits, None
        if len(self._choices) >= MAX_LOGPROBS or logits is None:
            self._truncated = True
            return
        highest = logits.max()
        total = float(highest + np.log(np.exp(logits - highest).sum(dtype=np.float64)))
        best = np.argpartition(logits, -self._count)[-self._count :]
        best = best[np.argsort(-logits[best], kind="stable")]
        top = tuple((int(one), round(float(logits[one]) - total, 4)) for one in best)
        choice = TokenChoice(token, round(float(logits[token]) - total, 4), start, top)
        self._choices.append(choice)
        for one in (token, *map(int, best)):
            if one not in self._texts:
                self._texts[one] = self._decode([one])

    def result(self, length: int) -> TokenLogprobs:
        """Return the choices of a text that was cut to this many characters."""
        choices = tuple(choice for choice in self._choices if choice.start < length)
        return TokenLogprobs(texts=self._texts, choices=choices, truncated=self._truncated)


@contextmanager
def recorded_logits(recorders: Sequence[LogprobRecorder | None], model: Any) -> Iterator[None]:
    """Offer the logits of each forward pass of a transformers model to its rows' recorders.

    A hook, because penalties have changed the logits that `generate` passes on.
    """
    if not any(recorders):
        yield
        return

    def offer(_module: Any, _inputs: Any, output: Any) -> None:
        for recorder, logits in zip(recorders, output.logits[:, -1], strict=True):
            if recorder is not None:
                recorder.offer(logits.float().cpu().numpy())

    hook = model.register_forward_hook(offer)
    try:
        yield
    finally:
        hook.remove()
