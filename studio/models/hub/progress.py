"""The progress of a download, measured by the bytes on disk."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from studio.core.translation import tr
from studio.models.hub.blobs import downloaded_bytes
from studio.models.hub.repository import RemoteFile
from studio.models.install.wheel_download import InstallProgress

WINDOW_SECONDS = 10.0
_FIRST_SECONDS = 2.0
_ENOUGH_BYTES = 1_000_000
"""Bytes to receive before the time left is shown, or a hundredth of all if that is less."""


@dataclass(frozen=True)
class DownloadProgress(InstallProgress):
    """Bytes on disk of the files to download."""

    speed: float = 0.0
    """Bytes a second in the last ten seconds; 0 if unknown."""
    seconds_left: float = -1.0
    """Negative if unknown."""


class Meter:
    """Measures the files of one download."""

    def __init__(
        self, folder: Path, files: Sequence[RemoteFile], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder, self._clock = folder, clock
        self._files = list({file.digest: file for file in files}.values())
        self.total = sum(file.size for file in self._files)
        self._samples: deque[tuple[float, int]] = deque()

    def measure(self, phase: str) -> DownloadProgress:
        """Return the progress now."""
        now, done = self._clock(), sum(downloaded_bytes(self._folder, file) for file in self._files)
        self._samples.append((now, done))
        while now - self._samples[0][0] > WINDOW_SECONDS:
            self._samples.popleft()
        start, before = self._samples[0]
        received = max(0, done - before)
        speed = received / (now - start) if now - start >= _FIRST_SECONDS else 0.0
        left = (
            (self.total - done) / speed
            if speed and received >= min(_ENOUGH_BYTES, self.total / 100)
            else -1.0
        )
        return DownloadProgress(phase, done, self.total, speed, left)


def pace_text(now: InstallProgress) -> str:
    """Return speed and time left, as far as they are known."""
    if not isinstance(now, DownloadProgress) or not now.speed:
        return ""
    speed, left = now.speed, now.seconds_left
    pace = f"{speed / 1e6:.1f} MB/s" if speed >= 1e6 else f"{speed / 1e3:.0f} kB/s"
    if left < 0:
        return pace
    minutes, seconds = divmod(int(left), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        time = tr("{hours} h {minutes:02} min", hours=hours, minutes=minutes)
    else:
        time = tr("{minutes}:{seconds:02} min", minutes=minutes, seconds=seconds)
    return tr("{pace}, {time} left", pace=pace, time=time)
