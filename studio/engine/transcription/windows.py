"""Cuts a file's audio into windows of at most 30 s, and finds what is silent in them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from studio.media.speech_samples import RATE, Samples

WINDOW_SECONDS = 30
WINDOW = WINDOW_SECONDS * RATE
_FRAME = RATE // 20
"""50 ms."""
_SILENCE = 0.001
"""Root mean square (full scale is 1) below which 50 ms count as silent: −60 dB."""
_LEAD = RATE // 5
"""Kept before the first audible frame."""


class Windows:
    """A place in a file's audio, of which only the next 30 s are in memory.

    `blocks`: samples of one channel at `RATE`.
    """

    def __init__(self, blocks: Iterator[Samples]) -> None:
        self._blocks = blocks
        self._samples = np.zeros(0, np.float32)
        self.position = 0
        """Samples before the place."""

    @property
    def seconds(self) -> float:
        """The place in seconds."""
        return self.position / RATE

    def window(self) -> Samples:
        """Return the samples from the place on: 30 s, fewer at the end, none after it."""
        parts, count = [self._samples], len(self._samples)
        while count < WINDOW:
            block = next(self._blocks, None)
            if block is None:
                break
            parts.append(block)
            count += len(block)
        self._samples = np.concatenate(parts)
        return self._samples[:WINDOW]

    def advance(self, count: int) -> None:
        """Move the place forward by at most the window's samples."""
        count = min(count, len(self._samples))
        self._samples = self._samples[count:]
        self.position += count


def silent_start(samples: Samples) -> int:
    """Return how many samples at the beginning are silent; all of them if nothing is audible."""
    audible = np.flatnonzero(_levels(samples) > _SILENCE)
    if not len(audible):
        return len(samples)
    return int(max(0, audible[0] * _FRAME - _LEAD))


def is_silent(samples: Samples) -> bool:
    """Return whether nothing is audible."""
    return not np.any(_levels(samples) > _SILENCE)


def _levels(samples: Samples) -> Samples:
    """Return the root mean square of each 50 ms."""
    count = -(-len(samples) // _FRAME)
    padded = np.zeros(count * _FRAME, np.float32)
    padded[: len(samples)] = samples
    levels: Samples = np.sqrt(np.mean(padded.reshape(count, _FRAME) ** 2, axis=1))
    return levels
