"""The queue's options menu: when to pause, and how jobs run."""

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

from studio.core.settings_catalog.catalog import BY_KEY
from studio.core.translation import tr, tr_marked, tr_plural
from studio.jobs.pause import Limit
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.idle import seconds_since_input
from studio.ui.widgets.factory import name_control

DAY_SECONDS = 86_400


class PauseMenu(QMenu):
    """Pause now, after some jobs or at a time; order, batches, sleep, notifications."""

    def __init__(self, shared: AppState, parent: QWidget) -> None:
        super().__init__(parent)
        self._shared = shared
        self._queue = shared.queue
        self.pause_after = self._add(tr("Pause after this job"), self._queue.pause)
        self.pause_now = self._add(
            tr("Pause now and requeue the running job"), lambda: self._queue.pause(now=True)
        )
        self.pause_jobs = self._add(tr("Pause after a number of jobs…"), self._ask_jobs)
        self.pause_time = self._add(tr("Pause at a time…"), self._ask_time)
        self.no_limit = self._add(tr("No limit"), lambda: self._queue.set_limit(Limit()))
        self.addSeparator()
        self._switches: dict[str, QAction] = {}
        self.by_model = self._add_setting("order_by_model")
        self.batch_jobs = self._add_setting("batch_jobs")
        self.keep_awake = self._add_setting("keep_awake")
        self.only_idle = self._add_setting("only_idle")
        self.notify = self._add_setting("notify")
        self.only_idle.setVisible(self.only_idle.isChecked())
        shared.settings_changed.connect(self._on_settings_changed)
        self.aboutToShow.connect(self._on_about_to_show)
        self._query_idle()

    def _add(self, title: str, method: object) -> QAction:
        action = self.addAction(title)
        action.triggered.connect(lambda _checked=False: method() if callable(method) else None)
        return action

    def _add_setting(self, key: str) -> QAction:
        action = self.addAction(tr_marked(BY_KEY[key].title))
        action.setCheckable(True)
        action.setChecked(getattr(self._shared.settings, key))
        action.toggled.connect(lambda on: self._shared.change_settings(**{key: on}))
        self._switches[key] = action
        return action

    def _on_settings_changed(self, names: frozenset[str]) -> None:
        for key in names & self._switches.keys():
            self._switches[key].setChecked(getattr(self._shared.settings, key))

    def _on_about_to_show(self) -> None:
        self._query_idle()
        limit = self._queue.limit
        parts = []
        if limit.jobs:
            parts.append(tr_plural("1 more job", "{count} more jobs", limit.jobs))
        if limit.until:
            until = time.strftime("%H:%M", time.localtime(limit.until))
            parts.append(tr("until {time}", time=until))
        now = ", ".join(parts)
        self.no_limit.setText(tr("No limit (now: {limits})", limits=now) if now else tr("No limit"))
        self.no_limit.setEnabled(bool(parts))

    def _query_idle(self) -> None:
        """Offer idle-only running if the desktop reports the idle time."""
        background.run(self, seconds_since_input, self._on_idle_known)

    def _on_idle_known(self, seconds: float | None) -> None:
        self.only_idle.setVisible(self.only_idle.isChecked() or seconds is not None)

    def _ask_jobs(self) -> None:
        count, accepted = QInputDialog.getInt(
            self,
            tr("Pause after a number of jobs"),
            tr("Jobs to run before the pause:"),
            10,
            1,
            1_000_000,
        )
        if accepted:
            self._queue.set_limit(Limit(jobs=count))

    def _ask_time(self) -> None:
        dialog = QDialog(self)
        dialog.setWindowTitle(tr("Pause at a time"))
        editor = QTimeEdit(QTime.currentTime().addSecs(3_600))
        editor.setDisplayFormat("HH:mm")
        name_control(editor, tr("Time"), tr("No job starts after this time, today or tomorrow"))
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(dialog.accept)
        buttons.rejected.connect(dialog.reject)
        form = QFormLayout(dialog)
        form.addRow(tr("No job starts after"), editor)
        form.addRow(buttons)
        if dialog.exec():
            self.pause_at(editor.time())

    def pause_at(self, at: QTime) -> None:
        """Start no job after this time, today or, if it is over, tomorrow."""
        seconds = QTime.currentTime().secsTo(at)
        self._queue.set_limit(Limit(until=time.time() + seconds % DAY_SECONDS))
