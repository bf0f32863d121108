"""Follows the job that writes a part of a story, and reads the story from its result."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from studio.core.events import Cancelled, Event, Failed, Finished, Loading, Progress, ThoughtDelta
from studio.core.jobs import Job
from studio.core.requests.story import Story
from studio.core.translation import tr
from studio.ui import background
from studio.ui.app_state import AppState


class StoryJob(QObject):
    """One job at a time; its id is known when it is submitted."""

    changed = Signal()
    """It began or ended."""
    reported = Signal(str)
    """What it does now."""
    text_came = Signal(str)
    """The text of a step."""
    written = Signal(object)
    """Story: what the job made, also if it was cancelled."""
    failed = Signal(str, str)
    """(what happened, what to do)"""

    def __init__(self, shared: AppState, parent: QObject) -> None:
        super().__init__(parent)
        self._shared = shared
        self._id = ""
        self.last_id = ""
        """The job that wrote the last part; empty for none."""
        shared.queue.job_event.connect(self._on_job_event)
        shared.queue.jobs_changed.connect(self._on_jobs_changed)
        shared.queue.failed.connect(self._on_queue_failed)

    @property
    def is_running(self) -> bool:
        """True until the job is over and its story is read."""
        return bool(self._id)

    def follow(self, job: Job) -> None:
        """Follow a job that is being submitted."""
        self._id = self.last_id = job.id
        self.changed.emit()
        self.reported.emit(tr("Waiting for the queue…"))

    def _on_job_event(self, job_id: str, event: Event) -> None:
        if job_id != self._id:
            return
        if isinstance(event, ThoughtDelta):
            self.text_came.emit(event.text)
        elif isinstance(event, Loading):
            self.reported.emit(tr("{phase}…", phase=event.phase))
        elif isinstance(event, Progress):
            self.reported.emit(
                tr("Part {step} of about {total} is written", step=event.step, total=event.total)
            )
        elif isinstance(event, Failed):
            job = self._shared.queue.job(job_id)
            if job is None or job.state.over:  # else the engine crashed, and the job runs again
                self._end()
                self.failed.emit(event.failure.message, event.failure.cure)
        elif isinstance(event, Finished | Cancelled):
            self._read(event)

    def _read(self, event: Finished | Cancelled) -> None:
        if not event.artifacts:
            self._end()
            return
        path = Path(event.artifacts[0].path)
        background.run(self, lambda: read_story(path), self._on_read, self._on_unreadable)

    def _on_read(self, story: Story | None) -> None:
        self._end()
        if story is not None:
            self.written.emit(story)

    def _on_unreadable(self, error: Exception) -> None:
        self._end()
        self.failed.emit(
            tr("The text cannot be read: {reason}", reason=error), tr("It may have been moved.")
        )

    def _on_jobs_changed(self, jobs: list[Job]) -> None:
        """A job that is cancelled before it began has no event."""
        if any(job.id == self._id and job.cancelled_unrun for job in jobs):
            self._end()

    def _on_queue_failed(self, message: str, job_ids: list[str]) -> None:
        if self._id in job_ids:
            self._end()
            self.failed.emit(message, "")

    def _end(self) -> None:
        self._id = ""
        self.changed.emit()


def read_story(path: Path) -> Story | None:
    """Return the story in the recipe of a file that a job wrote, or None."""
    from studio.library.artifacts import read_recipe  # imports numpy

    recipe = read_recipe(path)
    return recipe.review.story if recipe is not None and recipe.review is not None else None
