"""The samples that are played: they grow at the end while the sound device takes them from the
middle. No Qt.
"""

from __future__ import annotations

import bisect
import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.ui.audio.peaks import Peaks

BYTES_PER_SAMPLE = 2


class PlaybackBuffer:
    """Samples as 16-bit numbers (half the memory of float32, and all that the files hold), and the
    place that plays.

    `append`, `seek` and the properties are called in the window's thread, `take` in the sound
    device's. The lock is held for microseconds only.
    """

    def __init__(self, sampling_rate: int, channels: int) -> None:
        self.sampling_rate = sampling_rate
        self.channels = channels
        self.peaks = Peaks()
        self.complete = False
        """Nothing more will be appended."""
        self._lock = threading.Lock()
        self._chunks: list[NDArray[np.int16]] = []
        self._starts: list[int] = []
        self._frames = 0
        self._place = 0
        self._taken = 0.0

    @property
    def frames(self) -> int:
        """How many frames there are so far."""
        return self._frames

    @property
    def place(self) -> int:
        """The frame that the device takes next."""
        return self._place

    @property
    def at_end(self) -> bool:
        """True where everything was taken and nothing more will come."""
        return self.complete and self._place >= self._frames

    @property
    def seconds_since_taken(self) -> float:
        """How long ago the device last asked for samples."""
        return time.monotonic() - self._taken

    def append(self, samples: NDArray[Any]) -> None:
        """Add frames × channels of float32 in −1..1, or of int16."""
        chunk = as_int16(samples).reshape(-1, self.channels)
        self.peaks.append(chunk)
        with self._lock:
            self._starts.append(self._frames)
            self._chunks.append(chunk)
            self._frames += len(chunk)

    def seek(self, frame: int) -> None:
        """Play from this frame on; beyond the ends is the end."""
        with self._lock:
            self._place = max(0, min(frame, self._frames))

    def touch(self) -> None:
        """Count the device's silence from now on."""
        self._taken = time.monotonic()

    def take(self, count: int) -> bytes:
        """Return up to `count` frames from the place that plays, and move on. Fewer where no more
        are there yet.
        """
        with self._lock:
            self._taken = time.monotonic()
            parts, wanted = [], min(count, self._frames - self._place)
            number = bisect.bisect_right(self._starts, self._place) - 1
            while wanted > 0:
                start = self._place - self._starts[number]
                part = self._chunks[number][start : start + wanted]
                parts.append(part.tobytes())
                self._place += len(part)
                wanted -= len(part)
                number += 1
        return b"".join(parts)


def as_int16(samples: NDArray[Any]) -> NDArray[np.int16]:
    """Return float samples in −1..1 (clipped; NaN becomes silence) as 16-bit ones; 16-bit ones as
    they are.
    """
    if samples.dtype == np.int16:
        return samples
    return np.asarray(np.clip(np.nan_to_num(samples), -1, 1) * 32767, np.int16)
