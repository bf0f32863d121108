"""The banner with messages about the queue: why it is paused, what was repaired."""

from __future__ import annotations

from studio.core.jobs import Job, JobState
from studio.core.translation import tr, tr_marked, tr_plural
from studio.jobs.queue import IN_USE, PAUSED, JobQueue
from studio.ui.queue.dock import QueueDock
from studio.ui.widgets.factory import Notice, button


class QueueBanner(Notice):
    """Shows why the queue is paused and offers to continue."""

    def __init__(self, queue: JobQueue, dock: QueueDock) -> None:
        super().__init__("banner")
        self._queue = queue
        self._dock = dock
        self._reason = ""
        """The reason for a pause that is shown; empty while another message is."""
        queue.pause_changed.connect(self._on_pause_changed)
        queue.jobs_added.connect(self._on_jobs_added)
        queue.jobs_changed.connect(self._update_count)
        queue.jobs_removed.connect(self._update_count)

    def show_until_closed(self, message: str) -> None:
        """Show a message until the user closes it."""
        self.show_message(message, "", [button(tr("OK"), tr("Close this message"), self.clear)])

    def clear(self) -> None:
        """Hide the banner."""
        self._reason = ""
        super().clear()

    def _on_jobs_added(self, _jobs: list[Job]) -> None:
        if self._queue.paused == IN_USE and not self.isVisible():
            self._on_pause_changed(IN_USE)
        self._update_count()

    def _update_count(self, _jobs: object = None) -> None:
        if self._reason:
            self.set_text(self._text(self._reason))

    def _text(self, reason: str) -> str:
        waiting = self._queue.counts.states[JobState.QUEUED]
        jobs = (
            tr_plural("1 job waits.", "{count} jobs wait.", waiting)
            if waiting
            else tr("No jobs wait.")
        )
        return tr("{reason} {jobs}", reason=tr_marked(reason), jobs=jobs)

    def _on_pause_changed(self, reason: str) -> None:
        waiting = self._queue.counts.states[JobState.QUEUED]
        # The user's own pause is shown by the queue's bar or table.
        if reason in ("", PAUSED) or (reason == IN_USE and not waiting):
            self.clear()
            return
        resume = button(tr("Continue"), tr("Run the waiting jobs"), self._queue.resume, "play")
        show = button(
            tr("Show queue"),
            tr("Show the queue, which stays paused"),
            self._on_show_clicked,
            "queue",
        )
        self.show_message(self._text(reason), "", [resume, show])
        self._reason = reason

    def _on_show_clicked(self) -> None:
        self.clear()
        self._dock.show()
        self._dock.panel.table.setFocus()
