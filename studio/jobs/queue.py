"""The job queue as the window sees it: waiting, running and finished jobs, with signals.

The journal thread does all database work, in order. Its results arrive in the GUI thread, which
updates the mirror that `jobs()` reads and emits the signals. No method blocks its caller, except
those in the section "For the worker", which only the worker thread calls.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

import msgspec
from PySide6.QtCore import QObject

from studio.core.artifact import Artifact
from studio.core.events import Cancelled, Event, Failed, Finished
from studio.core.jobs import Batch, Job, JobState, new_job
from studio.core.requests import Request
from studio.core.translation import mark
from studio.jobs.counts import JobCounts
from studio.jobs.eta import Estimates
from studio.jobs.job_end import JobEnds
from studio.jobs.job_mirror import JobMirror
from studio.jobs.journal import Journal
from studio.jobs.pause import Limit, PauseState
from studio.jobs.queue_signals import GuiCalls, QueueSignals, bind
from studio.jobs.schedule import NOTHING_LOADED, Model, Places, model_of, moved, run_order
from studio.jobs.store import JobStore
from studio.jobs.store_connection import LOCK_SECONDS

MAX_BATCH = 32
"""The maximum number of jobs that run as one batch."""
CHUNK = 64
"""New jobs per signal, so that 100 000 of them do not block the window."""
PAUSED = mark("The queue is paused.")
"""The reason if the user paused it; English, shown with `tr_marked`."""
IN_USE = mark("Jobs start after nobody has used the computer for three minutes.")
"""The reason if jobs start only while the computer is idle; the same."""


class JobQueue(QueueSignals):
    """Jobs of all kinds in the order in which they run. Lives in the GUI thread."""

    def __init__(self, store: JobStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        store.lock_seconds = LOCK_SECONDS  # the journal thread may wait
        self._gui = GuiCalls(self)
        self._journal = Journal(self._gui, self.failed.emit)
        self._mirror = JobMirror(store.jobs(), self)
        self._cancel_running: Callable[[str], None] = lambda _job_id: None
        self._interrupt_running: Callable[[], None] = lambda: None
        self._wake: Callable[[], None] = lambda: None
        self._pause = PauseState()
        self._loaded: Model | None = None
        past = store.past_runs()
        self.estimates = Estimates(past)
        self.last_used: tuple[str, ...] = (past[-1].kind, past[-1].model) if past else ()
        """Kind and model of the last job completed before this start."""
        self.by_model = True
        """Whether jobs of the same model run together, to load it once."""
        self.batch_jobs = True
        """Whether jobs with the same model and settings run as one batch, with equal results."""
        self.name_template = ""
        """How jobs without a name are named; empty for the prompt and the job's id."""
        self.ends = JobEnds(self, store, self._journal, self._gui, self._pause)
        self.ends.learn = self.estimates.learn

    # Commands of the user; return at once
    # ----------------------------------------------------------------------

    def submit(self, jobs: Sequence[Job], batch: Batch | None = None) -> None:
        """Append jobs; `jobs_added` follows when they are on disk, or `failed` with their ids.

        A finished job that is in the queue runs again under its id, at a new position.
        """

        def write() -> Callable[[], None]:
            stored = self._store.add(jobs, batch)
            self._wake()
            chunks = [stored[at : at + CHUNK] for at in range(0, len(stored), CHUNK)]
            for chunk in chunks[:-1]:
                self._gui.post(bind(self._mirror.add, chunk))
            return bind(self._mirror.add, chunks[-1] if chunks else [])

        self._journal.post(write, [job.id for job in jobs])

    def cancel(self, job_ids: Sequence[str]) -> None:
        """Cancel jobs, waiting or running."""
        ids = list(job_ids)

        def write() -> Callable[[], None]:
            try:
                cancelled, running = self._store.cancel(ids)
            except sqlite3.Error:
                for job_id in ids:  # the running one ends even if this cannot be stored
                    self._cancel_running(job_id)
                raise
            for job_id in running:
                self._cancel_running(job_id)
            self.ends.finish_batches_of(cancelled)
            return lambda: self._mirror.cancel(cancelled, running)

        self._journal.post(write)

    def cancel_all(self) -> None:
        """Cancel every job that waits or runs."""
        self.cancel([job.id for job in self._mirror if not job.state.over])

    def retry(self, job_ids: Sequence[str], folder: str = "") -> None:
        """Run failed or cancelled jobs again with the same seed; save to `folder` if one is set."""
        ids = list(job_ids)

        def write() -> Callable[[], None]:
            requeued = self._store.retry(ids, folder)
            for batch_id in {job.batch for job in requeued if job.batch}:
                self._store.reopen_batch(batch_id)
            self._wake()
            return lambda: self._mirror.change(requeued)

        self._journal.post(write)

    def remove(self, job_ids: Sequence[str]) -> None:
        """Remove jobs from the list, except a running one. Keeps files; `restore` undoes it."""
        ids = list(job_ids)

        def write() -> Callable[[], None]:
            removed = self._store.remove(ids)
            self.ends.finish_batches_of(removed)
            return lambda: self._mirror.remove([job.id for job in removed])

        self._journal.post(write)

    def restore(self, jobs: Sequence[Job]) -> None:
        """List removed jobs again, at their positions."""
        removed = list(jobs)

        def write() -> Callable[[], None]:
            restored = self._store.restore(removed)
            for batch_id in {job.batch for job in restored if job.batch and not job.state.over}:
                self._store.reopen_batch(batch_id)
            self._wake()
            return lambda: self._mirror.add(restored)

        self._journal.post(write)

    def move(self, job_ids: Sequence[str], before: str | None) -> Places:
        """Move waiting jobs before another one, or to the end for None.

        Returns the previous places of all jobs that move, for `place`.
        """
        waiting = self.waiting()
        places = moved(waiting, job_ids, before)
        self.place(places)
        return {job.id: (job.position, job.placed) for job in waiting if job.id in places}

    def place(self, places: Places) -> None:
        """Give waiting jobs these places; `jobs_moved` follows."""

        def write() -> Callable[[], None]:
            stored = self._store.place(places)
            return lambda: self._mirror.move(stored)

        if places:
            self._journal.post(write)

    def replace(
        self, job_id: str, request: Request, folder: str, receive: Callable[[Job, bool], None]
    ) -> None:
        """Replace the request of a waiting job; if it has started or is gone, add a new job.

        Calls `receive` in the GUI thread with the stored job, and whether the waiting one was
        changed. `folder` is the folder of a new job if the old one is unknown.
        """
        job = self._mirror.get(job_id)
        new = new_job(request, job.target.folder if job else folder, template=self.name_template)

        def write() -> Callable[[], None]:
            changed = self._store.replace(_with_request(job, new)) if job else None
            if changed is not None:
                return _both(bind(self._mirror.change, [changed]), lambda: receive(changed, True))
            stored = self._store.add([new])
            self._wake()
            return _both(bind(self._mirror.add, stored), lambda: receive(stored[0], False))

        self._journal.post(write)

    def duplicate(self, job_ids: Sequence[str]) -> None:
        """Append the same requests once more, with the same seeds."""
        jobs = [job for job_id in job_ids if (job := self._mirror.get(job_id))]
        template = self.name_template
        self.submit([new_job(job.request, job.target.folder, template=template) for job in jobs])

    def pause(
        self,
        reason: str = PAUSED,  # not translated: it is when it is shown
        *,
        now: bool = False,
    ) -> None:
        """Start no further job. `now`: also stop the running one, which waits again.

        Its model stays loaded.
        """
        self._pause.pause(reason)
        if now:
            self._interrupt_running()
        self.pause_changed.emit(reason)

    def resume(self) -> None:
        """Let jobs start again."""
        self._pause.resume()
        self._wake()
        self.pause_changed.emit("")

    @property
    def paused(self) -> str:
        """The reason why no further job starts; empty while jobs run."""
        return self._pause.reason or ""

    @property
    def limit(self) -> Limit:
        """When the queue pauses by itself."""
        return self._pause.limit

    def set_limit(self, limit: Limit) -> None:
        """Pause after a number of jobs, or at a time."""
        self._pause.set_limit(limit)

    def finish_ended_batches(self) -> None:
        """Write the reports that are missing after a kill or on a full disk."""
        self._journal.post(lambda: self.ends.finish_batches(self._store.unreported_batches()))

    def find_artifacts(self, job_id: str, receive: Callable[[list[Artifact]], None]) -> None:
        """Look up a job's artifacts; calls `receive` in the GUI thread."""

        def read() -> Callable[[], None]:
            artifacts = self._store.artifacts(job_id)
            return lambda: receive(artifacts)

        self._journal.look_up(read)

    def find_batch_source(self, batch_id: str, receive: Callable[[str], None]) -> None:
        """Look up the file of a batch's rows, "" if unknown; calls `receive` in the GUI thread."""

        def read() -> Callable[[], None]:
            return bind(receive, self._store.batch_source(batch_id))

        self._journal.look_up(read)

    # State, for the GUI thread
    # ----------------------------------------------------------------------

    @property
    def counts(self) -> JobCounts:
        """Counts of `jobs()`."""
        return self._mirror.counts

    def jobs(self) -> list[Job]:
        """Return all listed jobs in order, as last stored."""
        return list(self._mirror)

    def job(self, job_id: str) -> Job | None:
        """Return one job as last stored, or None."""
        return self._mirror.get(job_id)

    def waiting(self) -> list[Job]:
        """Return the waiting jobs in the order of their positions."""
        return [job for job in self._mirror if job.state is JobState.QUEUED]

    def run_order(self) -> list[Job]:
        """Return the waiting jobs in the order in which they will run."""
        return self.order_snapshot()()

    def order_snapshot(self) -> Callable[[], list[Job]]:
        """Return a function for any thread that computes the run order of the current jobs."""
        jobs, loaded, by_model = self.jobs(), self._loaded, self.by_model

        def order() -> list[Job]:
            running = next((model_of(job) for job in jobs if job.state is JobState.RUNNING), loaded)
            waiting = (job for job in jobs if job.state is JobState.QUEUED)
            return run_order(waiting, running, by_model=by_model)

        return order

    def stop_waiting(self) -> None:
        """Stop waiting for a database that refuses changes. Any thread may call this."""
        self._journal.closing.set()
        self._store.closing.set()

    def close(self) -> None:
        """Wait for pending changes and close the database. The worker must have stopped."""
        self._journal.close()
        self._store.close()
        self._gui.close()

    # For the worker; blocks the worker thread
    # ----------------------------------------------------------------------

    def attach_worker(
        self,
        wake: Callable[[], None],
        cancel_running: Callable[[str], None],
        interrupt_running: Callable[[], None],
    ) -> None:
        """Set the functions that wake the worker, cancel its job, or make the job wait again.

        They must be thread-safe.
        """
        self._wake = wake
        self._cancel_running = cancel_running
        self._interrupt_running = interrupt_running

    def take_next(self) -> list[Job]:
        """Mark the next jobs as running, on disk, and return them; several run as one batch.

        Returns [] if no job waits or the queue is paused.
        """
        was_running = self._pause.reason is None
        if not self._pause.may_start():
            if was_running:
                self._gui.post(bind(self.pause_changed.emit, self.paused))
            return []
        most = min(MAX_BATCH, self._pause.limit.jobs or MAX_BATCH) if self.batch_jobs else 1
        loaded = (self._loaded or NOTHING_LOADED) if self.by_model else None
        try:
            jobs = self._journal.run_until_stored(self._store.take_next, loaded, most)
        # boundary: the worker thread must survive until the program ends
        except Exception as error:  # noqa: BLE001
            if not self._journal.closing.is_set():
                self._journal.report(error, self._mirror.open_job_ids)
            return []
        if jobs:
            self._pause.count_started(len(jobs))
            self._loaded = model_of(jobs[0])
            self._gui.post(lambda: self._mirror.change(jobs))
        else:
            self._gui.post(self.idle_reached.emit)
        return jobs

    def handle_event(
        self, job: Job, event: Event, *, interrupted: bool = False, batch_size: int = 1
    ) -> None:
        """Pass an event on; store a terminal one first. Never raises.

        `interrupted`: the program closes or pauses, and the job waits again. `batch_size`: the
        number of jobs that ran as one batch with it, itself included.
        """
        if not isinstance(event, (Finished, Failed, Cancelled)):
            self.job_event.emit(job.id, event)
            return
        stored = self.ends.store(job, event, interrupted=interrupted, batch_size=batch_size)
        if stored is not None:
            self._gui.post(lambda: self._mirror.change([stored]))
        self._gui.post(lambda: self.job_event.emit(job.id, event))
        if job.batch:
            self._journal.post(lambda: self.ends.finish_batches([job.batch]))


def _both(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    def call() -> None:
        first()
        second()

    return call


def _with_request(job: Job, new: Job) -> Job:
    # A batch row keeps its file name.
    target = job.target if job.batch else new.target
    return msgspec.structs.replace(job, request=new.request, target=target)
