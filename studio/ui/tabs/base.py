"""The tab of one kind: its form, the jobs that it shows, and their results."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QProgressBar, QWidget

from studio.core.errors import Failure
from studio.core.events import Cancelled, Event, Failed, Finished, Loading, Progress
from studio.core.jobs import Job, JobState
from studio.ui.app_state import AppState
from studio.ui.tabs.form_tab import FormTab
from studio.ui.tabs.layout import lay_out, result_side
from studio.ui.widgets.factory import Notice, button, label, name_control

MAX_SEEDS = 8
"""Of a batch, that the status lists."""


class GenerateTab(FormTab):
    """A form and the result of its job, or of several jobs that run as one batch."""

    job_shown = Signal(str)

    def __init__(self, shared: AppState) -> None:
        super().__init__(shared)
        self._job: Job | None = None
        """The job that is shown, the first of its batch."""
        self._group: dict[str, Job] = {}
        """The jobs of its batch, in the order of their results."""
        self._progress: dict[str, Progress] = {}
        """The last progress of each job of the batch."""
        self._own_jobs: set[str] = set()
        """Ids of the jobs that this tab submitted."""
        self._started_at = 0.0
        self._edited = ""
        """Id of the waiting job in the form; empty for a new job."""
        self._values_before_edit: dict[str, Any] = {}
        self.status = label("", "muted", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        name_control(self.bar, "Progress", "Progress of the job")
        self.notice = Notice()
        left = self._form_side()
        right = result_side(self.notice, self.result_widget(), [self.bar, self.status])
        lay_out(self, left, right)
        self._connect_form()
        self._connect_queue()
        self.refresh_models()
        self._show_idle()

    # What subclasses implement
    # ----------------------------------------------------------------------

    @abstractmethod
    def result_widget(self) -> QWidget:
        """Create the widget that shows results."""

    def begin_result(self, job: Job) -> None:
        """Remove the last result, because a job of this tab begins."""

    def show_event(self, job: Job, event: Event) -> None:
        """Show an event of the running job."""

    # Jobs
    # ----------------------------------------------------------------------

    def _connect_queue(self) -> None:
        queue = self.shared.queue
        queue.job_event.connect(self._on_job_event)
        queue.jobs_changed.connect(self._on_jobs_changed)
        queue.cancel_requested.connect(self._on_cancel_requested)
        queue.failed.connect(self._on_queue_failed)

    def generate(self) -> None:
        """See `FormTab`."""
        request = self.check()
        if request is None:
            return
        if self._edited:
            self.shared.queue.replace(
                self._edited, request, self.shared.output_folder(), self._on_replaced
            )
            return
        job = self.shared.new_job(request)
        self._own_jobs.add(job.id)
        seed = self.form.fields.get("seed")
        if seed is not None and request.seed is None:
            seed.editor.setProperty("placeholderText", f"random (now {job.request.seed})")
        if self.is_over:
            self._show_job(job)
        else:
            self.shared.post_toast("Added to the queue")
        self.shared.queue.submit([job])

    def _on_replaced(self, job: Job, changed: bool) -> None:
        """Report that an edited job is stored: changed, or as a new one if it no longer waited."""
        if changed:
            self.shared.post_toast("The waiting job was changed")
        else:
            self._own_jobs.add(job.id)
            self.shared.post_toast(
                "That job no longer waits. Your changes were added to the queue as a new job."
            )
        if self._edited:
            self._end_edit()

    def edit(self, job: Job) -> None:
        """Fill the form with a waiting job; `generate` then changes it instead of adding one."""
        if not self._edited:
            self._values_before_edit = self._values_with_model()
        self._edited = job.id
        self.set_values(msgspec.structs.asdict(job.request))
        self.generate_button.setText("Change the waiting job")
        cancel = button("Don't change", "Leave the job as it is", self._end_edit)
        self.editing.show_message("You are changing a job that waits in the queue.", "", [cancel])
        self.prompt.setFocus()

    def _end_edit(self) -> None:
        self._edited = ""
        self.set_values(self._values_before_edit)
        self.generate_button.setText("Generate")
        self.editing.clear()

    def stop(self) -> None:
        """Stop the jobs that are shown and keep partial results."""
        if not self.is_over:
            self.shared.queue.cancel([job.id for job in self._group.values() if not job.state.over])

    @property
    def is_over(self) -> bool:
        """True if no job that is shown waits or runs."""
        return all(job.state.over for job in self._group.values())

    def _show_job(self, job: Job) -> None:
        self._job = job
        self._group, self._progress = {job.id: job}, {}
        self._started_at = time.monotonic()
        self.notice.clear()
        self.begin_result(job)
        self.bar.setRange(0, 0)
        self.bar.show()
        self.stop_button.setEnabled(True)
        self.status.setText("Waiting in the queue…")
        self.job_shown.emit(job.id)

    def _show_idle(self) -> None:
        self.bar.hide()
        self.stop_button.setEnabled(False)

    def _on_jobs_changed(self, jobs: list[Job]) -> None:
        for job in jobs:
            if job.id not in self._own_jobs:
                continue
            before = self._group.get(job.id)
            if before is not None:
                self._group[job.id] = job
            if self._job is not None and job.id == self._job.id:
                self._job = job
            if job.state is JobState.RUNNING and (before is None or before.state.over):
                self._show_running(job)

    def _show_running(self, job: Job) -> None:
        """Add a job that began to the batch that runs, or else show it alone."""
        others = [other for other in self._group.values() if other.id != job.id]
        if any(other.state is JobState.RUNNING for other in others):
            self._group[job.id] = job
        else:
            self._show_job(job)

    def _on_queue_failed(self, message: str, job_ids: list[str]) -> None:
        """Show why the queue could not store jobs, keep the prompt, and offer to try again."""
        self._own_jobs.difference_update(job_ids)
        if self._job is None or self._job.id not in job_ids:
            return
        self._job = msgspec.structs.replace(self._job, state=JobState.FAILED)
        self._group = {self._job.id: self._job}
        self._show_idle()
        self.status.setText("")
        failure = Failure(
            cause="disk",
            message=message,
            cure="Free some disk space or correct the name, then try again.",
        )
        self.notice.show_failure(
            failure,
            [button("Try again", "Add the job to the queue again", self.generate, "retry")],
        )

    def _on_cancel_requested(self, job_id: str) -> None:
        if job_id in self._group:
            self.status.setText("Stopping…")

    def _on_job_event(self, job_id: str, event: Event) -> None:
        job = self._group.get(job_id)
        if job is None:
            return
        if isinstance(event, Loading):
            self.status.setText(f"{event.phase}…")
        elif isinstance(event, Progress):
            self._show_progress(job_id, event)
        self.show_event(job, event)
        if isinstance(event, (Finished, Failed, Cancelled)):
            self._end(job, event)

    def _show_progress(self, job_id: str, event: Progress) -> None:
        """Show the progress of all jobs of the batch as one."""
        self._progress[job_id] = event
        steps = 0
        for job in self._group.values():
            own = self._progress.get(job.id)
            steps += event.total if job.state.over else own.step if own is not None else 0
        total = msgspec.structs.replace(
            event, step=steps, total=event.total * len(self._group), preview=None
        )
        self.bar.setRange(0, total.total)
        self.bar.setValue(total.step)
        batch = f"{len(self._group)} jobs as one batch · " if len(self._group) > 1 else ""
        self.status.setText(f"{batch}{self.progress_text(total)}")

    def progress_text(self, event: Progress) -> str:
        """Return the status while a job runs."""
        elapsed = time.monotonic() - self._started_at
        left = elapsed / event.step * (event.total - event.step) if event.step else 0
        return f"{event.unit.title()} {event.step} of {event.total} · about {left:.0f} s left"

    def finished_text(self, event: Finished) -> str:
        """Return the status of a finished job."""
        seed = self._job.request.seed if self._job else ""
        return " · ".join(
            [
                f"Done in {event.statistics.run_seconds:.1f} s",
                f"seed {seed}",
                *event.statistics.notes,
            ]
        )

    def _end(self, job: Job, event: Finished | Failed | Cancelled) -> None:
        if isinstance(event, Failed) and not job.state.over:
            self.status.setText("The engine ended unexpectedly. The job runs once more…")
            self.bar.setRange(0, 0)
            return
        if isinstance(event, Failed):
            self._show_failure(job.failure or event.failure, job.id)
        if not self.is_over:  # other jobs of the batch run on
            return
        self._show_idle()
        if len(self._group) > 1:
            self.status.setText(self._group_text())
        elif isinstance(event, Finished):
            self.status.setText(self.finished_text(event))
        elif isinstance(event, Cancelled):
            self.status.setText(
                "Stopped. The partial result is kept." if event.artifacts else "Stopped."
            )
        else:
            self.status.setText("")

    def _group_text(self) -> str:
        """Return the status of a finished batch."""
        jobs = self._group.values()
        done = [job for job in jobs if job.state is JobState.COMPLETED]
        failed = sum(job.state is JobState.FAILED for job in jobs)
        parts = [f"{len(done)} of {len(jobs)} jobs done"]
        parts += [f"{failed} failed"] if failed else []
        if done:
            seeds = ", ".join(str(job.request.seed) for job in done[:MAX_SEEDS])
            parts.append(f"seeds {seeds}{' …' if len(done) > MAX_SEEDS else ''}")
        return " · ".join(parts)

    def _show_failure(self, failure: Failure, job_id: str) -> None:
        def retry(folder: str = "") -> None:
            self.notice.clear()
            self.shared.queue.retry([job_id], folder)

        buttons = [button("Try again", "Run the job again with the same seed", retry, "retry")]
        if failure.unsaved:
            buttons.insert(
                0,
                button(
                    "Save elsewhere…",
                    "Save the result to another folder",
                    lambda: self._save_elsewhere(retry),
                    "folder",
                ),
            )
        self.notice.show_failure(failure, buttons)

    def _save_elsewhere(self, retry: Callable[[str], None]) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Save the result to")
        if folder:
            retry(folder)
