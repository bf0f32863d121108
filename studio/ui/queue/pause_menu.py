"""The queue's options: pausing now or later, and how jobs run."""

from __future__ import annotations

import time

from PySide6.QtCore import QTime
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QInputDialog,
    QMenu,
    QTimeEdit,
    QWidget,
)

from studio.jobs.pause import Limit
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.idle import seconds_since_input
from studio.ui.widgets.factory import name_control

DAY_SECONDS = 86_400


class PauseMenu(QMenu):
    """Pause now, after so many jobs, at a time; order by model; sleep and notifications."""

    def __init__(self, shared: AppState, parent: QWidget) -> None:
        super().__init__(parent)
        self._shared = shared
        self._queue = shared.queue
        self.pause_after = self._add("Pause after this job", self._queue.pause)
        self.pause_now = self._add(
            "Pause now; the running job waits again", lambda: self._queue.pause(now=True)
        )
        self.pause_jobs = self._add("Pause after a number of jobs…", self._ask_jobs)
        self.pause_time = self._add("Pause at a time…", self._ask_time)
        self.no_limit = self._add("No limit", lambda: self._queue.set_limit(Limit()))
        self.addSeparator()
        settings = shared.settings
        self.by_model = self._check(
            "Run jobs of one model after another", settings.order_by_model, self._set_by_model
        )
        self.together = self._check(
            "Run jobs with the same settings as one batch",
            settings.batch_jobs,
            self._set_together,
        )
        self.keep_awake = self._check(
            "Keep the computer awake while jobs run", settings.keep_awake, self._set_awake
        )
        self.only_idle = self._check(
            "Run jobs only while nobody uses the computer", settings.only_idle, self._set_only_idle
        )
        self.notify = self._check("Say when a long run is over", settings.notify, self._set_notify)
        self.only_idle.setVisible(settings.only_idle)
        self.aboutToShow.connect(self._show_limit)
        self._find_out_idle()

    def _add(self, title: str, method: object) -> QAction:
        action = self.addAction(title)
        action.triggered.connect(lambda _checked=False: method() if callable(method) else None)
        return action

    def _check(self, title: str, on: bool, method: object) -> QAction:
        action = self.addAction(title)
        action.setCheckable(True)
        action.setChecked(on)
        action.toggled.connect(method)
        return action

    def _show_limit(self) -> None:
        self._find_out_idle()
        limit = self._queue.limit
        parts = [f"{limit.jobs} more jobs"] if limit.jobs else []
        parts += (
            [f"until {time.strftime('%H:%M', time.localtime(limit.until))}"] if limit.until else []
        )
        self.no_limit.setText(f"No limit (now: {', '.join(parts)})" if parts else "No limit")
        self.no_limit.setEnabled(bool(parts))

    def _find_out_idle(self) -> None:
        """Offer to run jobs only while nobody is there, where the desktop can say so."""
        background.run(self, seconds_since_input, self._on_idle_known)

    def _on_idle_known(self, seconds: float | None) -> None:
        self.only_idle.setVisible(self.only_idle.isChecked() or seconds is not None)

    def _ask_jobs(self) -> None:
        number, fine = QInputDialog.getInt(
            self, "Pause after a number of jobs", "Jobs that may still run:", 10, 1, 1_000_000
        )
        if fine:
            self._queue.set_limit(Limit(jobs=number))

    def _ask_time(self) -> None:
        dialog = QDialog(self)
        dialog.setWindowTitle("Pause at a time")
        editor = QTimeEdit(QTime.currentTime().addSecs(3_600))
        editor.setDisplayFormat("HH:mm")
        name_control(editor, "Time", "No job begins after this time, today or else tomorrow")
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(dialog.accept)
        buttons.rejected.connect(dialog.reject)
        form = QFormLayout(dialog)
        form.addRow("No job begins after", editor)
        form.addRow(buttons)
        if dialog.exec():
            self.pause_at(editor.time())

    def pause_at(self, at: QTime) -> None:
        """Let no job begin after this time, today or else tomorrow."""
        seconds = QTime.currentTime().secsTo(at)
        self._queue.set_limit(Limit(until=time.time() + seconds % DAY_SECONDS))

    def _set_by_model(self, on: bool) -> None:
        self._queue.by_model = on
        self._shared.change_settings(order_by_model=on)
        self._queue.jobs_moved.emit([])

    def _set_together(self, on: bool) -> None:
        self._queue.together = on
        self._shared.change_settings(batch_jobs=on)

    def _set_awake(self, on: bool) -> None:
        self._shared.session.worker.keep_awake = on
        self._shared.change_settings(keep_awake=on)

    def _set_only_idle(self, on: bool) -> None:
        self._shared.change_settings(only_idle=on)
        self._shared.only_idle_changed.emit(on)

    def _set_notify(self, on: bool) -> None:
        self._shared.change_settings(notify=on)
