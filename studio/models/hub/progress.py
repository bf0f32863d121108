"""How far a download is: told by the bytes that are on disk, and by nothing else."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from studio.models.hub.blobs import bytes_there
from studio.models.hub.repository import RemoteFile
from studio.models.install.wheel_download import InstallProgress

WINDOW_SECONDS = 10.0
_FIRST_SECONDS = 2.0
_ENOUGH_BYTES = 1_000_000
"""From so many in the window on, or a hundredth of all, it is told how long the rest takes: small
files say nothing about it.
"""


@dataclass(frozen=True)
class DownloadProgress(InstallProgress):
    """Bytes on disk of all that is wanted."""

    speed: float = 0.0
    """Bytes a second in the last ten seconds; 0 where it is not known."""
    seconds_left: float = -1.0
    """Below 0 where it is not known."""


class Meter:
    """Measures the files of one download."""

    def __init__(
        self, folder: Path, files: Sequence[RemoteFile], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder, self._clock = folder, clock
        self._files = list({file.digest: file for file in files}.values())
        self.total = sum(file.size for file in self._files)
        self._seen: deque[tuple[float, int]] = deque()

    def measure(self, phase: str) -> DownloadProgress:
        """Return how far it is now."""
        now, done = self._clock(), sum(bytes_there(self._folder, file) for file in self._files)
        self._seen.append((now, done))
        while now - self._seen[0][0] > WINDOW_SECONDS:
            self._seen.popleft()
        begun, before = self._seen[0]
        moved = max(0, done - before)
        speed = moved / (now - begun) if now - begun >= _FIRST_SECONDS else 0.0
        left = (
            (self.total - done) / speed
            if speed and moved >= min(_ENOUGH_BYTES, self.total / 100)
            else -1.0
        )
        return DownloadProgress(phase, done, self.total, speed, left)


def pace_text(now: InstallProgress) -> str:
    """Return speed and time left, where they are known."""
    if not isinstance(now, DownloadProgress) or not now.speed:
        return ""
    speed, left = now.speed, now.seconds_left
    pace = f"{speed / 1e6:.1f} MB/s" if speed >= 1e6 else f"{speed / 1e3:.0f} kB/s"
    if left < 0:
        return pace
    minutes, seconds = divmod(int(left), 60)
    hours, minutes = divmod(minutes, 60)
    time = f"{hours} h {minutes:02} min" if hours else f"{minutes}:{seconds:02} min"
    return f"{pace}, {time} left"
