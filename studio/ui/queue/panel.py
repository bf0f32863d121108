"""The queue's panel: filters, the table of jobs, and buttons."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.core.jobs import Job, JobState
from studio.core.kinds import KINDS
from studio.core.translation import tr, tr_marked
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.queue.job_actions import JobActions
from studio.ui.queue.job_text import STATE_TITLES, left_text
from studio.ui.queue.job_thumbnails import PromptDelegate
from studio.ui.queue.pause_menu import PauseMenu
from studio.ui.queue.table import (
    KIND,
    MODEL,
    PROGRESS,
    PROMPT,
    STATE,
    TIME,
    JobFilter,
    JobTable,
    ProgressDelegate,
)
from studio.ui.widgets.factory import (
    button,
    choice_box,
    label,
    name_control,
    row,
    search_field,
    style_table,
)
from studio.ui.widgets.icons import set_icon

TICK_MS = 1_000
NARROW = 900
"""Below this width the table hides the model."""


class QueuePanel(QWidget):
    """Lists the jobs; starts, stops and reorders them."""

    edit_requested = Signal(object)
    """Job: a waiting one, to be edited in its form."""
    result_requested = Signal(str)
    """Id of the job whose result the window shows."""

    def __init__(self, shared: AppState) -> None:
        super().__init__()
        self.shared = shared
        self.queue = shared.queue
        self.table_model = JobTable(self.queue)
        self.shown = JobFilter(self.table_model)
        self.table = _create_table(self.shown)
        self.table.setItemDelegateForColumn(
            PROMPT, PromptDelegate(self.table, self.shown, self.queue, shared.library)
        )
        self.job_actions = JobActions(shared, self.table, self.shown)
        self.summary = label("", "muted")
        self.text = search_field(
            tr("Search jobs"),
            tr("Show only jobs with this text in prompt or model"),
            tr("Search jobs"),
        )
        self.kind = choice_box(
            tr("Kind"),
            tr("Show only jobs of one kind"),
            tr("All kinds"),
            {name: tr_marked(kind.title) for name, kind in KINDS.items()},
        )
        states = {key: tr_marked(title) for key, title in STATE_TITLES.items()}
        self.state = choice_box(
            tr("State"), tr("Show only jobs in one state"), tr("All states"), states
        )
        self.batch = choice_box(
            tr("Batch"), tr("Show only jobs of one batch"), tr("All batches"), {}
        )
        self._changes = background.DelayedCall(self, self._on_changed)
        self.pause_button = button(
            tr("Pause"), tr("Pause after the running job, or continue"), self.toggle_pause, "pause"
        )
        self.pause_menu = PauseMenu(shared, self)
        options = QToolButton()
        options.setText(tr("Options"))
        options.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        options.setMenu(self.pause_menu)
        name_control(
            options, tr("Queue options"), tr("Pausing, order of jobs, sleep and notifications")
        )
        self.cancel_button = button(
            tr("Cancel"),
            tr("Cancel the selected jobs (Delete)"),
            self.job_actions.cancel_selected,
            "stop",
        )
        self.retry_button = button(
            tr("Try again"),
            tr("Run the selected failed or cancelled jobs again"),
            self.job_actions.retry_selected,
            "retry",
        )
        self.more_button = QToolButton()
        self.more_button.setText(tr("More"))
        self.more_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more_button.setMenu(self.job_actions.create_menu())
        name_control(self.more_button, tr("More"), tr("All actions for jobs"))
        self._create_layout(options)
        self._connect()
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._on_tick)
        self._on_changed()
        self._on_pause_changed(self.queue.paused)

    def _create_layout(self, options: QToolButton) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 12, 10)
        layout.setSpacing(6)
        layout.addWidget(row(self.text, self.kind, self.state, self.batch))
        layout.addWidget(self.table, 1)
        buttons = (
            self.pause_button,
            options,
            self.cancel_button,
            self.retry_button,
            self.more_button,
        )
        layout.addWidget(row(self.summary, None, *buttons))

    def _connect(self) -> None:
        self.text.textChanged.connect(lambda _text: self._on_filter())
        for choice in (self.kind, self.state, self.batch):
            choice.currentIndexChanged.connect(lambda _index: self._on_filter())
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._show_context_menu)
        self.table.doubleClicked.connect(lambda _index: self.job_actions.show_selected())
        self.table.selectionModel().selectionChanged.connect(lambda *_changes: self._on_changed())
        self.table_model.dropped.connect(self.job_actions.move)
        self.job_actions.edit_requested.connect(self.edit_requested)
        self.job_actions.result_requested.connect(self.result_requested)
        for signal in (
            self.queue.jobs_added,
            self.queue.jobs_changed,
            self.queue.jobs_removed,
            self.queue.jobs_moved,
        ):
            signal.connect(self._changes.request)
        self.table_model.ranks_changed.connect(self.table.viewport().update)
        self.queue.jobs_added.connect(self._on_added)
        self.queue.jobs_changed.connect(self._on_jobs_changed)
        self.queue.pause_changed.connect(self._on_pause_changed)
        # Not a lambda: the stack emits after the panel is deleted, when Qt has disconnected a slot.
        self.job_actions.undo_stack.indexChanged.connect(self._on_undo_changed)
        self._on_added(self.queue.jobs())

    def toggle_pause(self) -> None:
        """Pause after the running job, or continue."""
        if self.queue.paused:
            self.queue.resume()
        else:
            self.queue.pause()

    def _show_context_menu(self, position: QPoint) -> None:
        self.job_actions.create_menu().exec(self.table.viewport().mapToGlobal(position))

    # Updates
    # ----------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide the model in a narrow table, to keep space for prompts."""
        narrow = event.size().width() < NARROW
        self.table.setColumnHidden(MODEL, narrow)
        self.table.setColumnWidth(PROGRESS, 190 if narrow else 230)
        super().resizeEvent(event)

    def _on_jobs_changed(self, jobs: list[Job]) -> None:
        running = next((job for job in jobs if job.state is JobState.RUNNING), None)
        if running is not None and not self.job_actions.selected():
            row_number = self.table_model.row_of(running.id)
            self.table.scrollTo(self.shown.mapFromSource(self.table_model.index(row_number, 0)))

    def _on_filter(self) -> None:
        state, batch = self.state.currentData(), self.batch.currentData()
        self.shown.show_only(self.kind.currentData(), state, batch, self.text.text().strip())
        is_unfiltered = not (self.kind.currentData() or state or batch or self.text.text().strip())
        # A position between rows is ambiguous while rows are hidden.
        self.table.setDragEnabled(is_unfiltered)
        self._on_changed()

    def _on_added(self, jobs: list[Job]) -> None:
        for batch, folder in {job.batch: job.target.folder for job in jobs if job.batch}.items():
            if self.batch.findData(batch) < 0:
                self.batch.addItem(Path(folder).name, batch)
        self.batch.setVisible(self.batch.count() > 1)

    def _on_pause_changed(self, reason: str) -> None:
        self.pause_button.setText(tr("Continue") if reason else tr("Pause"))
        self.pause_button.setAccessibleName(self.pause_button.text())
        set_icon(self.pause_button, "play" if reason else "pause")
        self._on_changed()

    def _on_undo_changed(self, _index: int) -> None:
        self._on_changed()

    def _on_changed(self) -> None:
        self.summary.setText(self._summary())
        self.job_actions.update_enabled()
        self.cancel_button.setEnabled(self.job_actions.by_name["cancel"].isEnabled())
        self.retry_button.setEnabled(self.job_actions.by_name["retry"].isEnabled())
        running = self.queue.counts.states[JobState.RUNNING]
        if bool(running) != self._timer.isActive():
            (self._timer.start if running else self._timer.stop)()

    def _summary(self) -> str:
        counts = self.queue.counts
        if not counts.states.total():
            return tr("No jobs yet. Everything you generate is listed here.")
        running, failed = counts.states[JobState.RUNNING], counts.states[JobState.FAILED]
        parts = [tr("{waiting:,} waiting", waiting=counts.states[JobState.QUEUED])]
        parts += [tr("{running} running", running=running)] if running else []
        parts += [tr("{failed:,} failed", failed=failed)] if failed else []
        seconds, unknown = counts.left(self.queue.estimates.medians())
        if seconds >= 1 or (seconds and not unknown):
            parts.append(left_text(seconds, is_least=bool(unknown)))
        if self.queue.paused:
            parts.insert(0, tr("Paused"))
        return " · ".join(parts)

    def _on_tick(self) -> None:
        self.table_model.update_times()
        self.summary.setText(self._summary())


def _create_table(shown: JobFilter) -> QTableView:
    table = QTableView()
    table.setModel(shown)
    table.setItemDelegateForColumn(PROGRESS, ProgressDelegate(table))
    style_table(table, {STATE: 100, KIND: 70, MODEL: 150, PROGRESS: 230, TIME: 110}, [PROMPT])
    table.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
    table.setDragDropOverwriteMode(False)
    table.setDropIndicatorShown(True)
    name_control(
        table,
        tr("Queue"),
        tr("All jobs. Delete cancels, Enter shows the result, Alt+Up and Alt+Down move"),
    )
    return table
