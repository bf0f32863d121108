"""Run jobs from a shell: submit them, show progress, wait. Ctrl+C cancels and keeps results."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

import msgspec
from PySide6.QtCore import QCoreApplication, QTimer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from studio.cli import output
from studio.cli.context import Context
from studio.cli.queue.remote import RemoteSession
from studio.core.artifact import Artifact
from studio.core.errors import Failure
from studio.core.events import (
    Cancelled,
    Event,
    Failed,
    Finished,
    Loading,
    Statistics,
    TextDelta,
    ThoughtDelta,
)
from studio.core.events import Progress as ProgressEvent
from studio.core.files import can_write
from studio.core.jobs import Batch, Job, JobState
from studio.core.settings_store import load_settings
from studio.core.translation import tr
from studio.jobs.ipc.client import connect_to_window
from studio.jobs.pause import Limit
from studio.jobs.queue import JobQueue
from studio.jobs.session import DataFolderInUseError, Session
from studio.jobs.store_rows import read_jobs_readonly
from studio.telemetry import remove_telemetry_files

SIGNAL_POLL_MS = 100
"""Interval of a timer that lets Python handle signals while Qt's event loop waits."""
WINDOW_OBEYS_MS = 6_000
"""How long Ctrl+C waits for the window; its engine ends a hanging child after 3 s."""
DISK_RETRY_MS = 2_000
"""Interval of the checks whether a folder that refused a result can be written again."""


class Outcome(msgspec.Struct, kw_only=True):
    """The end of one job; what `--json` prints."""

    job_id: str
    state: str
    prompt: str
    seed: int | None
    line: int = 0
    files: list[str] = []
    text: str | None = None
    """The text of a text job, the first of several candidates; see `with_texts`."""
    texts: list[str] = []
    """All candidates, in the order of `files`."""
    artifacts: list[Artifact] = []
    failure: Failure | None = None
    statistics: Statistics | None = None


def with_texts(outcome: Outcome) -> Outcome:
    """Read the texts of a job for `--json`; skip files that were moved."""
    for artifact in outcome.artifacts:
        if artifact.media_type.startswith("text/"):
            with contextlib.suppress(OSError):
                outcome.texts.append(
                    Path(artifact.path).read_text(encoding="utf-8", errors="replace")
                )
    outcome.text = next(iter(outcome.texts), None)
    return outcome


class QueueRunner:
    """Runs jobs in this process, or in the open window, and waits until they are over."""

    def __init__(self, context: Context, *, stream_text: bool = False) -> None:
        self._application = QCoreApplication.instance() or QCoreApplication(sys.argv[:1])
        self._context = context
        self.session = _open_session(context)
        self._stream_text = stream_text
        self._count = 0
        self.new = 0
        """The number of submitted jobs."""
        self._refused_folder = ""
        self._ended = False
        """True when the run is over, maybe before the event loop starts."""
        self._in_event_loop = False
        self._queue_failed = False
        """True after the queue could not store something: it may refuse a cancel too."""
        self.paused = ""
        """Why the run ended before all of its jobs were over, or empty."""
        self._waiting: dict[str, Outcome] = {}
        self._over: dict[str, Outcome] = {}
        self._open_batches: set[str] = set()
        self.interrupted = False
        console = Console(stderr=True)
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[count]}"),
            TimeRemainingColumn(),
        )
        self._progress = Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal
        )
        self._bar = self._progress.add_task("", total=None, count="")
        queue = self.session.queue
        queue.job_event.connect(self._on_job_event)
        queue.batch_finished.connect(self._on_batch_finished)
        queue.failed.connect(self._on_failed)
        if isinstance(self.session, Session):
            self.session.queue.jobs_changed.connect(self._on_jobs_changed)
            self.session.queue.disk_refused.connect(self._on_disk_refused)
            self.session.queue.pause_changed.connect(self._on_pause_changed)

    def jobs(self) -> list[Job]:
        """Return the jobs of the queue, including finished ones."""
        if isinstance(self.session, Session):
            return self.session.queue.jobs()
        return read_jobs_readonly(self._context.data)

    def submit(
        self,
        jobs: Sequence[Job],
        batch: Batch | None = None,
        *,
        waiting: Sequence[Job] = (),
        limit: Limit | None = None,
    ) -> list[Outcome]:
        """Run new jobs, in the order of the queue, and return how they ended.

        `waiting`: jobs in the queue to wait for as well. `limit`: when the run pauses. Raises
        DataFolderInUseError for a limit while a window runs the queue.
        """
        if isinstance(self.session, RemoteSession):
            waiting = ()  # the window sends events of submitted jobs only
        if limit is not None:
            self._own_queue(
                tr("The open window runs the queue, and a command cannot limit it.")
            ).set_limit(limit)
        self.new = len(jobs)
        if jobs and batch is not None:
            self._open_batches.add(batch.id)
        return self._run(
            [*jobs, *waiting], lambda: self.session.queue.submit(jobs, batch) if jobs else None
        )

    def close(self) -> None:
        """End without running anything."""
        self.session.close()

    def _own_queue(self, message: str) -> JobQueue:
        if isinstance(self.session, RemoteSession):
            self.session.close()
            raise DataFolderInUseError(
                message, cause="invalid", cure=tr("Use the window, or close it first.")
            )
        return self.session.queue

    def run_waiting(self) -> list[Outcome]:
        """Run all waiting jobs. Raises DataFolderInUseError if a window runs the queue."""
        waiting = [
            job
            for job in self._own_queue(tr("The open window runs the queue.")).jobs()
            if not job.state.over
        ]
        return self._run(waiting, lambda: None)

    def _run(self, jobs: Sequence[Job], begin: Callable[[], None]) -> list[Outcome]:
        self._count = len(jobs)
        for job in jobs:
            request = job.request
            self._waiting[job.id] = Outcome(
                job_id=job.id,
                state=job.state,
                prompt=request.prompt,
                seed=request.seed,
                line=job.row,
            )
        before = signal.signal(signal.SIGINT, self._on_interrupt)
        timer = QTimer()
        timer.timeout.connect(lambda: None)
        timer.start(SIGNAL_POLL_MS)
        try:
            with self._progress:
                self.session.start()
                begin()
                if self._waiting and not self._ended:
                    self._in_event_loop = True
                    self._application.exec()
                    self._in_event_loop = False
        finally:
            timer.stop()
            signal.signal(signal.SIGINT, before)
            self.session.close()
        return [self._over.get(job.id) or self._waiting[job.id] for job in jobs]

    def _on_interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self.interrupted or self._queue_failed:  # end now; the running job waits in the queue
            self.interrupted = True
            self._end(1)
            return
        self.interrupted = True
        self.session.queue.cancel(list(self._waiting))
        if isinstance(self.session, RemoteSession):
            QTimer.singleShot(WINDOW_OBEYS_MS, self._leave_window)

    def _leave_window(self) -> None:
        output.note(tr("The window does not answer. The jobs stay in its queue."))
        self._end(1)

    def _on_jobs_changed(self, jobs: list[Job]) -> None:
        for job in jobs:
            if job.cancelled_unrun:  # the engine sends no event for it
                self._on_job_event(job.id, Cancelled())

    def _on_job_event(self, job_id: str, event: Event) -> None:
        outcome = self._waiting.get(job_id)
        if outcome is None:
            return
        if isinstance(event, TextDelta) and self._stream_text and event.candidate == 0:
            self._stream_text = output.stream(event.text)
        elif isinstance(event, ThoughtDelta) and event.takes_text and self._stream_text:
            self._stream_text = output.stream("\n")
            output.note(tr("(The text above is the model's reasoning; the answer follows.)"))
        elif isinstance(event, Loading):
            self._progress.update(self._bar, description=event.phase)
        elif isinstance(event, ProgressEvent):
            self._show_progress(outcome, event)
        elif isinstance(event, (Finished, Failed, Cancelled)):
            self._settle(job_id, outcome, event)

    def _show_progress(self, outcome: Outcome, event: ProgressEvent) -> None:
        """Show one job by its steps, several by the number of finished ones."""
        count, done, total = (
            f"{event.step}/{event.total} {event.unit}",
            float(event.step),
            float(event.total),
        )
        if self._count > 1:
            done, total = len(self._over) + done / max(total, 1), self._count
            count += f", {len(self._over) + 1}/{self._count}"
        title = " ".join(outcome.prompt.split())[:30]
        self._progress.update(
            self._bar, description=escape(title), completed=done, total=total, count=count
        )

    def _settle(self, job_id: str, outcome: Outcome, event: Finished | Failed | Cancelled) -> None:
        job = self.session.queue.job(job_id)
        if job is not None and not job.state.over:  # the engine crashed; the job runs once more
            return
        outcome.artifacts = list(event.artifacts)
        outcome.files = [artifact.path for artifact in event.artifacts]
        if isinstance(event, Failed):
            outcome.failure = job.failure if job is not None else event.failure
        if isinstance(event, Finished):
            outcome.statistics = event.statistics
        names = {
            Finished: JobState.COMPLETED,
            Failed: JobState.FAILED,
            Cancelled: JobState.CANCELLED,
        }
        outcome.state = names[type(event)]
        self._over[job_id] = self._waiting.pop(job_id)
        self._quit_when_over()

    def _on_disk_refused(self, folder: str) -> None:
        self._refused_folder = folder

    def _on_pause_changed(self, reason: str) -> None:
        if not reason:
            return
        if self._refused_folder:
            output.note(
                tr("{reason} Waiting until the folder can be written. Ctrl+C stops.", reason=reason)
            )
            QTimer.singleShot(DISK_RETRY_MS, self._retry_disk)
        else:  # the limit of this run
            self.paused = reason
            self._end(0)

    def _retry_disk(self) -> None:
        if not self._waiting:
            return
        if can_write(Path(self._refused_folder)):
            self._refused_folder = ""
            assert isinstance(self.session, Session)  # only an own queue sends `disk_refused`
            self.session.queue.resume()
        else:
            QTimer.singleShot(DISK_RETRY_MS, self._retry_disk)

    def _on_failed(self, message: str, job_ids: list[str]) -> None:
        """Report a failure of the queue, and fail the jobs that will not run."""
        self._queue_failed = True
        output.note(message)
        for job_id in self._waiting.keys() & set(job_ids):
            outcome = self._waiting.pop(job_id)
            outcome.state = JobState.FAILED
            outcome.failure = Failure(cause="disk", message=message)
            self._over[job_id] = outcome
        if not self._waiting:  # their batches will not finish
            self._open_batches.clear()
        self._quit_when_over()
        if isinstance(self.session, RemoteSession) and not job_ids:
            self._end(1)

    def _on_batch_finished(self, batch: Batch) -> None:
        self._open_batches.discard(batch.id)
        self._quit_when_over()

    def _end(self, code: int) -> None:
        self._ended = True
        if self._in_event_loop:  # otherwise Qt would end the next loop at once
            self._application.exit(code)

    def _quit_when_over(self) -> None:
        if not self._waiting and not self._open_batches:
            self._end(0)


def _open_session(context: Context) -> Session | RemoteSession:
    """Return a session of this process, or of the window that holds the data folder.

    Raises StudioError.
    """
    try:
        session = Session(context.data, context.engine())
    except DataFolderInUseError:
        socket = connect_to_window(context.data)
        if socket is None:  # another command holds the folder
            raise
        return RemoteSession(socket)
    if session.damage:
        output.note(session.damage)
    if message := remove_telemetry_files(context.data):
        output.note(message)
    context.report_damage()
    session.apply_settings(load_settings(context.data))
    return session
