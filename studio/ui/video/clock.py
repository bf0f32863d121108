"""The clock of a video without audible audio. No Qt."""

from __future__ import annotations

import time


class Clock:
    """A position that moves with time while it runs."""

    def __init__(self) -> None:
        self._position = 0.0
        self._since = 0.0
        self._is_running = False
        self._speed = 1.0

    @property
    def position(self) -> float:
        """Seconds."""
        if not self._is_running:
            return self._position
        return self._position + (time.monotonic() - self._since) * self._speed

    def start(self) -> None:
        """Move from the current position on."""
        self._position, self._since, self._is_running = self.position, time.monotonic(), True

    def stop(self) -> None:
        """Keep the position."""
        self._position, self._is_running = self.position, False

    def set_position(self, seconds: float) -> None:
        """Continue from another position."""
        self._position, self._since = seconds, time.monotonic()

    def set_speed(self, speed: float) -> None:
        """Move faster or slower from now on."""
        self._position, self._since = self.position, time.monotonic()
        self._speed = speed
