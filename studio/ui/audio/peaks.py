"""The lowest and highest sample of every small stretch of a sound: what a waveform is drawn from.
No Qt.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FRAMES_PER_BIN = 256
"""An hour at 24 kHz is 337,500 bins, which numpy reduces to a screen's width in a millisecond."""


class Peaks:
    """Grows with the sound. Both channels of a stereo sound go into one curve."""

    def __init__(self) -> None:
        self._bins = np.empty((2, 1024), np.int16)  # row 0: lowest, row 1: highest
        self._count = 0
        self._rest = np.empty(0, np.int16)
        self._channels = 1
        self.frames = 0

    def append(self, samples: NDArray[np.int16]) -> None:
        """Take the next frames × channels."""
        self._channels = samples.shape[1]
        self.frames += len(samples)
        flat = np.concatenate([self._rest, samples.reshape(-1)])
        size = FRAMES_PER_BIN * self._channels
        whole = len(flat) // size
        self._rest = flat[whole * size :].copy()
        if whole:
            blocks = flat[: whole * size].reshape(whole, size)
            self._make_room(whole)
            self._bins[0, self._count : self._count + whole] = blocks.min(axis=1)
            self._bins[1, self._count : self._count + whole] = blocks.max(axis=1)
            self._count += whole

    def columns(self, width: int) -> NDArray[np.float32]:
        """Return 2 × width: the lowest and highest value, in −1..1, of each of `width` equal
        stretches of the whole sound.
        """
        bins = self._bins[:, : self._count]
        if len(self._rest):
            bins = np.concatenate([bins, [[self._rest.min()], [self._rest.max()]]], axis=1)
        count = bins.shape[1]
        if not count or width <= 0:
            return np.zeros((2, max(0, width)), np.float32)
        edges = np.arange(width) * count // width
        if count < width:
            reduced = bins[:, edges]
        else:
            reduced = np.stack(
                [np.minimum.reduceat(bins[0], edges), np.maximum.reduceat(bins[1], edges)]
            )
        return np.asarray(reduced / 32768, np.float32)

    def _make_room(self, more: int) -> None:
        if self._count + more > self._bins.shape[1]:
            larger = np.empty((2, 2 * (self._count + more)), np.int16)
            larger[:, : self._count] = self._bins[:, : self._count]
            self._bins = larger
