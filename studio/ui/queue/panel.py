"""The table of jobs and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QAction, QDesktopServices, QKeySequence, QResizeEvent, QUndoStack
from PySide6.QtWidgets import (
    QAbstractItemView,
    QMenu,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.core.artifact import Artifact
from studio.core.jobs import Job, JobState
from studio.core.kinds import KINDS
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.queue.pause_menu import PauseMenu
from studio.ui.queue.table import (
    KIND,
    MODEL,
    PROGRESS,
    PROMPT,
    SET_ASIDE,
    STATE,
    TIME,
    WORDS,
    JobFilter,
    JobTable,
    ProgressDelegate,
    duration,
)
from studio.ui.queue.undo import Move, Remove
from studio.ui.widgets.factory import (
    button,
    choice_box,
    label,
    name_control,
    row,
    search_field,
    show_message,
    style_table,
)
from studio.ui.widgets.icons import set_icon

TICK_MS = 1_000
NARROW = 900
"""Below this width the table leaves out the model."""


class QueuePanel(QWidget):
    """Filters, table, buttons."""

    edit_wanted = Signal(object)

    def __init__(self, shared: AppState) -> None:
        super().__init__()
        self.shared = shared
        self.queue = shared.queue
        self.undo_stack = QUndoStack(self)
        self.table_model = JobTable(self.queue)
        self.shown = JobFilter(self.table_model)
        self.table = _table(self.shown)
        self.summary = label("", "muted")
        self.text = search_field(
            "Search prompts", "Show only jobs with this text in prompt or model", "Search prompts"
        )
        self.kind = choice_box(
            "Kind",
            "Show only jobs of a kind",
            "All kinds",
            {name: kind.title for name, kind in KINDS.items()},
        )
        words = {word: word for word in (*WORDS.values(), SET_ASIDE)}
        self.state = choice_box("State", "Show only jobs in a state", "All states", words)
        self.batch = choice_box("Batch", "Show only jobs of a batch", "All batches", {})
        self._changes = background.Soon(self, self._on_changed)
        self._actions = self._make_actions()
        self.pause_button = button("Pause", "Pause the queue, or go on", self.toggle_pause, "pause")
        self.pause_menu = PauseMenu(shared, self)
        options = QToolButton()
        options.setText("Options")
        options.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        options.setMenu(self.pause_menu)
        name_control(
            options, "Queue options", "Pause now or later, order by model, sleep and notifications"
        )
        self.cancel_button = button(
            "Cancel", "Cancel the chosen jobs (Delete)", self.cancel_chosen, "stop"
        )
        self.retry_button = button(
            "Try again", "Run the chosen failed or cancelled jobs again", self.retry_chosen, "retry"
        )
        self.more_button = QToolButton()
        self.more_button.setText("More")
        self.more_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more_button.setMenu(self._menu())
        name_control(self.more_button, "More", "Everything that can be done with jobs")
        self._lay_out(options)
        self._connect()
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._on_tick)
        self._on_changed()
        self._on_pause_changed(self.queue.paused)

    def _lay_out(self, options: QToolButton) -> None:
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

    def _make_actions(self) -> dict[str, QAction]:
        table: tuple[tuple[str, str, str, Callable[[], object]], ...] = (
            ("show", "Show result", "Return", self.show_chosen),
            ("next", "Run next", "Alt+Home", self.run_next),
            ("up", "Move up", "Alt+Up", lambda: self._step(-1)),
            ("down", "Move down", "Alt+Down", lambda: self._step(1)),
            ("edit", "Change…", "F2", self.edit_chosen),
            ("duplicate", "Duplicate", "Ctrl+D", self.duplicate_chosen),
            ("cancel", "Cancel", "Del", self.cancel_chosen),
            ("retry", "Try again", "", self.retry_chosen),
            ("remove", "Remove from the list", "Shift+Del", self.remove_chosen),
            ("cancel_batch", "Cancel the rest of its batch", "", self.cancel_batch),
            ("retry_failed", "Try all failed ones again", "", self.retry_failed),
            ("cancel_waiting", "Cancel all that wait", "", self.cancel_waiting),
            ("cancel_all", "Cancel everything", "", self.queue.cancel_all),
            ("clear", "Clear what is over", "", self.clear_over),
            ("undo", "Undo", "Ctrl+Z", self.undo_stack.undo),
            ("redo", "Redo", "Ctrl+Shift+Z", self.undo_stack.redo),
        )
        made = {}
        for name, title, keys, method in table:
            action = QAction(title, self)
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(lambda _checked=False, method=method: method())
            self.table.addAction(action)
            made[name] = action
        return made

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        groups = (
            ("show", "next", "up", "down", "edit", "duplicate"),
            ("cancel", "retry", "remove", "cancel_batch"),
            ("retry_failed", "cancel_waiting", "cancel_all", "clear"),
            ("undo", "redo"),
        )
        for names in groups:
            menu.addActions([self._actions[name] for name in names])
            menu.addSeparator()
        return menu

    def _connect(self) -> None:
        self.text.textChanged.connect(lambda _text: self._on_filter())
        for choice in (self.kind, self.state, self.batch):
            choice.currentIndexChanged.connect(lambda _index: self._on_filter())
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(
            lambda at: self._menu().exec(self.table.viewport().mapToGlobal(at))
        )
        self.table.doubleClicked.connect(lambda _index: self.show_chosen())
        self.table.selectionModel().selectionChanged.connect(lambda *_changes: self._on_changed())
        self.table_model.dropped.connect(
            lambda ids, before: self.undo_stack.push(Move(self.queue, ids, before))
        )
        for signal in (
            self.queue.jobs_added,
            self.queue.jobs_changed,
            self.queue.jobs_removed,
            self.queue.jobs_moved,
        ):
            signal.connect(self._changes.wish)
        self.table_model.ranks_changed.connect(self.table.viewport().update)
        self.queue.jobs_added.connect(self._on_added)
        self.queue.jobs_changed.connect(self._on_jobs_changed)
        self.queue.pause_changed.connect(self._on_pause_changed)
        self.undo_stack.indexChanged.connect(
            self._on_undo_changed
        )  # not a lambda: it outlives the panel's parts
        self._on_added(self.queue.jobs())

    # What is done with jobs
    # ----------------------------------------------------------------------

    def chosen(self, *states: JobState) -> list[Job]:
        """Return the selected jobs, those in these states where some are given."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        jobs = [self.shown.job_at(number) for number in rows]
        return [job for job in jobs if not states or job.state in states]

    def choose(self, job_ids: list[str]) -> None:
        """Select jobs."""
        wanted = set(job_ids)
        self.table.clearSelection()
        selection = self.table.selectionModel()
        flags = selection.SelectionFlag.Select | selection.SelectionFlag.Rows
        for number in range(self.shown.rowCount()):
            if self.shown.job_at(number).id in wanted:
                selection.select(self.shown.index(number, 0), flags)

    def run_next(self) -> None:
        """Let the selected waiting jobs run before all others."""
        first = next((job.id for job in self.queue.waiting()), None)
        self._move(first)

    def _step(self, by: int) -> None:
        waiting = [job.id for job in self.queue.waiting()]
        places = [waiting.index(job.id) for job in self.chosen(JobState.QUEUED)]
        if not places:
            return
        target = max(0, places[0] - 1) if by < 0 else places[-1] + 2
        self._move(waiting[target] if target < len(waiting) else None)

    def _move(self, before: str | None) -> None:
        ids = [job.id for job in self.chosen(JobState.QUEUED)]
        if ids:
            self.undo_stack.push(Move(self.queue, ids, before))
            self.queue.jobs_moved.connect(
                lambda _jobs: self.choose(ids), Qt.ConnectionType.SingleShotConnection
            )

    def edit_chosen(self) -> None:
        """Open the form of the selected waiting job."""
        waiting = self.chosen(JobState.QUEUED)
        if waiting:
            self.edit_wanted.emit(waiting[0])

    def duplicate_chosen(self) -> None:
        """Append the selected jobs once more."""
        self.queue.duplicate([job.id for job in self.chosen()])

    def cancel_chosen(self) -> None:
        """Cancel the selected jobs."""
        self.queue.cancel([job.id for job in self.chosen() if not job.state.over])

    def cancel_waiting(self) -> None:
        """Cancel all that wait."""
        self.queue.cancel([job.id for job in self.queue.waiting()])

    def cancel_batch(self) -> None:
        """Cancel what is not done of the selected jobs' batches."""
        batches = {job.batch for job in self.chosen() if job.batch}
        self.queue.cancel(
            [job.id for job in self.queue.jobs() if job.batch in batches and not job.state.over]
        )

    def retry_chosen(self) -> None:
        """Run the selected failed or cancelled jobs again."""
        self.queue.retry([job.id for job in self.chosen(JobState.FAILED, JobState.CANCELLED)])

    def retry_failed(self) -> None:
        """Run all failed jobs again."""
        self.queue.retry([job.id for job in self.queue.jobs() if job.state is JobState.FAILED])

    def remove_chosen(self) -> None:
        """Take the selected jobs from the list; it can be undone."""
        jobs = [job for job in self.chosen() if job.state is not JobState.RUNNING]
        if jobs:
            self.undo_stack.push(Remove(self.queue, jobs))

    def clear_over(self) -> None:
        """Take all jobs that are over from the list; it can be undone."""
        jobs = [job for job in self.queue.jobs() if job.state.over]
        if jobs:
            self.undo_stack.push(Remove(self.queue, jobs))

    def show_chosen(self) -> None:
        """Show the folder of the selected job's result (where no tab shows it, the result itself),
        or why it failed.
        """
        jobs = self.chosen()
        if jobs and jobs[0].failure is not None:
            failure = jobs[0].failure
            show_message(
                self, "The job failed", f"{failure.message} {failure.cure}", failure.details
            )
        elif jobs:
            self.queue.find_artifacts(
                jobs[0].id, _open_folder if KINDS[jobs[0].request.kind].tab else _open_file
            )

    def toggle_pause(self) -> None:
        """Pause after the running job, or go on."""
        if self.queue.paused:
            self.queue.resume()
        else:
            self.queue.pause()

    # What is shown
    # ----------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A narrow table keeps its room for prompts."""
        narrow = event.size().width() < NARROW
        self.table.setColumnHidden(MODEL, narrow)
        self.table.setColumnWidth(PROGRESS, 190 if narrow else 260)
        super().resizeEvent(event)

    def _on_jobs_changed(self, jobs: list[Job]) -> None:
        running = next((job for job in jobs if job.state is JobState.RUNNING), None)
        if running is not None and not self.chosen():
            number = self.table_model.row_of(running.id)
            self.table.scrollTo(self.shown.mapFromSource(self.table_model.index(number, 0)))

    def _on_filter(self) -> None:
        state, batch = self.state.currentData(), self.batch.currentData()
        self.shown.show_only(self.kind.currentData(), state, batch, self.text.text().strip())
        plain = not (self.kind.currentData() or state or batch or self.text.text().strip())
        self.table.setDragEnabled(plain)  # a place between rows means nothing where some are hidden
        self._on_changed()

    def _on_added(self, jobs: list[Job]) -> None:
        for batch, folder in {job.batch: job.target.folder for job in jobs if job.batch}.items():
            if self.batch.findData(batch) < 0:
                self.batch.addItem(Path(folder).name, batch)
        self.batch.setVisible(self.batch.count() > 1)

    def _on_pause_changed(self, reason: str) -> None:
        self.pause_button.setText("Continue" if reason else "Pause")
        self.pause_button.setAccessibleName(self.pause_button.text())
        set_icon(self.pause_button, "play" if reason else "pause")
        self._on_changed()

    def _on_undo_changed(self, _index: int) -> None:
        self._on_changed()

    def _on_changed(self) -> None:
        tally = self.queue.tally
        running, waiting = tally.states[JobState.RUNNING], tally.states[JobState.QUEUED]
        self.summary.setText(self._summary())
        chosen = self.chosen()
        queued = any(job.state is JobState.QUEUED for job in chosen)
        again = any(job.state in (JobState.FAILED, JobState.CANCELLED) for job in chosen)
        active = any(not job.state.over for job in chosen)
        self.cancel_button.setEnabled(active)
        self.retry_button.setEnabled(again)
        enabled = {
            "show": bool(chosen),
            "next": queued,
            "up": queued,
            "down": queued,
            "edit": queued,
            "duplicate": bool(chosen),
            "cancel": active,
            "retry": again,
            "remove": any(job.state is not JobState.RUNNING for job in chosen),
            "cancel_batch": any(job.batch for job in chosen),
            "retry_failed": tally.states[JobState.FAILED] > 0,
            "cancel_waiting": waiting > 0,
            "cancel_all": tally.open > 0,
            "clear": tally.over > 0,
            "undo": self.undo_stack.canUndo(),
            "redo": self.undo_stack.canRedo(),
        }
        for name, on in enabled.items():
            self._actions[name].setEnabled(on)
        self._actions["undo"].setText(f"Undo {self.undo_stack.undoText()}".strip())
        self._actions["redo"].setText(f"Redo {self.undo_stack.redoText()}".strip())
        if bool(running) != self._timer.isActive():
            (self._timer.start if running else self._timer.stop)()

    def _summary(self) -> str:
        tally = self.queue.tally
        if not tally.states.total():
            return "No jobs yet. Everything that you generate is listed here."
        running, failed = tally.states[JobState.RUNNING], tally.states[JobState.FAILED]
        parts = [f"{tally.states[JobState.QUEUED]:,} waiting"]
        parts += [f"{running} running"] if running else []
        parts += [f"{failed:,} failed"] if failed else []
        seconds, unknown = tally.left(self.queue.estimates.medians())
        if seconds >= 1 or (seconds and not unknown):
            parts.append(f"{'at least' if unknown else 'about'} {duration(seconds)} left")
        if self.queue.paused:
            parts.insert(0, "Paused")
        return " · ".join(parts)

    def _on_tick(self) -> None:
        self.table_model.tick()
        self.summary.setText(self._summary())


def _table(shown: JobFilter) -> QTableView:
    table = QTableView()
    table.setModel(shown)
    table.setItemDelegateForColumn(PROGRESS, ProgressDelegate(table))
    style_table(table, {STATE: 100, KIND: 70, MODEL: 150, PROGRESS: 260, TIME: 80}, [PROMPT])
    table.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
    table.setDragDropOverwriteMode(False)
    table.setDropIndicatorShown(True)
    name_control(
        table,
        "Queue",
        "All jobs. Delete cancels, Enter shows the result's folder, Alt+Up and Alt+Down move",
    )
    return table


def _open_file(artifacts: list[Artifact]) -> None:
    # The desktop's own program shows it.
    if artifacts and not QDesktopServices.openUrl(QUrl.fromLocalFile(artifacts[0].path)):
        _open_folder(artifacts)


def _open_folder(artifacts: list[Artifact]) -> None:
    if artifacts:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(Path(artifacts[0].path).parent)))
