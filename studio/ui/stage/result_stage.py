"""A stage that shows results: those of a job, or the file that the user chose in the strip."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QWidget

from studio.core.artifact import Artifact, Recipe
from studio.core.events import Event, Finished, Progress
from studio.core.jobs import Job
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.stage.frame import StageFrame
from studio.ui.stage.job_group import JobGroup
from studio.ui.stage.result_item import ResultItem, StoredResults
from studio.ui.stage.shown_result import ShownResult, of_file, of_job
from studio.ui.stage.strip import Strip
from studio.ui.stage.thumbnail_loader import ThumbnailLoader

MIN_STRIP_HEIGHT = 400
"""A lower stage needs the space of the strip for its result."""


class ResultStage(StageFrame):
    """Shows results with the strip below them. `Stage` adds the jobs that run."""

    kind: str

    load_requested = Signal(object)
    """ShownResult: the user wants its settings in the form."""

    def __init__(self, shared: AppState) -> None:
        super().__init__(shared)
        self.group = JobGroup()
        """The jobs that are followed or were followed last."""
        self._results: dict[str, ShownResult] = {}
        """The results that are shown, by the paths of their files."""
        self._is_pinned = False
        """True while the user looks at an earlier result: jobs that begin don't replace it."""
        self._running_id = ""
        """The job that runs while another result is pinned."""
        self._requested: Path | None = None
        """The file that is being read."""
        self._loader = ThumbnailLoader(self)
        self.source = StoredResults(shared.data)
        self.strip = Strip(self, self._loader)
        self._is_strip_filled = False
        self.set_result_page(self.create_result_page())
        self._column.addWidget(self.strip)
        self.strip.chosen.connect(self._on_strip_chosen)
        self.strip.filled.connect(self._on_strip_filled)
        self.header.load_requested.connect(self.load_shown)
        for keys, by in (("Alt+Left", -1), ("Alt+Right", 1)):
            QShortcut(
                QKeySequence(keys),
                self,
                lambda by=by: self.step(by),
                context=Qt.ShortcutContext.WidgetWithChildrenShortcut,
            )

    # What subclasses implement
    # ----------------------------------------------------------------------

    @abstractmethod
    def create_result_page(self) -> QWidget:
        """Create the widget with the view and its buttons."""

    @abstractmethod
    def clear_view(self) -> None:
        """Remove what the view shows."""

    @abstractmethod
    def current_path(self) -> str:
        """Return the path of the result that the view shows; empty without a file."""

    @abstractmethod
    def show_event(self, job: Job, event: Event) -> None:
        """Show an event of a job that is followed."""

    @abstractmethod
    def show_files(self, results: Sequence[ShownResult], chosen: int) -> None:
        """Show finished results of one job, and select one of them."""

    @abstractmethod
    def progress_text(self, event: Progress, seconds: float) -> str:
        """Return the status of a job that has run for some seconds."""

    @abstractmethod
    def finished_text(self, job: Job, event: Finished) -> str:
        """Return the status of a completed job."""

    @abstractmethod
    def save_as(self) -> None:
        """Save a copy of the result under a name that the user chooses."""

    def copy(self) -> None:
        """Copy the result, if it can be copied."""

    def select(self, path: str) -> None:
        """Select one of several results that are shown."""

    def group_text(self) -> str:
        """Return the status of several jobs that ended."""
        return self.group.summary()

    # What is shown
    # ----------------------------------------------------------------------

    @property
    def shown(self) -> ShownResult | None:
        """The result that is shown or being generated; None if the stage is empty."""
        finished = self._results.get(self.current_path())
        if finished is not None:
            return finished
        job = self.group.first
        return of_job(job) if job is not None else next(iter(self._results.values()), None)

    def show_file(
        self, path: Path, recipe: Recipe | None = None, *, is_pinned: bool = True
    ) -> None:
        """Show the result in a file, with the other results of its job.

        Reads the recipe in the background, unless it is passed. `is_pinned`: jobs that begin don't
        replace it.
        """
        self._requested = path
        if recipe is not None:
            self._on_recipe(path, recipe, is_pinned)
            return

        def read() -> Recipe | None:
            from studio.library.artifacts import read_recipe

            return read_recipe(path) if path.is_file() else None

        background.run(self, read, lambda found: self._on_recipe(path, found, is_pinned))

    def _on_recipe(self, path: Path, recipe: Recipe | None, is_pinned: bool) -> None:
        if self._requested != path:  # the user chose another one meanwhile
            return
        if recipe is None:
            self._show_missing(path)
            return

        def show(artifacts: list[Artifact]) -> None:
            if self._requested == path:
                self._show_file_of(path, recipe, artifacts, is_pinned)

        self.shared.queue.find_artifacts(recipe.job_id, show)

    def _show_missing(self, path: Path) -> None:
        self._pin()
        self.group = JobGroup()
        self._show_results([], 0)
        self.notice.show_message(
            f"{path.name} cannot be shown.", "The file was moved, deleted or changed."
        )

    def _show_file_of(
        self, path: Path, recipe: Recipe, artifacts: list[Artifact], is_pinned: bool
    ) -> None:
        """Show a file, with the others of its job if the file is still where it was saved."""
        self._pin()
        self._is_pinned = is_pinned or bool(self._running_id)
        job = self.shared.queue.job(recipe.job_id)
        chosen = of_file(path, recipe, job)
        paths = [artifact.path for artifact in artifacts]
        if str(path) in paths:
            results = [
                msgspec.structs.replace(chosen, path=artifact.path, seed=artifact.seed)
                for artifact in artifacts
            ]
        else:
            results = [chosen]
        self.group = JobGroup(job) if job is not None and job.state.over else JobGroup()
        self._show_results(results, paths.index(str(path)) if len(results) > 1 else 0)

    def _show_results(self, results: Sequence[ShownResult], chosen: int) -> None:
        self.notice.clear()
        self.status.setText("")
        self.show_activity(False)
        self.clear_view()
        self._results = {result.path: result for result in results}
        if results:
            self.show_files(results, chosen)
        self.update_header()

    def _pin(self) -> None:
        """Let jobs that begin not replace what is shown."""
        running = next((job.id for job in self.group.jobs.values() if not job.state.over), "")
        self._is_pinned = True
        self._set_running_id(running or self._running_id)

    def _set_running_id(self, job_id: str) -> None:
        self._running_id = job_id
        self.offer_return()

    def offer_return(self) -> None:
        """Offer to leave an earlier result for what runs now."""
        title = "Show the running job" if self._running_id else ""
        self.header.offer_return(title, "Leave this result and show what runs now")

    def load_shown(self) -> None:
        """Ask for the settings of the result in the form."""
        if (shown := self.shown) is not None:
            self.load_requested.emit(shown)

    # The strip
    # ----------------------------------------------------------------------

    def update_header(self) -> None:
        """See `StageFrame`."""
        super().update_header()
        self.strip.mark(self.current_path())

    def step(self, by: int) -> None:
        """Show the next result of the strip."""
        self.strip.step(by)

    def _on_strip_chosen(self, item: ResultItem) -> None:
        if item.path in self._results:
            self.select(item.path)
            return
        newest = self.strip.newest
        is_newest = newest is not None and newest.path == item.path
        self.show_file(Path(item.path), is_pinned=not is_newest)

    def _on_strip_filled(self) -> None:
        """Show the newest result in a stage that is still empty, as after a start."""
        self.strip.mark(self.current_path())
        newest = self.strip.newest
        if newest is not None and self.shown is None and self._requested is None:
            self.show_file(Path(newest.path), is_pinned=False)

    def showEvent(self, event: QShowEvent) -> None:
        """List earlier results when the stage is shown for the first time, after it is painted."""
        super().showEvent(event)
        if not self._is_strip_filled:
            self._is_strip_filled = True
            QTimer.singleShot(0, self, lambda: self.strip.fill(self.source, self.kind))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide the strip in a low stage."""
        super().resizeEvent(event)
        self.strip.set_room(event.size().height() >= MIN_STRIP_HEIGHT)
