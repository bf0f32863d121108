"""What reaches a person who looks elsewhere: the window's title, count and progress on the
program's icon, a message.

It also looks whether a folder that could not be written is back, and lets the queue go on.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow, QSystemTrayIcon

from studio.core.events import Event, Progress
from studio.core.jobs import Job, JobState
from studio.jobs.queue import IN_USE, PAUSED
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop import taskbar
from studio.ui.widgets.icons import icon

LONG_RUN_SECONDS = 20
"""A run shorter than that ends while a person looks."""
LOOK_AGAIN_MS = 5_000
PROGRESS_MS = 500
ENOUGH_BYTES = 50 * 2**20


class Notifier(QObject):
    """Follows the queue for one window."""

    def __init__(self, shared: AppState, window: QMainWindow) -> None:
        super().__init__(window)
        self._shared = shared
        self._window = window
        self._begun = 0.0
        self._done = 0
        self._shares: dict[str, float] = {}
        self._shows_progress = False
        self._told_aside = False
        self._tray: QSystemTrayIcon | None = None
        self._blocked = ""
        self._changes = background.Soon(self, self._on_changed)
        self._progress = background.Soon(self, self._show_progress, PROGRESS_MS)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_AGAIN_MS)
        self._timer.timeout.connect(self.look_again)
        queue = shared.queue
        for signal in (queue.jobs_added, queue.jobs_changed, queue.jobs_removed):
            signal.connect(self._changes.wish)
        queue.jobs_changed.connect(self._on_jobs_changed)
        queue.job_event.connect(self._on_event)
        queue.idle_reached.connect(self._on_idle)
        queue.pause_changed.connect(self._on_pause_changed)
        queue.disk_refused.connect(self._on_disk_refused)

    def _on_changed(self) -> None:
        open_jobs = self._shared.queue.tally.open
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.setBadgeNumber(open_jobs)
        self._window.setWindowTitle(f"Studio – {open_jobs} to do" if open_jobs else "Studio")

    def _on_event(self, job_id: str, event: Event) -> None:
        self._begun = self._begun or time.monotonic()
        if isinstance(event, Progress):
            self._shares[job_id] = event.step / max(1, event.total)
            self._progress.wish()

    def _on_jobs_changed(self, jobs: list[Job]) -> None:
        for job in jobs:
            if job.state is not JobState.RUNNING:
                self._shares.pop(job.id, None)
            self._done += job.state.over
            if job.set_aside and not self._told_aside:
                self._told_aside = True  # once a run: the end of it counts them
                self.show_message(
                    "A job was set aside, because it took the engine down twice. The others go on."
                )
        self._progress.wish()

    @property
    def share(self) -> float | None:
        """How far this run of the queue is, from 0 to 1; None where nothing is to do."""
        open_jobs = self._shared.queue.tally.open
        return (
            (self._done + sum(self._shares.values())) / (self._done + open_jobs)
            if open_jobs and self._begun
            else None
        )

    def _show_progress(self) -> None:
        share = self.share
        if share is not None or self._shows_progress:
            taskbar.show_progress(self._window, share)
        self._shows_progress = share is not None

    def _on_idle(self) -> None:
        begun, self._begun, self._done, self._told_aside = self._begun, 0.0, 0, False
        self._progress.wish()
        if not begun or time.monotonic() - begun < LONG_RUN_SECONDS:
            return
        failed = self._shared.queue.tally.states[JobState.FAILED]
        self.show_message(
            "All jobs are done" + (f"; {failed} of those listed failed." if failed else ".")
        )

    def _on_pause_changed(self, reason: str) -> None:
        if not reason:
            self._timer.stop()
            self._blocked = ""
        elif reason not in (PAUSED, IN_USE):  # a limit, or a folder that cannot be written
            self.show_message(reason)

    def _on_disk_refused(self, folder: str) -> None:
        self._blocked = folder
        self._timer.start()

    def show_message(self, sentence: str) -> None:
        """Tell a person who looks elsewhere, where the desktop can."""
        if self._window.isActiveWindow() or not self._shared.settings.notify:
            return
        QApplication.alert(self._window)
        if QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages():
            self._tray = self._tray or QSystemTrayIcon(icon("studio"), self)
            self._tray.show()
            self._tray.showMessage("Studio", sentence)
        else:
            taskbar.notify("Studio", sentence)

    def look_again(self) -> None:
        """Let the queue go on where the folder that was refused can be written again."""
        folder = self._blocked
        if folder:
            background.run(self, lambda: can_write(Path(folder)), self._on_looked)

    def _on_looked(self, fine: bool) -> None:
        if fine and self._blocked:
            self._shared.queue.resume()


def can_write(folder: Path) -> bool:
    """True where a file can be written to the folder, which is made where it is not there, and
    there is room.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return shutil.disk_usage(folder).free >= ENOUGH_BYTES
    except OSError:
        return False
