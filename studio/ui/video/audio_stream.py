"""The audio of a video that plays: a few seconds of samples, and the clock. No Qt."""

from __future__ import annotations

import threading
import time
from collections import deque

from studio.media.video_decoder.messages import BYTES_PER_AUDIO_FRAME, CHANNELS, SAMPLING_RATE

MAX_SECONDS = 60.0
"""The decoder sends far less than this ahead."""


class AudioStream:
    """Samples from `start` on. The device reads it in its own thread; see `audio.device.Samples`.

    `position` is the clock of the video: it moves as the device reads, and evenly in between.
    """

    sampling_rate = SAMPLING_RATE
    channels = CHANNELS

    def __init__(self, start: float, speed: float, volume: float) -> None:
        self.volume = volume
        """0 to 1."""
        self.is_complete = False
        """Nothing more will be appended; then silence follows, and the clock goes on."""
        self._speed = speed
        self._lock = threading.Lock()
        self._blocks: deque[memoryview] = deque()
        self._waiting = 0
        self._read_until = start
        self._read_from = start
        self._read_at = 0.0
        self._is_running = False

    @property
    def position(self) -> float:
        """Seconds in the video of the audio that plays now, about."""
        with self._lock:
            if not self._is_running:
                return self._read_from
            passed = (time.monotonic() - self._read_at) * self._speed
            return min(self._read_until, self._read_from + passed)

    @property
    def seconds_since_read(self) -> float:
        """Seconds since the device last asked for samples."""
        return time.monotonic() - self._read_at

    @property
    def seconds_ahead(self) -> float:
        """Seconds of playback that wait for the device."""
        return self._waiting / BYTES_PER_AUDIO_FRAME / SAMPLING_RATE

    def append(self, block: bytes | bytearray) -> None:
        """Append samples."""
        with self._lock:
            if self.seconds_ahead < MAX_SECONDS:
                self._blocks.append(memoryview(block))
                self._waiting += len(block)

    def touch(self) -> None:
        """Note that the device starts to read."""
        self._read_at = time.monotonic()

    def stop(self) -> None:
        """Stop the clock until the device reads again."""
        position = self.position
        with self._lock:
            self._is_running = False
            self._read_from = position

    def read(self, count: int) -> bytes:
        """Return the next `count` frames; fewer if no more are there yet."""
        with self._lock:
            data = self._take(count * BYTES_PER_AUDIO_FRAME)
            frames = count if self.is_complete else len(data) // BYTES_PER_AUDIO_FRAME
            self._read_from = self._read_until
            self._read_until += frames / SAMPLING_RATE * self._speed
            self._read_at = time.monotonic()
            self._is_running = True
        if self.volume < 1:
            import numpy as np  # in the device's thread: showing a video does not need it

            scaled = np.frombuffer(data, np.int16) * np.float32(self.volume)
            return scaled.astype(np.int16).tobytes()
        return data

    def _take(self, size: int) -> bytes:
        parts = []
        while size > 0 and self._blocks:
            block = self._blocks.popleft()
            if len(block) > size:
                self._blocks.appendleft(block[size:])
                block = block[:size]
            parts.append(block)
            size -= len(block)
            self._waiting -= len(block)
        return b"".join(parts)
