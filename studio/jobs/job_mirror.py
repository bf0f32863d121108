"""The GUI thread's copy of the stored jobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from studio.core.jobs import Job
from studio.jobs.counts import JobCounts
from studio.jobs.queue_signals import QueueSignals


class JobMirror:
    """Listed jobs by id, ordered by position, with counts. Each change emits its signal."""

    def __init__(self, jobs: Iterable[Job], signals: QueueSignals) -> None:
        self._jobs = {job.id: job for job in jobs}
        self._signals = signals
        self.counts = JobCounts(self._jobs.values())

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._jobs

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs.values())

    def get(self, job_id: str) -> Job | None:
        """Return a job, or None."""
        return self._jobs.get(job_id)

    def open_job_ids(self) -> list[str]:
        """Return the ids of jobs that wait or run."""
        return [job.id for job in self if not job.state.over]

    def add(self, jobs: list[Job]) -> None:
        """Add stored jobs: new, restored, or submitted again under their ids."""
        last = next(reversed(self._jobs.values())).position if self._jobs else 0
        resubmitted = [job for job in jobs if job.id in self._jobs]
        self._put(jobs)
        if resubmitted or (jobs and jobs[0].position <= last):
            self._sort()
        if resubmitted:
            self._signals.jobs_changed.emit(resubmitted)
            self._signals.jobs_moved.emit(resubmitted)
            known = {job.id for job in resubmitted}
            jobs = [job for job in jobs if job.id not in known]
        self._signals.jobs_added.emit(jobs)

    def change(self, jobs: list[Job]) -> None:
        """Replace jobs in their new state; ignores jobs that are not listed."""
        listed = [job for job in jobs if job.id in self._jobs]
        self._put(listed)
        if listed:
            self._signals.jobs_changed.emit(listed)

    def cancel(self, cancelled: list[Job], running: list[str]) -> None:
        """Replace cancelled jobs; the running ones end later."""
        self.change(cancelled)
        for job_id in running:
            self._signals.cancel_requested.emit(job_id)

    def move(self, jobs: list[Job]) -> None:
        """Replace jobs at their new positions."""
        self._put([job for job in jobs if job.id in self._jobs])
        self._sort()
        self._signals.jobs_moved.emit(jobs)

    def remove(self, job_ids: list[str]) -> None:
        """Remove jobs; ignores unknown ids."""
        for job_id in job_ids:
            job = self._jobs.pop(job_id, None)
            if job is not None:
                self.counts.remove(job)
        self._signals.jobs_removed.emit(job_ids)

    def _put(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            previous = self._jobs.get(job.id)
            if previous is not None:
                self.counts.remove(previous)
            self._jobs[job.id] = job
            self.counts.add(job)

    def _sort(self) -> None:
        self._jobs = {
            job.id: job for job in sorted(self._jobs.values(), key=lambda job: job.position)
        }
