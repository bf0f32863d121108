"""Reports on the queue outside the window: title, count and progress on the icon, notifications.

Also resumes the queue when a folder that could not be written is writable again.
"""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow, QSystemTrayIcon

from studio.core.events import Event, Progress
from studio.core.files import can_write
from studio.core.jobs import Job, JobState
from studio.core.translation import tr
from studio.jobs.queue import IN_USE, PAUSED
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop import taskbar
from studio.ui.widgets.icons import icon

LONG_RUN_SECONDS = 20
"""Shorter runs end without a notification."""
CHECK_FOLDER_MS = 5_000
PROGRESS_MS = 500


class Notifier(QObject):
    """Follows the queue for one window."""

    def __init__(self, shared: AppState, window: QMainWindow) -> None:
        super().__init__(window)
        self._shared = shared
        self._window = window
        self._started = 0.0
        self._done = 0
        self._job_progress: dict[str, float] = {}
        self._shows_progress = False
        self._set_aside_shown = False
        self._tray: QSystemTrayIcon | None = None
        self._blocked = ""
        self._changes = background.DelayedCall(self, self._on_changed)
        self._progress = background.DelayedCall(self, self._show_progress, PROGRESS_MS)
        self._timer = QTimer(self)
        self._timer.setInterval(CHECK_FOLDER_MS)
        self._timer.timeout.connect(self.check_folder)
        queue = shared.queue
        for signal in (queue.jobs_added, queue.jobs_changed, queue.jobs_removed):
            signal.connect(self._changes.request)
        queue.jobs_changed.connect(self._on_jobs_changed)
        queue.job_event.connect(self._on_event)
        queue.idle_reached.connect(self._on_idle)
        queue.pause_changed.connect(self._on_pause_changed)
        queue.disk_refused.connect(self._on_disk_refused)

    def _on_changed(self) -> None:
        open_jobs = self._shared.queue.counts.open
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.setBadgeNumber(open_jobs)
        self._window.setWindowTitle(
            tr("Studio – {count} to do", count=open_jobs) if open_jobs else "Studio"
        )

    def _on_event(self, job_id: str, event: Event) -> None:
        self._started = self._started or time.monotonic()
        if isinstance(event, Progress):
            self._job_progress[job_id] = event.step / max(1, event.total)
            self._progress.request()

    def _on_jobs_changed(self, jobs: list[Job]) -> None:
        for job in jobs:
            if job.state is not JobState.RUNNING:
                self._job_progress.pop(job.id, None)
            self._done += job.state.over
            if job.set_aside and not self._set_aside_shown:
                self._set_aside_shown = True  # once a run; the final notification counts failures
                self.show_message(
                    tr(
                        "A job was set aside because it crashed the engine twice. The others "
                        "continue."
                    )
                )
        self._progress.request()

    @property
    def run_progress(self) -> float | None:
        """Progress of this run of the queue, 0..1; None if no job is open."""
        open_jobs = self._shared.queue.counts.open
        return (
            (self._done + sum(self._job_progress.values())) / (self._done + open_jobs)
            if open_jobs and self._started
            else None
        )

    def _show_progress(self) -> None:
        run_progress = self.run_progress
        if run_progress is not None or self._shows_progress:
            taskbar.show_progress(self._window, run_progress)
        self._shows_progress = run_progress is not None

    def _on_idle(self) -> None:
        started, self._started, self._done, self._set_aside_shown = self._started, 0.0, 0, False
        self._progress.request()
        if not started or time.monotonic() - started < LONG_RUN_SECONDS:
            return
        failed = self._shared.queue.counts.states[JobState.FAILED]
        self.show_message(
            tr("All jobs are done. {count} in the list failed.", count=failed)
            if failed
            else tr("All jobs are done.")
        )

    def _on_pause_changed(self, reason: str) -> None:
        if not reason:
            self._timer.stop()
            self._blocked = ""
        elif reason not in (PAUSED, IN_USE):  # a limit, or a folder that is not writable
            self.show_message(reason)

    def _on_disk_refused(self, folder: str) -> None:
        self._blocked = folder
        self._timer.start()

    def show_message(self, message: str) -> None:
        """Show a desktop notification if the window is not active."""
        if self._window.isActiveWindow() or not self._shared.settings.notify:
            return
        QApplication.alert(self._window)
        if QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages():
            self._tray = self._tray or QSystemTrayIcon(icon("studio"), self)
            self._tray.show()
            self._tray.showMessage("Studio", message)
        else:
            taskbar.notify("Studio", message)

    def check_folder(self) -> None:
        """Resume the queue if the folder is writable again."""
        folder = self._blocked
        if folder:
            background.run(self, lambda: can_write(Path(folder)), self._on_checked)

    def _on_checked(self, writable: bool) -> None:
        if writable and self._blocked:
            self._shared.queue.resume()
