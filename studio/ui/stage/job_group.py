"""The jobs that a stage follows: one, or several that run as one batch."""

from __future__ import annotations

import msgspec

from studio.core.events import Progress
from studio.core.jobs import Job, JobState
from studio.core.translation import mark, tr, tr_marked

MAX_SEEDS = 8
"""Of a batch, that the summary lists."""
_STEPS = {
    "step": mark("Step {step} of {total}"),
    "token": mark("Token {step} of {total}"),
    "sample": mark("Sample {step} of {total}"),
    "sentence": mark("Sentence {step} of {total}"),
    "bar": mark("Bar {step} of {total}"),
    "part": mark("Part {step} of {total}"),
    "tile": mark("Tile {step} of {total}"),
}
"""Unit of `Progress` → how far a job is."""


class JobGroup:
    """Jobs by id in the order of their results, with the progress of each."""

    def __init__(self, *jobs: Job) -> None:
        self.jobs = {job.id: job for job in jobs}
        self._progress: dict[str, Progress] = {}

    def __len__(self) -> int:
        return len(self.jobs)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self.jobs

    @property
    def first(self) -> Job | None:
        """The job that was added first, or None."""
        return next(iter(self.jobs.values()), None)

    @property
    def is_over(self) -> bool:
        """True if no job waits or runs."""
        return all(job.state.over for job in self.jobs.values())

    @property
    def is_running(self) -> bool:
        """True if a job runs."""
        return any(job.state is JobState.RUNNING for job in self.jobs.values())

    def put(self, job: Job) -> None:
        """Add a job, or replace it by its new state."""
        self.jobs[job.id] = job

    def update_progress(self, job_id: str, event: Progress) -> Progress:
        """Record the progress of a job; return the progress of all as one, without a preview."""
        self._progress[job_id] = event
        steps = 0
        for job in self.jobs.values():
            own = self._progress.get(job.id)
            steps += event.total if job.state.over else own.step if own is not None else 0
        return msgspec.structs.replace(
            event, step=steps, total=event.total * len(self.jobs), preview=None
        )

    def summary(self) -> str:
        """Describe the end of several jobs: how many are done, and their seeds."""
        jobs = self.jobs.values()
        done = [job for job in jobs if job.state is JobState.COMPLETED]
        failed = sum(job.state is JobState.FAILED for job in jobs)
        parts = [tr("{done} of {total} jobs done", done=len(done), total=len(jobs))]
        parts += [tr("{failed:,} failed", failed=failed)] if failed else []
        if done:
            seeds = ", ".join(str(job.request.seed) for job in done[:MAX_SEEDS])
            more = " …" if len(done) > MAX_SEEDS else ""
            parts.append(tr("seeds {seeds}", seeds=seeds + more))
        return " · ".join(parts)


def steps_text(event: Progress, seconds: float) -> str:
    """Say how far a job is that has run for some seconds, and how long it still takes."""
    left = seconds / event.step * (event.total - event.step) if event.step else 0
    steps = tr_marked(_STEPS.get(event.unit, _STEPS["step"]))
    return " · ".join(
        (
            steps.format(step=event.step, total=event.total),
            tr("about {seconds:.0f} s left", seconds=left),
        )
    )
