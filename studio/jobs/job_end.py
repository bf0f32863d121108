"""What is stored and written when a job or a batch ends."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence

import msgspec

from studio.batch.output.finished_batch import FinishedBatch
from studio.core.errors import Failure
from studio.core.events import Cancelled, Failed, Finished
from studio.core.jobs import Batch, Job, JobState
from studio.core.translation import tr
from studio.jobs.eta import PastRun
from studio.jobs.journal import Journal
from studio.jobs.pause import PauseState
from studio.jobs.queue_signals import GuiCalls, QueueSignals, bind
from studio.jobs.schedule import model_of
from studio.jobs.store import MAX_CRASHES, JobStore
from studio.jobs.store_connection import reason_for

log = logging.getLogger(__name__)
End = Finished | Failed | Cancelled
WriteReport = Callable[[FinishedBatch], object]


class JobEnds:
    """Stores how jobs end, and writes the reports of batches that are over."""

    def __init__(
        self,
        signals: QueueSignals,
        store: JobStore,
        journal: Journal,
        gui: GuiCalls,
        pause: PauseState,
    ) -> None:
        self._signals = signals
        self._store = store
        self._journal = journal
        self._gui = gui
        self._pause = pause
        self.learn: Callable[[PastRun], None] = lambda _run: None
        """Gets the time of each completed job, in the GUI thread."""
        self.pause_on_disk = False
        """Whether a batch row that cannot be saved pauses the queue instead of failing."""
        self.write_report: WriteReport | None = None
        """Writes the report of a batch that is over; called in the journal thread."""

    def store(self, job: Job, event: End, *, interrupted: bool, batch_size: int) -> Job | None:
        """Store the end of a job, however long that takes; return the job as stored.

        Returns None if the job was removed meanwhile, or the queue closes. Never raises.
        """
        try:
            return self._journal.run_until_stored(
                self._store_end, job, event, interrupted, batch_size
            )
        # boundary: a job whose end cannot be stored must not stop the others
        except Exception as error:  # noqa: BLE001
            # On closing, the next start settles the job by its files.
            return None if self._journal.closing.is_set() else self._fail_unstored(job, error)

    def _fail_unstored(self, job: Job, error: Exception) -> Job:
        """Return the job as failed, stored if possible. Its files stay."""
        self._journal.report(error)
        failure = _unstored_failure(job, error)
        try:
            stored = self._journal.submit(
                lambda: self._store.end(job.id, JobState.FAILED, failure=failure)
            ).result()
        except sqlite3.Error:
            log.exception("job %s stays marked as running until the next start", job.id)
            stored = None
        return stored or msgspec.structs.replace(job, state=JobState.FAILED, failure=failure)

    # In the journal thread
    # ----------------------------------------------------------------------

    def _store_end(self, job: Job, event: End, interrupted: bool, batch_size: int) -> Job | None:
        if interrupted and isinstance(event, Cancelled):
            return self._store.requeue(job.id)
        # `unsaved` only: a file name that is taken would stop the queue for ever.
        if isinstance(event, Failed) and event.failure.unsaved and job.batch and self.pause_on_disk:
            requeued = self._store.requeue(job.id)
            reason = event.failure.message
            self._pause.pause(reason)
            self._gui.post(bind(self._signals.disk_refused.emit, job.target.folder))
            self._gui.post(bind(self._signals.pause_changed.emit, reason))
            return requeued
        if isinstance(event, Finished):
            run = _run_of(job, batch_size)
            self._gui.post(bind(self.learn, run))
            return self._store.end(job.id, JobState.COMPLETED, artifacts=event.artifacts, past=run)
        if isinstance(event, Cancelled):
            return self._store.end(job.id, JobState.CANCELLED, artifacts=event.artifacts)
        if event.failure.cause == "crash" and job.crashes + 1 < MAX_CRASHES:
            return self._store.requeue(job.id, crashed=True)
        failure = _explain_crash(event.failure, job)
        return self._store.end(job.id, JobState.FAILED, failure=failure, artifacts=event.artifacts)

    def finish_batches_of(self, jobs: Sequence[Job]) -> None:
        """Write the reports of the jobs' batches that are over."""
        self.finish_batches({job.batch for job in jobs if job.batch})

    def finish_batches(self, batch_ids: Iterable[str]) -> Callable[[], None]:
        """Write the reports of those batches that are over; the next start retries failures."""
        for batch_id in batch_ids:
            batch = self._store.ended_batch(batch_id)
            if batch is not None:
                try:
                    self._finish_batch(batch)
                # boundary: a fault in a report must not stop the queue
                except Exception as error:  # noqa: BLE001
                    self._journal.report(error)
                self._gui.post(bind(self._signals.batch_finished.emit, batch))
        return lambda: None

    def _finish_batch(self, batch: Batch) -> None:
        """Write a batch's report, then mark the batch as finished: a kill in between is safe."""
        rows = self._store.jobs("WHERE batch = ?", (batch.id,))
        if self.write_report is not None:
            artifacts = {row.id: self._store.artifacts(row.id) for row in rows}
            self.write_report(FinishedBatch(batch, rows, artifacts))
        self._store.mark_finished(batch.id)


def _run_of(job: Job, batch_size: int) -> PastRun:
    """Return a completed job's share of the time of its batch."""
    seconds = max(0.0, time.time() - job.started) / batch_size
    return PastRun(*model_of(job), job.request.work, seconds)


def _explain_crash(failure: Failure, job: Job) -> Failure:
    if failure.cause != "crash":
        return failure
    return Failure(
        cause="crash",
        message=tr(
            "The job was set aside: the engine crashed {count} times while running it. {message}",
            count=job.crashes + 1,
            message=failure.message,
        ),
        cure=failure.cure or tr("Try smaller settings or another model; Retry runs it once more."),
        details=failure.details,
    )


def _unstored_failure(job: Job, error: Exception) -> Failure:
    """Return the failure of a job whose end the database refused."""
    return Failure(
        cause="unknown",
        message=tr("The end of this job could not be stored: {reason}.", reason=reason_for(error)),
        cure=tr("Its files are in {folder}.", folder=job.target.folder)
        .encode(errors="replace")
        .decode(),
    )
