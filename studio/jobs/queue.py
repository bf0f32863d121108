"""The queue as the window sees it: what waits, what runs, what is done, and signals that say what
changed.

All database work happens in one journal thread, in order; what it returns comes home to the GUI
thread through `_stored`, which updates the mirror that `jobs()` reads and then tells the world.
Nothing here blocks the thread that calls it, except the methods in the section "for the worker",
which only the worker thread calls.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from studio.batch.output.finished_batch import FinishedBatch
from studio.core.artifact import Artifact
from studio.core.errors import Failure, StudioError
from studio.core.events import Cancelled, Event, Failed, Finished
from studio.core.jobs import Batch, Job, JobState, new_job
from studio.core.requests import Request
from studio.jobs.counts import JobCounts
from studio.jobs.eta import Estimates, PastRun
from studio.jobs.pause import Limit, PauseState
from studio.jobs.schedule import NOTHING_LOADED, Model, Places, model_of, moved, run_order
from studio.jobs.store import LOCK_SECONDS, MAX_CRASHES, JobStore, reason_for

T = TypeVar("T")
log = logging.getLogger(__name__)
TOGETHER = 32
"""Jobs that run as one batch at most."""
PIECE = 64
"""New jobs that are told at a time."""
TELL_SECONDS = 0.002
RETRY_SECONDS = 1.0
"""How soon a change that the worker needs is tried again while the database refuses it."""
PAUSED = "The queue is paused."
"""The reason where a person did it."""
IN_USE = "Jobs run when nobody has used the computer for three minutes."
"""The reason where jobs begin only while the computer is idle."""


class JobQueue(QObject):
    """Jobs of all kinds in the order in which they run. Lives in the GUI thread."""

    jobs_added = Signal(list)
    """list[Job], stored on disk."""
    jobs_changed = Signal(list)
    """list[Job], each in its new state, stored on disk."""
    jobs_removed = Signal(list)
    """list[str], the ids of jobs that are no longer listed."""
    jobs_moved = Signal(list)
    """list[Job], with their new places; `jobs()` has the new order."""
    pause_changed = Signal(str)
    """The reason why no further job begins, or empty: jobs run."""
    disk_refused = Signal(str)
    """The folder that could not be written, where `pause_on_disk` paused the queue; before
    `pause_changed`.
    """
    job_event = Signal(str, object)
    """(job id, Event): everything that the engine says about the running job. The terminal event
    comes after the job's new state is stored and its artifacts are indexed, and after
    `jobs_changed`."""
    cancel_wished = Signal(str)
    """Job id: the person's cancel of the running job was passed on to the engine; it ends soon."""
    batch_finished = Signal(object)
    """Batch whose last job is over (its report is written)."""
    idle_reached = Signal()
    """The last waiting job is over."""
    failed = Signal(str, list)
    """The queue itself could not do something (disk full, database damaged): a sentence for a
    person, and list[str], the ids of jobs that will not run because of it. Those were submitted and
    are not in the queue, or the queue cannot be read any more."""

    _stored = Signal(object)

    def __init__(self, store: JobStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        store.lock_seconds = LOCK_SECONDS  # in the journal thread nobody waits
        self._journal = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        self._mirror: dict[str, Job] = {job.id: job for job in store.jobs()}
        self.tally = JobCounts(self._mirror.values())
        """Counts of `jobs()`."""
        self._cancel_running: Callable[[str], None] = lambda _job_id: None
        self._interrupt_running: Callable[[], None] = lambda: None
        self._wake: Callable[[], None] = lambda: None
        self._gate = PauseState()
        self._loaded: Model | None = None
        self.closing = threading.Event()
        """Set from any thread when the session closes: nothing waits for the database any more."""
        self._untold: deque[Callable[[], None]] = deque()
        self._tells_later = False
        past = store.past_runs()
        self.estimates = Estimates(past)
        self.last_used: tuple[str, ...] = (past[-1].kind, past[-1].model) if past else ()
        """Kind and model of the job that was completed last, before this start."""
        self.by_model = True
        """Whether jobs that share a model run together, so that it is loaded once."""
        self.together = True
        """Whether waiting jobs that share model and settings run as one batch, each with the result
        that it has alone.
        """
        self.pause_on_disk = False
        """Whether a row of a batch that cannot be saved pauses the queue and waits, instead of
        failing.
        """
        self.finish_batch: Callable[[FinishedBatch], object] | None = None
        """Called in the journal thread when a batch is over; writes its report."""
        self._stored.connect(self._on_stored)

    # What a person does; returns at once
    # ----------------------------------------------------------------------

    def submit(self, jobs: Sequence[Job], batch: Batch | None = None) -> None:
        """Append jobs; `jobs_added` follows when they are on disk, or `failed` with their ids.

        A job that is in the queue already, and over, runs again under its id and takes a new place.
        """
        ids = [job.id for job in jobs]

        def write() -> Callable[[], None]:
            placed = self._store.add(jobs, batch)
            self._wake()
            pieces = [placed[at : at + PIECE] for at in range(0, len(placed), PIECE)]
            for piece in pieces[:-1]:
                self._stored.emit(_call(self._tell_added, piece))
            return _call(self._tell_added, pieces[-1] if pieces else [])

        self._post(write, ids)

    def cancel(self, job_ids: Sequence[str]) -> None:
        """Cancel jobs, waiting or running."""
        ids = list(job_ids)

        def write() -> Callable[[], None]:
            try:
                cancelled, running = self._store.cancel(ids)
            except sqlite3.Error:
                for job_id in ids:  # what runs ends all the same
                    self._cancel_running(job_id)
                raise
            for job_id in running:
                self._cancel_running(job_id)
            self._settle_batches(cancelled)
            return lambda: self._tell_cancelled(cancelled, running)

        self._post(write)

    def cancel_all(self) -> None:
        """Cancel every job that waits or runs."""
        self.cancel([job.id for job in self._mirror.values() if not job.state.over])

    def retry(self, job_ids: Sequence[str], folder: str = "") -> None:
        """Run failed or cancelled jobs again with the same seed; `folder` saves them to another
        place.
        """
        ids = list(job_ids)

        def write() -> Callable[[], None]:
            again = self._store.retry(ids, folder)
            for batch_id in {job.batch for job in again if job.batch}:
                self._store.reopen_batch(batch_id)
            self._wake()
            return lambda: self._tell_changed(again)

        self._post(write)

    def remove(self, job_ids: Sequence[str]) -> None:
        """Take jobs that do not run from the list; their files stay. `restore` undoes it."""
        ids = list(job_ids)

        def write() -> Callable[[], None]:
            removed = self._store.remove(ids)
            self._settle_batches(removed)
            return lambda: self._tell_removed([job.id for job in removed])

        self._post(write)

    def restore(self, jobs: Sequence[Job]) -> None:
        """List removed jobs again, where they were."""
        again = list(jobs)

        def write() -> Callable[[], None]:
            back = self._store.restore(again)
            for batch_id in {job.batch for job in back if job.batch and not job.state.over}:
                self._store.reopen_batch(batch_id)
            self._wake()
            return lambda: self._tell_added(back)

        self._post(write)

    def move(self, job_ids: Sequence[str], before: str | None) -> Places:
        """Let waiting jobs run before another one, None at the end. Returns the places that they
        and others had, for `place`.
        """
        waiting = self.waiting()
        places = moved(waiting, job_ids, before)
        self.place(places)
        return {job.id: (job.position, job.placed) for job in waiting if job.id in places}

    def place(self, places: Places) -> None:
        """Give waiting jobs these places; `jobs_moved` follows."""

        def write() -> Callable[[], None]:
            now = self._store.place(places)
            return lambda: self._tell_moved(now)

        if places:
            self._post(write)

    def replace(
        self, job_id: str, request: Request, folder: str, receive: Callable[[Job, bool], None]
    ) -> None:
        """Give a waiting job another request. Where it has begun or was removed meanwhile, the
        request becomes a new job.

        `receive` is called in the GUI thread with the job as it is stored, and whether the waiting
        job was changed. `folder` is where a new job's results go where nothing is known about the
        old one any more.
        """
        job = self._mirror.get(job_id)
        new = new_job(request, job.target.folder if job else folder)

        def write() -> Callable[[], None]:
            changed = self._store.replace(_with_request(job, new)) if job else None
            if changed is not None:
                return _both(_call(self._tell_changed, [changed]), lambda: receive(changed, True))
            placed = self._store.add([new])
            self._wake()
            return _both(_call(self._tell_added, placed), lambda: receive(placed[0], False))

        self._post(write)

    def duplicate(self, job_ids: Sequence[str]) -> None:
        """Append the same requests once more, with the same seeds."""
        again = [new_job(job.request, job.target.folder) for job in self._chosen(job_ids)]
        self.submit(again)

    def pause(self, reason: str = PAUSED, *, now: bool = False) -> None:
        """Let no further job begin. With `now`, the running one stops and waits again; its model
        stays loaded.
        """
        self._gate.close(reason)
        if now:
            self._interrupt_running()
        self.pause_changed.emit(reason)

    def resume(self) -> None:
        """Go on."""
        self._gate.open()
        self._wake()
        self.pause_changed.emit("")

    @property
    def paused(self) -> str:
        """Why no further job begins; empty where jobs run."""
        return self._gate.reason or ""

    @property
    def limit(self) -> Limit:
        """How far the run may go."""
        return self._gate.limit

    def set_limit(self, limit: Limit) -> None:
        """Pause after so many jobs, or at a time."""
        self._gate.set_limit(limit)

    def settle_left(self) -> None:
        """Write the files of batches that ended without them: the program was killed, or the disk
        was full.
        """

        self._post(lambda: self._settle(self._store.left_batches()))

    def find_artifacts(self, job_id: str, receive: Callable[[list[Artifact]], None]) -> None:
        """Look up a job's artifacts; `receive` is called in the GUI thread."""

        def read() -> Callable[[], None]:
            artifacts = self._store.artifacts(job_id)
            return lambda: receive(artifacts)

        self._post(read)

    # What a person sees; GUI thread
    # ----------------------------------------------------------------------

    def jobs(self) -> list[Job]:
        """Return all listed jobs in order, as last stored."""
        return list(self._mirror.values())

    def job(self, job_id: str) -> Job | None:
        """Return one job as last stored."""
        return self._mirror.get(job_id)

    def waiting(self) -> list[Job]:
        """Return the waiting jobs in the order of their positions."""
        return [job for job in self._mirror.values() if job.state is JobState.QUEUED]

    def run_order(self) -> list[Job]:
        """Return the waiting jobs in the order in which they will run."""
        return self.order_now()()

    def order_now(self) -> Callable[[], list[Job]]:
        """Return a function that says in which order the jobs that wait now will run; any thread
        may call it.
        """
        jobs, loaded, by_model = self.jobs(), self._loaded, self.by_model

        def order() -> list[Job]:
            running = next((model_of(job) for job in jobs if job.state is JobState.RUNNING), loaded)
            return run_order(
                (job for job in jobs if job.state is JobState.QUEUED), running, by_model=by_model
            )

        return order

    def _chosen(self, job_ids: Sequence[str]) -> list[Job]:
        return [job for job_id in job_ids if (job := self._mirror.get(job_id))]

    def stop_waiting(self) -> None:
        """Let nothing wait any longer for a database that refuses changes; any thread may call
        it.
        """
        self.closing.set()
        self._store.closing.set()

    def close(self) -> None:
        """Wait for what is being stored, and close the database. The worker must have stopped."""
        self._journal.shutdown(wait=True)
        self._store.close()

    # For the worker; blocks the worker thread
    # ----------------------------------------------------------------------

    def attach_worker(
        self,
        wake: Callable[[], None],
        cancel_running: Callable[[str], None],
        interrupt_running: Callable[[], None],
    ) -> None:
        """Tell the queue how to wake the worker, cancel the job that it runs, or let it wait again
        (all thread-safe).
        """
        self._wake = wake
        self._cancel_running = cancel_running
        self._interrupt_running = interrupt_running

    def take_next(self) -> list[Job]:
        """Mark the next waiting jobs as running, on disk, and return them: one, or several that run
        as one batch.

        None where none waits or the queue is paused.
        """
        open_before = self._gate.reason is None
        if not self._gate.pass_one():
            if open_before:
                self._stored.emit(_call(self.pause_changed.emit, self.paused))
            return []
        together = min(TOGETHER, self._gate.limit.jobs or TOGETHER) if self.together else 1
        loaded = (self._loaded or NOTHING_LOADED) if self.by_model else None
        try:
            jobs = self._insist(self._store.take_next, loaded, together)
        # boundary: the thread goes on, and ends with the program
        except Exception as error:  # noqa: BLE001
            if not self.closing.is_set():
                self._tell_failed(error, self._store_is_lost)
            return []
        if jobs:
            self._gate.count(len(jobs))
            self._loaded = model_of(jobs[0])
            self._stored.emit(lambda: self._tell_changed(jobs))
        else:
            self._stored.emit(self.idle_reached.emit)
        return jobs

    def handle_event(
        self, job: Job, event: Event, *, interrupted: bool = False, beside: int = 1
    ) -> None:
        """Pass an event on; a terminal one is stored first. `interrupted`: the program is closing,
        the job waits again.

        `beside`: how many jobs ran as one batch with it, itself included. Never raises.
        """
        if not isinstance(event, (Finished, Failed, Cancelled)):
            self.job_event.emit(job.id, event)
            return
        now = None
        try:
            now = self._insist(self._record, job, event, interrupted, beside)
        # boundary: a job whose end cannot be stored must not stop the others
        except Exception as error:  # noqa: BLE001
            if not self.closing.is_set():  # else the job is settled by its files at the next start
                now = self._end_unstored(job, error)
        if now is not None:
            self._stored.emit(lambda: self._tell_changed([now]))
        self._stored.emit(lambda: self.job_event.emit(job.id, event))
        if job.batch:
            self._post(lambda: self._settle([job.batch]))

    def _insist(self, work: Callable[..., T], *arguments: object) -> T:
        """Do work in the journal thread. While the database refuses (locked, disk full), say so
        once and try again.

        Raises sqlite3.OperationalError only when the queue closes.
        """
        told = False
        while True:
            try:
                return self._journal.submit(work, *arguments).result()
            except sqlite3.OperationalError as error:
                if not told:
                    self._tell_failed(error, more=" Trying again until it can.")
                    told = True
                if self.closing.wait(RETRY_SECONDS):
                    raise

    def _end_unstored(self, job: Job, error: Exception) -> Job:
        """Return the job as failed, stored where that is possible. Its files, if any, stay where
        they are.
        """
        self._tell_failed(error)
        failure = Failure(
            cause="unknown",
            message=f"The end of this job could not be stored: {reason_for(error)}.",
            cure=f"What it made is in {job.target.folder}.".encode(errors="replace").decode(),
        )
        try:
            now = self._journal.submit(
                lambda: self._store.end(job.id, JobState.FAILED, failure=failure)
            ).result()
        except sqlite3.Error:
            log.exception(
                "job %s stays marked as running; the next start settles it by its files", job.id
            )
            now = None
        return now or msgspec.structs.replace(job, state=JobState.FAILED, failure=failure)

    def _record(
        self, job: Job, event: Finished | Failed | Cancelled, interrupted: bool, beside: int
    ) -> Job | None:
        if interrupted and isinstance(event, Cancelled):
            return self._store.requeue(job.id)
        # Only where there is a result without a place: a name that is taken stays taken, and would
        # stop the queue for ever.
        if isinstance(event, Failed) and event.failure.unsaved and job.batch and self.pause_on_disk:
            waiting = self._store.requeue(job.id)
            self._gate.close(event.failure.message)
            self._stored.emit(_call(self.disk_refused.emit, job.target.folder))
            self._stored.emit(_call(self.pause_changed.emit, event.failure.message))
            return waiting
        if isinstance(event, Finished):
            past = PastRun(
                *model_of(job), job.request.work, max(0.0, time.time() - job.started) / beside
            )
            now = self._store.end(job.id, JobState.COMPLETED, artifacts=event.artifacts, past=past)
            self._stored.emit(_call(self.estimates.learn, past))
            return now
        if isinstance(event, Cancelled):
            return self._store.end(job.id, JobState.CANCELLED, artifacts=event.artifacts)
        if event.failure.cause == "crash" and job.crashes + 1 < MAX_CRASHES:
            return self._store.requeue(job.id, crashed=True)
        return self._store.end(
            job.id, JobState.FAILED, failure=_explain(event.failure, job), artifacts=event.artifacts
        )

    # In the journal thread
    # ----------------------------------------------------------------------

    def _settle_batches(self, jobs: Sequence[Job]) -> None:
        self._settle({job.batch for job in jobs if job.batch})

    def _settle(self, batch_ids: Iterable[str]) -> Callable[[], None]:
        for batch_id in batch_ids:
            batch = self._store.ended_batch(batch_id)
            if batch is not None:
                self._write_files(batch)
                self._stored.emit(_call(self.batch_finished.emit, batch))
        return lambda: None

    def _write_files(self, batch: Batch) -> None:
        """Write a batch's report and mark the batch as finished, in this order: a kill in between
        writes nothing twice.
        """
        try:
            rows = self._store.jobs("WHERE batch = ?", (batch.id,))
            if self.finish_batch is not None:
                artifacts = {row.id: self._store.artifacts(row.id) for row in rows}
                self.finish_batch(FinishedBatch(batch, rows, artifacts))
            self._store.mark_finished(batch.id)
        # boundary: rows are over all the same; the next start tries again
        except Exception as error:  # noqa: BLE001
            self._tell_failed(error)

    def _post(self, work: Callable[[], Callable[[], None]], submitted: Sequence[str] = ()) -> None:
        """Do work in the journal thread, and what it returns in the GUI thread. `submitted`: jobs
        that are lost if it fails.
        """
        self._journal.submit(work).add_done_callback(
            lambda future: self._on_journal_done(future, submitted)
        )

    def _on_journal_done(
        self, future: Future[Callable[[], None]], submitted: Sequence[str]
    ) -> None:
        error = future.exception()
        if error is None:
            self._stored.emit(future.result())
        else:
            self._tell_failed(error, lambda: list(submitted))

    def _tell_failed(
        self, error: BaseException, lost: Callable[[], list[str]] = list, more: str = ""
    ) -> None:
        """Log what the queue could not do, and emit `failed` in the GUI thread, where `lost`
        returns the ids of the jobs.
        """
        log.error("the queue could not store a change", exc_info=error)
        sentence = (
            f"{error}"
            if isinstance(error, StudioError)
            else f"The queue could not be stored: {reason_for(error)}."
        )
        self._stored.emit(lambda: self.failed.emit(sentence + more, lost()))

    def _store_is_lost(self) -> list[str]:
        return [job.id for job in self._mirror.values() if not job.state.over]

    # Home again, in the GUI thread
    # ----------------------------------------------------------------------

    @Slot(object)
    def _on_stored(self, tell: Callable[[], None]) -> None:
        self._untold.append(tell)
        self._tell_soon()

    def _tell_soon(self) -> None:
        if self._untold and not self._tells_later:
            self._tells_later = True
            QTimer.singleShot(0, self, self._tell)

    def _tell(self) -> None:
        """Tell what was stored, in its order, a little at a time, so that 100 000 new jobs do not
        stop the window.
        """
        self._tells_later = False
        began = time.perf_counter()
        try:
            while self._untold and time.perf_counter() - began < TELL_SECONDS:
                self._untold.popleft()()
        finally:
            self._tell_soon()

    def _tell_added(self, jobs: list[Job]) -> None:
        last = next(reversed(self._mirror.values())).position if self._mirror else 0
        again = [job for job in jobs if job.id in self._mirror]
        self._put(jobs)
        if again or (jobs and jobs[0].position <= last):  # restored
            self._sort()
        if again:  # what is missing of them runs under their ids
            self.jobs_changed.emit(again)
            self.jobs_moved.emit(again)
            known = {job.id for job in again}
            jobs = [job for job in jobs if job.id not in known]
        self.jobs_added.emit(jobs)

    def _put(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            before = self._mirror.get(job.id)
            if before is not None:
                self.tally.remove(before)
            self._mirror[job.id] = job
            self.tally.add(job)

    def _tell_moved(self, jobs: list[Job]) -> None:
        self._put([job for job in jobs if job.id in self._mirror])
        self._sort()
        self.jobs_moved.emit(jobs)

    def _sort(self) -> None:
        self._mirror = {
            job.id: job for job in sorted(self._mirror.values(), key=lambda job: job.position)
        }

    def _tell_changed(self, jobs: list[Job]) -> None:
        listed = [job for job in jobs if job.id in self._mirror]
        self._put(listed)
        if listed:
            self.jobs_changed.emit(listed)

    def _tell_cancelled(self, cancelled: list[Job], running: list[str]) -> None:
        self._tell_changed(cancelled)
        for job_id in running:
            self.cancel_wished.emit(job_id)

    def _tell_removed(self, job_ids: list[str]) -> None:
        for job_id in job_ids:
            job = self._mirror.pop(job_id, None)
            if job is not None:
                self.tally.remove(job)
        self.jobs_removed.emit(job_ids)


def _call(function: Callable[[T], object], argument: T) -> Callable[[], None]:
    # A lambda in a loop would bind the loop's last value.
    return lambda: (function(argument), None)[1]


def _both(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    def call() -> None:
        first()
        second()

    return call


def _with_request(job: Job, new: Job) -> Job:
    # A batch row keeps the name that its template gave it.
    target = job.target if job.batch else new.target
    return msgspec.structs.replace(job, request=new.request, target=target)


def _explain(failure: Failure, job: Job) -> Failure:
    if failure.cause != "crash":
        return failure
    return Failure(
        cause="crash",
        message=f"The job was set aside: it took the engine down {job.crashes + 1} times. "
        f"{failure.message}",
        cure=failure.cure or "Try smaller settings or another model; Retry runs it once more.",
        details=failure.details,
    )
