"""Whether the next job may begin: pauses and limits. Set in the GUI thread, asked in the worker
thread.
"""

from __future__ import annotations

import threading
import time

import msgspec


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run may go before it pauses."""

    jobs: int = 0
    """At most this many more jobs; 0 for all."""
    until: float = 0.0
    """No job begins after this Unix time; 0 for any time."""


class PauseState:
    """Open, or closed with a reason that a person reads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reason: str | None = None
        self._limit = Limit()
        self._left = 0

    @property
    def reason(self) -> str | None:
        """Why it is closed; None where it is open."""
        with self._lock:
            return self._reason

    def close(self, reason: str) -> None:
        """Let no further job begin."""
        with self._lock:
            self._reason = reason

    def open(self) -> None:
        """Let jobs begin; limits that were reached are forgotten."""
        with self._lock:
            self._reason = None
            if self._limit.jobs and not self._left:
                self._limit = msgspec.structs.replace(self._limit, jobs=0)
            if self._limit.until and time.time() >= self._limit.until:
                self._limit = msgspec.structs.replace(self._limit, until=0.0)

    @property
    def limit(self) -> Limit:
        """What holds, with the jobs that are left."""
        with self._lock:
            return msgspec.structs.replace(self._limit, jobs=self._left)

    def set_limit(self, limit: Limit) -> None:
        """Hold to this limit from now on."""
        with self._lock:
            self._limit, self._left = limit, limit.jobs

    def pass_one(self) -> bool:
        """True where one more job may begin; closes where a limit is reached."""
        with self._lock:
            if self._reason is None and self._limit.until and time.time() >= self._limit.until:
                self._reason = "The time that was set is over."
            if self._reason is None and self._limit.jobs and not self._left:
                self._reason = f"The {self._limit.jobs} jobs that were allowed are done."
            return self._reason is None

    def count(self, jobs: int) -> None:
        """So many jobs began."""
        with self._lock:
            self._left = max(0, self._left - jobs)
