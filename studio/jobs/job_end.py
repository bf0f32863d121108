"""What is stored and written when a job or a batch ends."""

from __future__ import annotations

import time
from collections.abc import Callable

from studio.batch.output.finished_batch import FinishedBatch
from studio.core.errors import Failure
from studio.core.events import Cancelled, Failed, Finished
from studio.core.jobs import Batch, Job, JobState
from studio.jobs.eta import PastRun
from studio.jobs.schedule import model_of
from studio.jobs.store import MAX_CRASHES, JobStore
from studio.jobs.store_connection import reason_for

WriteReport = Callable[[FinishedBatch], object]


def run_of(job: Job, batch_size: int) -> PastRun:
    """Return a completed job's share of the time of its batch."""
    seconds = max(0.0, time.time() - job.started) / batch_size
    return PastRun(*model_of(job), job.request.work, seconds)


def store_end(
    store: JobStore, job: Job, event: Finished | Failed | Cancelled, run: PastRun | None
) -> Job | None:
    """Store the end of a job, or queue it again after its first crash; return it as stored.

    Call in the journal thread. Returns None if the job was removed meanwhile.
    """
    if isinstance(event, Finished):
        return store.end(job.id, JobState.COMPLETED, artifacts=event.artifacts, past=run)
    if isinstance(event, Cancelled):
        return store.end(job.id, JobState.CANCELLED, artifacts=event.artifacts)
    if event.failure.cause == "crash" and job.crashes + 1 < MAX_CRASHES:
        return store.requeue(job.id, crashed=True)
    failure = _explain_crash(event.failure, job)
    return store.end(job.id, JobState.FAILED, failure=failure, artifacts=event.artifacts)


def _explain_crash(failure: Failure, job: Job) -> Failure:
    if failure.cause != "crash":
        return failure
    return Failure(
        cause="crash",
        message=f"The job was set aside: the engine crashed {job.crashes + 1} times while "
        f"running it. {failure.message}",
        cure=failure.cure or "Try smaller settings or another model; Retry runs it once more.",
        details=failure.details,
    )


def unstored_failure(job: Job, error: Exception) -> Failure:
    """Return the failure of a job whose end the database refused."""
    return Failure(
        cause="unknown",
        message=f"The end of this job could not be stored: {reason_for(error)}.",
        cure=f"Its files are in {job.target.folder}.".encode(errors="replace").decode(),
    )


def finish_batch(store: JobStore, batch: Batch, write_report: WriteReport | None) -> None:
    """Write a batch's report, then mark the batch as finished: a kill in between is safe."""
    rows = store.jobs("WHERE batch = ?", (batch.id,))
    if write_report is not None:
        artifacts = {row.id: store.artifacts(row.id) for row in rows}
        write_report(FinishedBatch(batch, rows, artifacts))
    store.mark_finished(batch.id)
