"""Audio samples for playback: appended while they are generated, read by the device. No Qt."""

from __future__ import annotations

import bisect
import threading
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.ui.audio.peaks import Peaks


class PlaybackBuffer:
    """Samples as int16 (half the memory of float32, and what the files hold), and a position.

    `append`, `seek` and the properties are called in the GUI thread, `read` in the audio device's.
    The lock is held for microseconds only.
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
        self._position = 0
        self._last_read = 0.0

    @property
    def frames(self) -> int:
        """Number of frames appended so far."""
        return self._frames

    @property
    def position(self) -> int:
        """The frame that the device reads next."""
        return self._position

    @property
    def at_end(self) -> bool:
        """True if the buffer is complete and all of it was read."""
        return self.complete and self._position >= self._frames

    @property
    def seconds_since_read(self) -> float:
        """Seconds since the device last asked for samples."""
        return time.monotonic() - self._last_read

    def append(self, samples: NDArray[Any]) -> None:
        """Append samples, frames × channels: float32 in −1..1, or int16."""
        chunk = as_int16(samples).reshape(-1, self.channels)
        self.peaks.append(chunk)
        with self._lock:
            self._starts.append(self._frames)
            self._chunks.append(chunk)
            self._frames += len(chunk)

    def seek(self, frame: int) -> None:
        """Continue from this frame; values outside the buffer are clipped to it."""
        with self._lock:
            self._position = max(0, min(frame, self._frames))

    def touch(self) -> None:
        """Restart the count of `seconds_since_read`."""
        self._last_read = time.monotonic()

    def read(self, count: int) -> bytes:
        """Return the next `count` frames and advance; fewer if no more were appended yet."""
        with self._lock:
            self._last_read = time.monotonic()
            parts, remaining = [], min(count, self._frames - self._position)
            index = bisect.bisect_right(self._starts, self._position) - 1
            while remaining > 0:
                start = self._position - self._starts[index]
                part = self._chunks[index][start : start + remaining]
                parts.append(part.tobytes())
                self._position += len(part)
                remaining -= len(part)
                index += 1
        return b"".join(parts)


def as_int16(samples: NDArray[Any]) -> NDArray[np.int16]:
    """Convert float samples (clipped to −1..1, NaN to 0) to int16; return int16 unchanged."""
    if samples.dtype == np.int16:
        return samples
    return np.asarray(np.clip(np.nan_to_num(samples), -1, 1) * 32767, np.int16)
