"""The jobs of a batch with their files: counts, and items for the grid. No widgets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from studio.core.artifact import Artifact
from studio.core.jobs import Job, JobState
from studio.core.translation import tr
from studio.ui.stage.result_item import ResultItem, batch_item

MAX_SHOWN = 2_000
"""Rows that are shown; the batch's report has all."""


class BatchResults:
    """The jobs of one kind of a batch, in the order of their rows."""

    def __init__(self, batch: str = "", kind: str = "") -> None:
        self.batch = batch
        self._kind = kind
        self.jobs: dict[str, Job] = {}
        self.files: dict[str, list[Artifact]] = {}
        """The artifacts of each job that has any."""
        self._states: Counter[JobState] = Counter()

    def holds(self, job: Job) -> bool:
        """True for a job of this batch and kind."""
        return bool(self.batch) and job.batch == self.batch and job.request.kind == self._kind

    def add(self, jobs: Iterable[Job]) -> list[ResultItem]:
        """Add jobs, sorted by row, that are missing; return the items of those to be shown."""
        new = [job for job in jobs if self.holds(job) and job.id not in self.jobs]
        new.sort(key=lambda job: (job.row, job.position))
        room = max(0, MAX_SHOWN - len(self.jobs))
        for job in new:
            self.put(job)
        return [self.item(job.id) for job in new[:room]]

    def put(self, job: Job) -> None:
        """Add a job, or replace it by its new state."""
        before = self.jobs.get(job.id)
        if before is not None:
            self._states[before.state] -= 1
        self.jobs[job.id] = job
        self._states[job.state] += 1

    def count(self, *states: JobState) -> int:
        """Return the number of jobs in these states."""
        return sum(self._states[state] for state in states)

    @property
    def open_count(self) -> int:
        """The number of jobs that wait or run."""
        return self.count(JobState.QUEUED, JobState.RUNNING)

    @property
    def folder(self) -> Path | None:
        """The folder of the files."""
        first = next(iter(self.jobs.values()), None)
        return Path(first.target.folder) if first is not None else None

    def ids(self, *states: JobState) -> list[str]:
        """Return the ids of the jobs in these states."""
        return [job.id for job in self.jobs.values() if job.state in states]

    def items(self) -> list[ResultItem]:
        """Return what the grid shows."""
        return [self.item(job_id) for job_id in list(self.jobs)[:MAX_SHOWN]]

    def item(self, job_id: str) -> ResultItem:
        """Return the item of a job."""
        return batch_item(self.jobs[job_id], self.files.get(job_id, []))

    def paths(self, job_ids: Sequence[str]) -> list[Path]:
        """Return the files of these jobs."""
        return [Path(file.path) for job_id in job_ids for file in self.files.get(job_id, [])]

    def summary(self) -> str:
        """Describe how far the batch is."""
        done = self.count(JobState.COMPLETED)
        parts = [tr("{done:,} of {total:,} done", done=done, total=len(self.jobs))]
        if failed := self.count(JobState.FAILED):
            parts.append(tr("{failed:,} failed", failed=failed))
        if cancelled := self.count(JobState.CANCELLED):
            parts.append(tr("{cancelled:,} cancelled", cancelled=cancelled))
        if self.open_count:
            parts.append(tr("{left:,} left", left=self.open_count))
        if len(self.jobs) > MAX_SHOWN:
            parts.append(tr("the first {limit:,} are shown", limit=MAX_SHOWN))
        return " · ".join(parts)
