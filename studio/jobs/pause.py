"""Pauses and limits of the queue. The GUI thread sets them, the worker thread asks."""

from __future__ import annotations

import threading
import time

import msgspec

from studio.core.translation import tr, tr_plural


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """When the queue pauses by itself."""

    jobs: int = 0
    """After this many more jobs; 0 for no limit."""
    until: float = 0.0
    """At this Unix time; 0 for no limit."""


class PauseState:
    """Whether the next job may start; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reason: str | None = None
        self._limit = Limit()
        self._jobs_left = 0

    @property
    def reason(self) -> str | None:
        """The reason for the pause, for the user; None while jobs run."""
        with self._lock:
            return self._reason

    def pause(self, reason: str) -> None:
        """Start no further job."""
        with self._lock:
            self._reason = reason

    def resume(self) -> None:
        """Let jobs start; clears limits that were reached."""
        with self._lock:
            self._reason = None
            if self._limit.jobs and not self._jobs_left:
                self._limit = msgspec.structs.replace(self._limit, jobs=0)
            if self._limit.until and time.time() >= self._limit.until:
                self._limit = msgspec.structs.replace(self._limit, until=0.0)

    @property
    def limit(self) -> Limit:
        """The current limit, with the number of jobs that are left."""
        with self._lock:
            return msgspec.structs.replace(self._limit, jobs=self._jobs_left)

    def set_limit(self, limit: Limit) -> None:
        """Replace the limit."""
        with self._lock:
            self._limit, self._jobs_left = limit, limit.jobs

    def may_start(self) -> bool:
        """Return whether one more job may start; pauses at a limit."""
        with self._lock:
            if self._reason is None and self._limit.until and time.time() >= self._limit.until:
                self._reason = tr("The time limit is reached.")
            if self._reason is None and self._limit.jobs and not self._jobs_left:
                self._reason = tr_plural(
                    "The limit of one job is reached.",
                    "The limit of {count} jobs is reached.",
                    self._limit.jobs,
                )
            return self._reason is None

    def count_started(self, jobs: int) -> None:
        """Subtract started jobs from the limit."""
        with self._lock:
            self._jobs_left = max(0, self._jobs_left - jobs)
