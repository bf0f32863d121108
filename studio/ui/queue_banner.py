"""The banner with messages about the queue: why it is paused, what was repaired."""

from __future__ import annotations

from studio.core.jobs import Job, JobState
from studio.jobs.queue import IN_USE, PAUSED, JobQueue
from studio.ui.queue.dock import QueueDock
from studio.ui.widgets.factory import Notice, button


class QueueBanner(Notice):
    """Shows why the queue is paused and offers to continue."""

    def __init__(self, queue: JobQueue, dock: QueueDock) -> None:
        super().__init__("banner")
        self._queue = queue
        self._dock = dock
        queue.pause_changed.connect(self._on_pause_changed)
        queue.jobs_added.connect(self._on_jobs_added)

    def show_until_closed(self, message: str) -> None:
        """Show a message until the user closes it."""
        self.show_message(message, "", [button("OK", "Close this message", self.clear)])

    def _on_jobs_added(self, _jobs: list[Job]) -> None:
        if self._queue.paused == IN_USE and not self.isVisible():
            self._on_pause_changed(IN_USE)

    def _on_pause_changed(self, reason: str) -> None:
        waiting = self._queue.counts.states[JobState.QUEUED]
        is_in_dock = reason == PAUSED and self._dock.isVisible()
        if not reason or is_in_dock or (reason == IN_USE and not waiting):
            self.clear()
            return
        jobs = "1 job waits" if waiting == 1 else f"{waiting or 'No'} jobs wait"
        resume = button("Continue", "Run the waiting jobs", self._queue.resume, "play")
        show = button(
            "Show queue", "Show the queue, which stays paused", self._on_show_clicked, "queue"
        )
        self.show_message(f"{reason} {jobs}.", "", [resume, show])

    def _on_show_clicked(self) -> None:
        self.clear()
        self._dock.show()
        self._dock.panel.table.setFocus()
