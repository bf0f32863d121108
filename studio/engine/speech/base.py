"""The protocol of speech models."""

from __future__ import annotations

import re
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from studio.engine.protocol import CancelCheck
from studio.engine.speech.sentences import Piece, split_sentences

RATE = 24_000
MAX_FOREIGN = 0.1
"""Share of letters in another script: up to it they are skipped, above it the text is refused."""


class SpeechModel(Protocol):
    """Speaks one piece of text after the other."""

    rate: int
    languages: tuple[str, ...] = ()
    """Languages that it speaks, if its card names none."""
    marks: re.Pattern[str] | None = None
    """Marks in the text for the model itself, which normalization keeps: [S1], [laughter]."""

    reads_phonemes: bool = False
    """True if it reads `[[phonemes]]` within a text, in its own alphabet."""

    def reset(self) -> None:
        """Forget the previous text, such as the voice that was drawn for it."""
        return

    def pieces(self, text: str) -> list[Piece]:
        """Split a text into pieces for `synthesize`."""
        return split_sentences(text)

    def continue_text(self, text: str, before: str) -> str:
        """Return the text after a pause, with the speaker's name if the model reads names."""
        return text

    def check(self, text: str) -> None:
        """Raise StudioError with what to do if the model cannot read the text's letters."""

    def synthesize(
        self, text: str, voice: str, speed: float, seed: int, is_cancelled: CancelCheck
    ) -> NDArray[np.float32]:
        """Return the samples (frames,) of a piece; empty if there is nothing to speak.

        Raises JobCancelledError soon after `is_cancelled()` became true.
        """
