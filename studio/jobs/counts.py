"""Counts of jobs by state and of waiting work, updated with each change of a job.

Counting 100 000 jobs each time would take too long.
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
        """The number of jobs that wait or run."""
        return self.states[JobState.QUEUED] + self.states[JobState.RUNNING]

    @property
    def over(self) -> int:
        """The number of jobs that have ended."""
        return self.states.total() - self.open

    def add(self, job: Job) -> None:
        """Count a job."""
        self._count(job, 1)
        if job.state is JobState.RUNNING:
            self._running[job.id] = job

    def remove(self, job: Job) -> None:
        """Subtract a job, in the state in which it was added."""
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
        """Return the estimated seconds until all jobs are over, and how many have no estimate."""
        waiting, unknown = total_of(paces, self._work)
        running, _unknown = total(paces, (job.request for job in self._running.values()))
        started = min((job.started for job in self._running.values()), default=0.0)
        if started:
            waiting += max(0.0, running - max(0.0, time.time() - started))
        return waiting, unknown
