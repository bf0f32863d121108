"""How many jobs are in which state and how much work waits: counted as jobs change, because 100 000
are not counted in time.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

from studio.core.jobs import Job, JobState
from studio.jobs.eta import Paces, Size, size_of, total, total_of


class JobCounts:
    """Counts of a list of jobs."""

    def __init__(self, jobs: Iterable[Job] = ()) -> None:
        self.states: Counter[JobState] = Counter()
        self._work: dict[Size, tuple[int, float]] = {}
        self._running: dict[str, Job] = {}
        for job in jobs:
            self.add(job)

    @property
    def open(self) -> int:
        """How many jobs are not over."""
        return self.states[JobState.QUEUED] + self.states[JobState.RUNNING]

    @property
    def over(self) -> int:
        """How many are."""
        return self.states.total() - self.open

    def add(self, job: Job) -> None:
        """Count a job."""
        self._count(job, 1)
        if job.state is JobState.RUNNING:
            self._running[job.id] = job

    def remove(self, job: Job) -> None:
        """Count it no more; in the state in which it was counted."""
        self._count(job, -1)
        self._running.pop(job.id, None)

    def _count(self, job: Job, by: int) -> None:
        self.states[job.state] += by
        if job.state is JobState.QUEUED:
            size = size_of(job.request)
            count, work = self._work.get(size, (0, 0.0))
            if count + by:
                self._work[size] = count + by, work + by * job.request.work
            else:
                del self._work[size]

    def left(self, paces: Paces) -> tuple[float, int]:
        """Return the likely seconds until all is over, and of how many jobs nothing is known."""
        waiting, unknown = total_of(paces, self._work)
        running, _unknown = total(paces, (job.request for job in self._running.values()))
        begun = min((job.started for job in self._running.values()), default=0.0)
        return waiting + (
            max(0.0, running - max(0.0, time.time() - begun)) if begun else 0.0
        ), unknown
