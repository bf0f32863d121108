"""The results of a batch as they are made: thumbnails, cards or rows."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QListView, QVBoxLayout, QWidget

from studio.core.artifact import Artifact
from studio.core.events import Cancelled, Event, Failed, Finished, Progress, TextDelta
from studio.core.jobs import Job, JobState
from studio.core.kinds import KINDS
from studio.core.translation import tr
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.desktop.folders import open_folder
from studio.ui.queue.undo import cancel_jobs
from studio.ui.stage.batch.results import BatchResults
from studio.ui.stage.result_delegate import LiveResult, ResultDelegate
from studio.ui.stage.result_item import ResultItem, StripSource
from studio.ui.stage.result_model import ITEM, ResultModel
from studio.ui.widgets.factory import Notice, button, name_control, row

IMAGE_CELL = QSize(180, 200)
TEXT_CELL = QSize(230, 170)
ROW_HEIGHT = 56
LIVE_CHARACTERS = 600
"""Of a text that is being generated, its last ones."""


class BatchGrid(QWidget):
    """Shows one batch; opens a result, runs failed rows again, keeps the best results only."""

    opened = Signal(object)
    """ResultItem that the user wants to see alone."""
    pick_requested = Signal()
    """The user wants to keep the best results only."""
    changed = Signal()
    """Counts or selection changed."""
    removed = Signal(list)
    """list[str], the paths of results that went to the trash."""
    restored = Signal()
    """Results came back from the trash."""

    def __init__(self, shared: AppState, kind: str, source: StripSource) -> None:
        super().__init__()
        self._shared = shared
        self._kind = kind
        self._source = source
        self.content = BatchResults()
        self._requested = ""
        """The batch that is shown or being read."""
        self._missed: list[Job] = []
        """Jobs that were added or changed while the batch is being read."""
        self._changes = 0
        """Counts results that come and go, to notice those that do while files are looked up."""
        self.model = ResultModel(self, by_job=True)
        self.list = QListView()
        self._live: dict[str, LiveResult] = {}
        self.list.setModel(self.model)
        self._set_look()
        self.rerun_button = button(
            tr("Rerun failed"),
            tr("Run the failed rows again with the same seeds"),
            self.rerun,
            "retry",
        )
        self.pick_button = button(
            tr("Pick the best…"),
            tr("Keep some results and move the others to the trash"),
            self.pick_requested.emit,
        )
        self.cancel_button = button(
            tr("Cancel the rest"), tr("Cancel the rows that wait or run"), self.cancel_rest, "stop"
        )
        self.folder_button = button(
            tr("Folder"), tr("Open the folder of the batch"), self._open_folder, "folder"
        )
        self.notice = Notice("banner")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.notice)
        layout.addWidget(self.list, 1)
        buttons = (self.cancel_button, self.pick_button, self.rerun_button, self.folder_button)
        layout.addWidget(row(*buttons, None))
        self._connect()
        self._update()

    def _set_look(self) -> None:
        view, kind = self.list, KINDS[self._kind]
        is_grid = kind.makes_images or kind.makes_texts
        size = IMAGE_CELL if kind.makes_images else TEXT_CELL
        size = size if is_grid else QSize(ROW_HEIGHT, ROW_HEIGHT)
        self._delegate = ResultDelegate(
            view,
            self._shared.library,
            size,
            titles=True,
            rows=not is_grid,
            live=self._live.get,
        )
        view.setItemDelegate(self._delegate)
        view.setViewMode(QListView.ViewMode.ListMode)
        view.setFlow(QListView.Flow.LeftToRight if is_grid else QListView.Flow.TopToBottom)
        view.setWrapping(is_grid)
        view.setResizeMode(QListView.ResizeMode.Adjust)
        view.setUniformItemSizes(True)
        view.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        view.setProperty("role", "strip")
        name_control(view, tr("Results of the batch"), tr("Enter shows a result alone"))

    def _connect(self) -> None:
        queue = self._shared.queue
        queue.jobs_changed.connect(self._on_jobs_changed)
        queue.jobs_added.connect(self._on_jobs_added)
        queue.job_event.connect(self._on_job_event)
        self.list.activated.connect(self._on_activated)
        self.list.selectionModel().selectionChanged.connect(lambda *_change: self._update())

    # What is shown
    # ----------------------------------------------------------------------

    def show_batch(self, batch: str) -> None:
        """Show a batch, read in the background, if it is not shown already."""
        if batch == self._requested:
            return
        self._requested = batch
        self._missed.clear()
        self._show(BatchResults())
        kind, source, jobs = self._kind, self._source, self._shared.queue.jobs()
        changes = self._changes

        def load() -> BatchResults:
            content = BatchResults(batch, kind)
            content.files = source.of_batch(batch)
            content.add(jobs)
            return content

        background.run(self, load, lambda content: self._on_loaded(content, changes))

    def _on_loaded(self, content: BatchResults, changes: int) -> None:
        if content.batch != self._requested:  # another one was asked for meanwhile
            return
        for job in self._missed:
            if content.holds(job):
                content.put(job)
        self._missed.clear()
        self._show(content)
        if self._changes != changes:  # results may have come after the files were read
            self.refresh()

    def refresh(self) -> None:
        """Look again where the files are: the library moves and trashes them."""
        batch, changes, source = self.content.batch, self._changes, self._source
        if not batch:
            return

        def take(files: dict[str, list[Artifact]]) -> None:
            if self.content.batch != batch:
                return
            if self._changes != changes:
                self.refresh()
                return
            if files == self.content.files:
                return
            self.content.files = files
            self._refill()

        background.run(self, lambda: source.of_batch(batch), take)

    def _show(self, content: BatchResults) -> None:
        self.notice.clear()
        self._live.clear()
        self.content = content
        self._refill()

    def _refill(self) -> None:
        self.model.set_items(self.content.items())
        self._update()

    @property
    def selected(self) -> list[ResultItem]:
        """The selected items."""
        indexes = self.list.selectionModel().selectedIndexes()
        return [index.data(ITEM) for index in sorted(indexes, key=lambda index: index.row())]

    def _update(self) -> None:
        content = self.content
        results = sum(bool(item.path) for item in self.model.items())
        self.rerun_button.setEnabled(content.count(JobState.FAILED) > 0)
        # A narrow window has no room for both: one is for a batch that runs, one for its end.
        self.cancel_button.setVisible(content.open_count > 0)
        self.pick_button.setVisible(not content.open_count)
        self.pick_button.setEnabled(results > 1 and not content.open_count)
        self.folder_button.setEnabled(content.folder is not None)
        self.changed.emit()

    # Jobs
    # ----------------------------------------------------------------------

    @property
    def _is_loading(self) -> bool:
        return self._requested != self.content.batch

    def _on_jobs_added(self, jobs: Sequence[Job]) -> None:
        if self._is_loading:
            self._missed.extend(jobs)
            return
        before = len(self.content.jobs)
        self.model.append(self.content.add(jobs))
        if len(self.content.jobs) > before:
            self._update()

    def _on_jobs_changed(self, jobs: Sequence[Job]) -> None:
        if self._is_loading:
            self._missed.extend(jobs)
        own = [job for job in jobs if job.id in self.content.jobs]
        for job in own:
            self.content.put(job)
            if job.state is not JobState.RUNNING:
                self._live.pop(job.id, None)
            self.model.replace(self.content.item(job.id))
        if own:
            self._update()

    def _on_job_event(self, job_id: str, event: Event) -> None:
        if isinstance(event, (Finished, Failed, Cancelled)):
            self._changes += 1
        if job_id not in self.content.jobs:
            return
        if isinstance(event, (Finished, Failed, Cancelled)):
            if event.artifacts:
                self.content.files[job_id] = list(event.artifacts)
            self._live.pop(job_id, None)
            self.model.replace(self.content.item(job_id))
            self._update()
        elif isinstance(event, (Progress, TextDelta)):
            self._live[job_id] = self._live.get(job_id, LiveResult()).after(event, LIVE_CHARACTERS)
            self.list.update(self.model.index(max(0, self.model.row_of(job_id))))

    # Actions
    # ----------------------------------------------------------------------

    def rerun(self) -> None:
        """Run the failed rows again."""
        self._shared.queue.retry(self.content.ids(JobState.FAILED))

    def cancel_rest(self) -> None:
        """Cancel the rows that wait or run."""
        jobs = [job for job in self.content.jobs.values() if not job.state.over]
        cancel_jobs(self._shared, jobs, None)

    def others(self, job_ids: Sequence[str]) -> list[ResultItem]:
        """Return the results of all jobs but these."""
        kept = set(job_ids)
        return [item for item in self.model.items() if item.path and item.job_id not in kept]

    def drop_files(self, job_ids: Sequence[str]) -> list[Artifact]:
        """Show these jobs without results; return the artifacts, for `restore_files`."""
        self._changes += 1
        dropped = [file for job_id in job_ids for file in self.content.files.pop(job_id, [])]
        self._refill()
        self.removed.emit([file.path for file in dropped])
        return dropped

    def restore_files(self, artifacts: Sequence[Artifact]) -> None:
        """Show results again that came back from the trash."""
        self._changes += 1
        for artifact in artifacts:
            known = self.content.files.get(artifact.job_id, [])
            if artifact.job_id in self.content.jobs and artifact not in known:
                self.content.files[artifact.job_id] = [*known, artifact]
        self._refill()
        self.restored.emit()

    def _open_folder(self) -> None:
        if self.content.folder is not None:
            open_folder(self.content.folder)

    def _on_activated(self) -> None:
        index = self.list.currentIndex()
        if index.isValid() and index.data(ITEM).path:
            self.opened.emit(index.data(ITEM))

    def showEvent(self, event: QShowEvent) -> None:
        """Offer to take back what changed here."""
        super().showEvent(event)
        self._shared.undo_steps.changed.emit()

    def setFocus(self, reason: Qt.FocusReason = Qt.FocusReason.OtherFocusReason) -> None:
        """Focus the results."""
        self.list.setFocus(reason)
