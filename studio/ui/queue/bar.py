"""The queue as one line below the tabs: what runs, how far it is, what waits."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar

from studio.core.jobs import Job, JobState
from studio.core.translation import tr, tr_marked
from studio.jobs.queue import JobQueue
from studio.ui import background
from studio.ui.queue.job_text import job_title, left_text
from studio.ui.queue.progress import JobProgress
from studio.ui.widgets.elided_label import ElidedLabel
from studio.ui.widgets.factory import button, label, name_control
from studio.ui.widgets.icons import set_icon

NARROW = 900
"""Below this width the details of the progress are hidden."""
BAR_WIDTH = 120
TICK_MS = 1_000


class QueueBar(QFrame):
    """Shown while jobs are listed, or the queue is paused, and its table is hidden."""

    expand_requested = Signal()

    def __init__(self, queue: JobQueue) -> None:
        super().__init__()
        self._queue = queue
        self._is_table_shown = False
        self._running: dict[str, Job] = {}
        self._progress = JobProgress(queue, self)
        self.setProperty("role", "queue-bar")
        self.title = ElidedLabel()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(BAR_WIDTH)
        self.bar.setRange(0, 1000)
        name_control(self.bar, tr("Progress"), tr("Progress of the running jobs"))
        self.details = label("", "muted")
        self.summary = label("", "muted")
        self.pause_button = button(
            tr("Pause"),
            tr("Pause after the running job, or continue (Ctrl+P)"),
            self._toggle_pause,
            "pause",
        )
        self.expand_button = button(
            tr("Show queue"), tr("Show all jobs (Ctrl+J)"), self.expand_requested.emit, "queue"
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 4, 12, 4)
        layout.setSpacing(12)
        layout.addWidget(self.title, 1)
        for widget in (self.bar, self.details, self.summary):
            layout.addWidget(widget)
        layout.addWidget(self.pause_button)
        layout.addWidget(self.expand_button)
        self._changes = background.DelayedCall(self, self._show)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._show_summary)
        self._progress.changed.connect(self._changes.request)
        for signal in (queue.jobs_added, queue.jobs_removed, queue.pause_changed):
            signal.connect(self._changes.request)
        queue.jobs_changed.connect(self._on_jobs_changed)
        self._show()

    def set_table_shown(self, shown: bool) -> None:
        """Hide the bar while the table shows the same."""
        self._is_table_shown = shown
        self._show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the title its space in a narrow window."""
        self.details.setVisible(event.size().width() >= NARROW and bool(self._running))
        super().resizeEvent(event)

    def _toggle_pause(self) -> None:
        if self._queue.paused:
            self._queue.resume()
        else:
            self._queue.pause()

    def _on_jobs_changed(self, jobs: list[Job]) -> None:
        for job in jobs:
            if job.state is JobState.RUNNING:
                self._running[job.id] = job
            else:
                self._running.pop(job.id, None)
                self._progress.forget(job.id)
        self._changes.request()

    def _show(self) -> None:
        is_paused = bool(self._queue.paused)
        has_jobs = self._queue.counts.states.total() > 0
        self.setVisible(not self._is_table_shown and (has_jobs or is_paused))
        running = list(self._running.values())
        self.title.set_whole(self._title(running, is_paused))
        self.bar.setVisible(bool(running))
        self.details.setVisible(bool(running) and self.width() >= NARROW)
        if running:
            shown = [self._progress.of(job.id) for job in running]
            self.bar.setValue(round(1000 * sum(one.share for one in shown) / len(shown)))
            self.details.setText(shown[0].text)
        text = tr("Continue") if is_paused else tr("Pause")
        if self.pause_button.text() != text:
            self.pause_button.setText(text)
            self.pause_button.setAccessibleName(text)
            set_icon(self.pause_button, "play" if is_paused else "pause")
        self.pause_button.setVisible(is_paused or self._queue.counts.open > 0)
        if bool(running) != self._timer.isActive():
            (self._timer.start if running else self._timer.stop)()
        self._show_summary()

    def _title(self, running: list[Job], is_paused: bool) -> str:
        if running:
            first, more = job_title(running[0]), len(running) - 1
            return tr("{job} and {count} more", job=first, count=more) if more else first
        if is_paused:
            return tr_marked(self._queue.paused)
        waiting = self._queue.counts.states[JobState.QUEUED]
        return tr("Starting…") if waiting else tr("No job waits")

    def _show_summary(self) -> None:
        counts = self._queue.counts
        states = counts.states
        parts = []
        if counts.open:
            parts.append(tr("{waiting:,} waiting", waiting=states[JobState.QUEUED]))
        seconds, unknown = counts.left(self._queue.estimates.medians())
        if seconds >= 1 and counts.open:
            parts.append(left_text(seconds, is_least=bool(unknown)))
        if not counts.open and states[JobState.COMPLETED]:
            parts.append(tr("{done:,} done", done=states[JobState.COMPLETED]))
        if states[JobState.FAILED]:
            parts.append(tr("{failed:,} failed", failed=states[JobState.FAILED]))
        self.summary.setText(" · ".join(parts))
