"""The stage of a tab: follows the jobs of its kind, and shows their results or earlier ones."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from studio.core.artifact import Artifact
from studio.core.errors import Failure
from studio.core.events import Cancelled, Event, Failed, Finished, Loading, Progress
from studio.core.jobs import Job, JobState
from studio.core.translation import tr
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.queue.undo import cancel_jobs
from studio.ui.stage.job_group import JobGroup
from studio.ui.stage.result_item import items_of_job
from studio.ui.stage.result_stage import ResultStage
from studio.ui.stage.shown_result import ShownResult, of_job

if TYPE_CHECKING:
    from studio.ui.stage.batch.grid import BatchGrid


class Stage(ResultStage):
    """Shows any job of one kind as it runs, and results of earlier jobs.

    It follows the jobs that begin, until the user looks at another result.
    """

    job_shown = Signal(str)
    """Id of the job that the stage follows from now on."""

    def __init__(self, shared: AppState) -> None:
        self._is_grid_shown = False
        super().__init__(shared)
        self._started_at = 0.0
        self._joined: set[str] = set()
        """Jobs that add to the results of an earlier one."""
        queue = shared.queue
        queue.job_event.connect(self._on_job_event)
        queue.jobs_changed.connect(self._on_jobs_changed)
        queue.cancel_requested.connect(self._on_cancel_requested)
        queue.failed.connect(self._on_queue_failed)
        self.header.return_requested.connect(self._on_return_requested)

    @cached_property
    def grid(self) -> BatchGrid:
        """The results of a batch; created when a batch is shown for the first time."""
        from studio.ui.stage.batch.grid import BatchGrid
        from studio.ui.stage.batch.pick import pick_best

        grid = BatchGrid(self.shared, self.kind, self.source)
        self.add_page(grid)
        self.shared.undo_steps.add_place(grid)
        grid.opened.connect(lambda item: self.show_file(Path(item.path)))
        grid.pick_requested.connect(lambda: pick_best(grid, self.shared))
        grid.changed.connect(self._on_grid_changed)
        grid.removed.connect(self._on_files_removed)
        grid.restored.connect(lambda: self.strip.fill(self.source, self.kind))
        return grid

    @property
    def job(self) -> Job | None:
        """The job that is followed or was followed last, the first of its batch."""
        return self.group.first

    @property
    def is_over(self) -> bool:
        """True if no job that is shown waits or runs."""
        return self.group.is_over

    # The grid of a batch
    # ----------------------------------------------------------------------

    @property
    def is_grid_shown(self) -> bool:
        """True if the results of a batch are shown instead of one."""
        return self._is_grid_shown

    def show_batch(self, batch: str) -> None:
        """Show the results of a batch, live if it runs."""
        self._is_pinned = False
        self._set_running_id("")
        self.notice.clear()
        self.status.setText("")
        self._show_grid(batch)

    def _show_grid(self, batch: str) -> None:
        """Show the grid of a batch, or for an empty id a single result."""
        self._is_grid_shown = bool(batch)
        if batch:
            self.grid.show_batch(batch)
        self.update_header()

    def page(self) -> QWidget | None:
        """See `StageFrame`."""
        return self.grid if self._is_grid_shown else super().page()

    @property
    def shown(self) -> ShownResult | None:
        """See `StageFrame`. In the grid, the only selected result."""
        if not self._is_grid_shown:
            return super().shown
        items = self.grid.selected
        job = self.grid.content.jobs.get(items[0].job_id) if len(items) == 1 else None
        return of_job(job) if job is not None else None

    def update_header(self) -> None:
        """See `StageFrame`."""
        super().update_header()
        if self._is_grid_shown:
            name = self.batch_name(self.grid.content.batch) or tr("Batch")
            self.header.show_result(name, self.grid.content.summary())
            self.strip.mark("")
        self.offer_return()

    def offer_return(self) -> None:
        """See `ResultStage`. Without a job that runs, offer the batch of the result."""
        shown = None if self._is_grid_shown else self.shown
        if not self._running_id and shown is not None and shown.path and shown.batch:
            self.header.offer_return(
                tr("Show the whole batch"), tr("Show all results of its batch")
            )
        else:
            super().offer_return()

    def _on_return_requested(self) -> None:
        shown = self.shown
        if self._running_id:
            self.show_running()
        elif shown is not None and shown.batch:
            self.show_batch(shown.batch)

    def _on_grid_changed(self) -> None:
        if self._is_grid_shown:
            self.update_header()
            if self.is_over:
                self.show_activity(False)

    def refresh(self) -> None:
        """See `ResultStage`. The grid follows its files, too."""
        super().refresh()
        if self._is_grid_shown and self.isVisible():
            self.grid.refresh()

    def _on_located(self, before: Sequence[ShownResult], paths: Sequence[str]) -> None:
        if not self._is_grid_shown:
            super()._on_located(before, paths)

    def _on_files_removed(self, paths: list[str]) -> None:
        for path in paths:
            self.strip.remove(path)

    def show_activity(self, is_active: bool) -> None:
        """See `StageFrame`. The bar stays from the first to the last row of a batch."""
        runs_on = self._is_grid_shown and self.grid.content.open_count > 0
        super().show_activity(is_active or runs_on)

    def _show_results(self, results: Sequence[ShownResult], chosen: int) -> None:
        self._is_grid_shown = False
        super()._show_results(results, chosen)

    # Jobs that are shown
    # ----------------------------------------------------------------------

    def follow(self, job: Job) -> None:
        """Show a job that waits or runs, from now on."""
        self._show_job(JobGroup(job))

    def join(self, job: Job) -> None:
        """Show a job's results in addition to those that are shown."""
        self._joined.add(job.id)
        self.group.put(job)
        self._is_pinned = False
        self._started_at = time.monotonic()
        self.notice.clear()
        self.bar.setRange(0, 0)
        self.show_activity(True)
        self.status.setText(tr("Waiting in the queue…"))

    @property
    def _is_batch(self) -> bool:
        """True if several jobs are shown that run as one batch."""
        return len(self.group) > 1 and not self._joined & self.group.jobs.keys()

    def _has_open_joined(self) -> bool:
        return any(not job.state.over for job in self.group.jobs.values() if job.id in self._joined)

    def show_running(self) -> None:
        """Leave an earlier result for the job that runs now."""
        job = self.shared.queue.job(self._running_id)
        self._is_pinned = False
        self._set_running_id("")
        if job is not None and not job.state.over:
            self.follow(job)
            self.status.setText(tr("Running…"))
        elif job is not None:
            self.show_job(job)

    def show_job(self, job: Job) -> None:
        """Show a job of any state: its result, why it failed, or its progress."""
        if not job.state.over:
            if job.id not in self.group or self._is_pinned:
                self.follow(job)
            return

        def locate(saved: list[Artifact]) -> None:
            def show(found: list[Artifact]) -> None:
                self._show_ended(job, found)
                if saved and not found:
                    self.show_missing(Path(saved[0].path))

            background.run(self, lambda: self.source.locate(saved), show)

        self.shared.queue.find_artifacts(job.id, locate)

    def _show_ended(self, job: Job, artifacts: list[Artifact]) -> None:
        self._pin()
        self.group = JobGroup(job)
        self._show_results([of_job(job, artifact) for artifact in artifacts], 0)
        if job.failure is not None:
            self._offer_retry(job.failure, job.id)

    # Jobs that run
    # ----------------------------------------------------------------------

    def stop(self) -> None:
        """Stop the jobs that are shown and keep partial results. Later rows of a batch run on."""
        if not self.is_over:
            open_jobs = [job for job in self.group.jobs.values() if not job.state.over]
            cancel_jobs(self.shared, open_jobs, None)

    def follow_running_job(self) -> None:
        """Show the job of this kind that already runs, if there is one."""
        queue = self.shared.queue
        if not queue.counts.states[JobState.RUNNING]:
            return
        running = [
            job
            for job in queue.jobs()
            if job.state is JobState.RUNNING and job.request.kind == self.kind
        ]
        if running:
            self._show_job(JobGroup(*running))

    def _show_job(self, group: JobGroup) -> None:
        job = group.first
        assert job is not None
        self.group = group
        self._results, self._requested = {}, None
        self._is_pinned = False
        self._set_running_id("")
        self._started_at = time.monotonic()
        self.notice.clear()
        self.clear_view()
        self.bar.setRange(0, 0)
        self.show_activity(True)
        self.status.setText(tr("Waiting in the queue…"))
        self._show_grid(job.batch)
        self.job_shown.emit(job.id)

    def _on_jobs_changed(self, jobs: list[Job]) -> None:
        for job in jobs:
            if job.request.kind != self.kind:
                continue
            before = self.group.jobs.get(job.id)
            if before is not None:
                self.group.put(job)
            if before is None and job.state is JobState.RUNNING:
                self._on_started(job)
            elif before is not None and before.state.over and not job.state.over:
                self._on_started(job)  # it was retried

    def _on_started(self, job: Job) -> None:
        """Add a job that began to the batch that runs, or else show it alone."""
        others = [other for other in self.group.jobs.values() if other.id != job.id]
        if self._is_pinned or self._has_open_joined():
            self._set_running_id(job.id)
        elif any(other.state is JobState.RUNNING for other in others):
            self.group.put(job)
        else:
            self.follow(job)

    def _on_queue_failed(self, message: str, job_ids: list[str]) -> None:
        job = self.job
        if job is not None and job.id in job_ids:
            self.group = JobGroup(msgspec.structs.replace(job, state=JobState.FAILED))
            self.show_unstored(message)

    def _on_cancel_requested(self, job_id: str) -> None:
        if job_id in self.group and not self._is_pinned:
            self.status.setText(tr("Stopping…"))

    def _on_job_event(self, job_id: str, event: Event) -> None:
        is_end = isinstance(event, (Finished, Failed, Cancelled))
        if is_end and job_id == self._running_id:
            self._set_running_id("")
        if isinstance(event, (Finished, Failed, Cancelled)) and event.artifacts:
            self._list_results(job_id, event.artifacts)
        job = self.group.jobs.get(job_id)
        if job is None or self._is_pinned:
            return
        if isinstance(event, Loading):
            self.status.setText(tr("{phase}…", phase=event.phase))
        elif isinstance(event, Progress):
            self._show_progress(job_id, event)
        elif isinstance(event, (Finished, Failed, Cancelled)):
            for artifact in event.artifacts:
                self._results[artifact.path] = of_job(job, artifact)
        self.show_event(job, event)
        if isinstance(event, (Finished, Failed, Cancelled)):
            self._end(job, event)

    def _list_results(self, job_id: str, artifacts: Sequence[Artifact]) -> None:
        job = self.shared.queue.job(job_id)
        if job is not None and job.request.kind == self.kind:
            self.strip.add(items_of_job(job, artifacts))

    def _show_progress(self, job_id: str, event: Progress) -> None:
        total = event if job_id in self._joined else self.group.update_progress(job_id, event)
        self.bar.setRange(0, total.total)
        self.bar.setValue(total.step)
        text = self.progress_text(total, time.monotonic() - self._started_at)
        if self._is_batch:
            text = f"{tr('{count} jobs as one batch', count=len(self.group))} · {text}"
        self.status.setText(text)

    def _end(self, job: Job, event: Finished | Failed | Cancelled) -> None:
        if isinstance(event, Failed) and not job.state.over:
            self.status.setText(tr("The engine ended unexpectedly. The job runs once more…"))
            self.bar.setRange(0, 0)
            return
        if isinstance(event, Failed) and not self._is_grid_shown:
            self._offer_retry(job.failure or event.failure, job.id)
        self.update_header()
        if not self.is_over:  # other jobs of the batch run on
            return
        self.show_activity(False)
        if self._is_grid_shown:
            self.status.setText("")  # the header has the counts
        elif self._is_batch:
            self.status.setText(self.group_text())
        elif isinstance(event, Finished):
            self.status.setText(self.finished_text(job, event))
        elif isinstance(event, Cancelled):
            self.status.setText(
                tr("Stopped. The partial result is kept.") if event.artifacts else tr("Stopped.")
            )
        else:
            self.status.setText("")

    def _offer_retry(self, failure: Failure, job_id: str) -> None:
        def retry(folder: str) -> None:
            self.notice.clear()
            self._is_pinned = False
            self.shared.queue.retry([job_id], folder)

        self.show_failure(failure, retry)
