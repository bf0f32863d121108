"""Speech as it is generated: the samples, and when each sentence is spoken."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from studio.core.artifact import SpokenSentence


class Recording:
    """Collects pieces of speech in order, and the times of sentences from their frames."""

    def __init__(self, rate: int) -> None:
        self.count = 0
        """Pieces so far."""
        self.frames = 0
        self.sentences: list[SpokenSentence] = []
        self._rate = rate
        self._chunks: list[NDArray[np.float32]] = []
        self._start: int | None = None
        """Where the sentence begins, if something of it was spoken."""
        self._end = 0

    def add(self, samples: NDArray[np.float32], silence: int) -> NDArray[np.float32]:
        """Append a piece of a sentence and frames of silence; return both as one chunk."""
        if len(samples):
            self._start = self.frames if self._start is None else self._start
            self._end = self.frames + len(samples)
        chunk = np.concatenate([samples, np.zeros(silence, np.float32)]).astype("<f4")
        self._chunks.append(chunk)
        self.count += 1
        self.frames += len(chunk)
        return chunk

    def end_sentence(self, text: str, voice: str) -> None:
        """Note the time of the sentence that was added; `voice` if it is not the request's."""
        if self._start is not None:
            times = self._start / self._rate, self._end / self._rate
            self.sentences.append(SpokenSentence(text, *times, voice))
        self._start = None

    def take(self) -> NDArray[np.float32]:
        """Return all samples, and forget them: hours of audio are gigabytes."""
        samples = np.concatenate(self._chunks) if self._chunks else np.zeros(0, np.float32)
        self._chunks.clear()
        return samples
