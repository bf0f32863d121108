"""The lowest and highest sample of each small part of audio, to draw a waveform from. No Qt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FRAMES_PER_BIN = 256
"""An hour at 24 kHz is 337,500 bins; numpy reduces them to a screen's width in a millisecond."""


class Peaks:
    """Minimum and maximum per bin of frames; all channels together."""

    def __init__(self) -> None:
        self._bins = np.empty((2, 1024), np.int16)  # row 0: lowest, row 1: highest
        self._count = 0
        self._pending = np.empty(0, np.int16)
        self._channels = 1
        self.frames = 0

    def append(self, samples: NDArray[np.int16]) -> None:
        """Append samples, frames × channels."""
        self._channels = samples.shape[1]
        self.frames += len(samples)
        flat = np.concatenate([self._pending, samples.reshape(-1)])
        size = FRAMES_PER_BIN * self._channels
        whole = len(flat) // size
        self._pending = flat[whole * size :].copy()
        if whole:
            blocks = flat[: whole * size].reshape(whole, size)
            self._reserve(whole)
            self._bins[0, self._count : self._count + whole] = blocks.min(axis=1)
            self._bins[1, self._count : self._count + whole] = blocks.max(axis=1)
            self._count += whole

    def columns(self, width: int) -> NDArray[np.float32]:
        """Return the lowest and highest value, in −1..1, of `width` equal parts: 2 × width."""
        bins = self._bins[:, : self._count]
        if len(self._pending):
            bins = np.concatenate([bins, [[self._pending.min()], [self._pending.max()]]], axis=1)
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

    def _reserve(self, more: int) -> None:
        if self._count + more > self._bins.shape[1]:
            larger = np.empty((2, 2 * (self._count + more)), np.int16)
            larger[:, : self._count] = self._bins[:, : self._count]
            self._bins = larger
