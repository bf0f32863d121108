"""What every speech model offers."""

from __future__ import annotations

import re
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from studio.engine.protocol import CancelCheck
from studio.engine.speech.sentences import Piece, split_sentences

RATE = 24_000
MAX_FOREIGN = 0.1
"""Below this share of the letters, words in another script (a name, a symbol) are passed over;
above, the text is refused.
"""


class SpeechModel(Protocol):
    """Says one piece of text after the other."""

    rate: int
    languages: tuple[str, ...] = ()
    """What it speaks, where its card names nothing."""
    marks: re.Pattern[str] | None = None
    """What it reads itself in a text, and what no rule may change: [S1], [laughter]."""

    def begin(self) -> None:
        """Another text begins: what was kept of the one before, such as its voice, is forgotten."""
        return

    def pieces(self, text: str) -> list[Piece]:
        """Return the text in the pieces that `say` takes."""
        return split_sentences(text)

    def continued(self, text: str, before: str) -> str:
        """Return what follows a pause in a text, with the name of the speaker where the model reads
        names.
        """
        return text

    def check(self, text: str) -> None:
        """Raise StudioError, with what to do, where this model cannot read the text's letters."""

    def say(
        self, text: str, voice: str, speed: float, seed: int, is_cancelled: CancelCheck
    ) -> NDArray[np.float32]:
        """Return the samples (frames) of the text; empty where there is nothing to say.

        Raises JobCancelledError soon after `is_cancelled()` became true.
        """
