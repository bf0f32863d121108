"""The windows that check the installation and collect details for a report."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QProgressBar,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.core.translation import mark, tr, tr_marked, tr_plural
from studio.doctor import Check, examine
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.help.report import report_text
from studio.ui.widgets.factory import button, label, name_control, row, style_table

SIZE = (820, 560)
STATES = {"ok": mark("✓ OK"), "warn": mark("! Note"), "bad": mark("✗ Problem")}


class DoctorWindow(QDialog):
    """Runs all checks in the background and shows each with what to do."""

    def __init__(self, shared: AppState, parent: QWidget) -> None:
        super().__init__(parent)
        self._shared = shared
        self._checks: list[Check] = []
        self.setWindowTitle(tr("Check of the installation"))
        self.setMinimumSize(480, 320)
        resize_to_fit(self, *SIZE)
        self.summary = label("", wrap=True)
        self.progress = QProgressBar()
        self.progress.setRange(0, 0)
        name_control(self.progress, tr("Progress"), tr("The checks run"))
        self.table = QTableWidget(0, 4)
        self.table.setHorizontalHeaderLabels(["", tr("Check"), tr("Found"), tr("What to do")])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        style_table(self.table, {0: 100, 1: 150}, (2, 3))
        self.table.setWordWrap(True)
        name_control(self.table, tr("Checks"), tr("Each check with its result and what to do"))
        self.copy_button = button(tr("Copy"), tr("Copy all checks as text"), self._copy, "copy")
        self.report_button = button(
            tr("Copy details for a report"),
            tr("Copy versions, platform and hardware, without prompts, names and paths"),
            self._copy_report,
        )
        self.again_button = button(tr("Check again"), tr("Run all checks again"), self.run, "retry")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        for widget in (self.summary, self.progress):
            layout.addWidget(widget)
        layout.addWidget(self.table, 1)
        close = button(tr("Close"), tr("Close this window"), self.close)
        layout.addWidget(row(self.again_button, self.copy_button, self.report_button, None, close))
        self.run()

    def run(self) -> None:
        """Run all checks; takes some seconds, because a child process imports torch."""
        self.summary.setText(tr("Checking… This takes some seconds."))
        self._set_running(True)
        background.run(self, lambda: examine(self._shared.data), self._on_examined, self._on_failed)

    def _set_running(self, running: bool) -> None:
        self.progress.setVisible(running)
        for control in (self.again_button, self.copy_button, self.report_button):
            control.setEnabled(not running)

    def _on_failed(self, error: Exception) -> None:
        self._set_running(False)
        self.summary.setText(tr("The checks could not be completed."))
        raise error

    def _on_examined(self, checks: list[Check]) -> None:
        self._checks = checks
        self._set_running(False)
        counts = {state: sum(one.state == state for one in checks) for state in STATES}
        self.summary.setText(_summary(counts["bad"], counts["warn"]))
        order = sorted(checks, key=lambda check: ("bad", "warn", "ok").index(check.state))
        self.table.setRowCount(len(order))
        for at, check in enumerate(order):
            cure = check.cure if check.state != "ok" else ""
            for column, text in enumerate(
                (tr_marked(STATES[check.state]), tr_marked(check.name), check.found, cure)
            ):
                item = QTableWidgetItem(text)
                item.setToolTip(text)
                self.table.setItem(at, column, item)
        self.table.resizeRowsToContents()

    def _copy(self) -> None:
        lines = [
            f"{tr_marked(STATES[check.state])} {tr_marked(check.name)}: "
            f"{check.found} {check.cure}".rstrip()
            for check in self._checks
        ]
        QGuiApplication.clipboard().setText("\n".join(lines) + "\n")
        self.summary.setText(tr("All checks were copied."))

    def _copy_report(self) -> None:
        text = report_text(self._checks, self._shared.settings, describe_screens())
        QGuiApplication.clipboard().setText(text)
        self.summary.setText(tr("The details were copied, without prompts, names and paths."))


def _summary(problems: int, notes: int) -> str:
    if problems:
        return tr_plural("A problem was found.", "{count} problems were found.", problems)
    if notes:
        return tr_plural(
            "Everything that Studio needs is installed, with one note.",
            "Everything that Studio needs is installed, with {count} notes.",
            notes,
        )
    return tr("Everything that Studio needs is installed.")


def describe_screens() -> str:
    """Return sizes and scale of the screens."""
    return ", ".join(
        f"{screen.size().width()} × {screen.size().height()} at {screen.devicePixelRatio():g}"
        for screen in QGuiApplication.screens()
    )
