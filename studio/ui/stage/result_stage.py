"""A stage that shows results: those of a job, or the file that the user chose in the strip."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from studio.core.artifact import Artifact, Recipe
from studio.core.events import Event, Finished, Progress
from studio.core.jobs import Job
from studio.core.translation import tr
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.background import DelayedCall
from studio.ui.stage.frame import StageFrame
from studio.ui.stage.job_group import JobGroup
from studio.ui.stage.result_item import ResultItem, StoredResults
from studio.ui.stage.shown_result import ShownResult, of_file, of_job
from studio.ui.stage.strip import Strip
from studio.ui.widgets.shortcut import shortcut_within

MIN_STRIP_HEIGHT = 400
"""A lower stage needs the space of the strip for its result."""
REFRESH_MS = 100
ADDED_MS = 1_000
"""After a new item of the library, which every job adds: it may be one from the trash."""


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
        self.source = StoredResults(shared.data)
        self.strip = Strip(self, shared.library)
        self._is_strip_filled = False
        self._has_listed = False
        self.set_result_page(self.create_result_page())
        self._column.addWidget(self.strip)
        self.strip.chosen.connect(self._on_strip_chosen)
        self.strip.filled.connect(self._on_strip_filled)
        self._follow_library()
        self.header.load_requested.connect(self.load_shown)
        for keys, by in (("Alt+Left", -1), ("Alt+Right", 1)):
            shortcut_within(self, keys, partial(self.step, by))

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
            self._pin()
            self.group = JobGroup()
            self._show_results([], 0)
            self.show_missing(path)
            return

        def show(artifacts: list[Artifact]) -> None:
            if self._requested == path:
                self._show_file_of(path, recipe, artifacts, is_pinned)

        def locate(artifacts: list[Artifact]) -> None:
            background.run(self, lambda: self.source.locate(artifacts), show)

        self.shared.queue.find_artifacts(recipe.job_id, locate)

    def show_missing(self, path: Path) -> None:
        """Report that a file is no longer where it was saved."""
        self.notice.show_message(
            tr("{name} cannot be shown.", name=path.name),
            tr("The file was moved, deleted or changed."),
        )
        self.show_page()

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
                msgspec.structs.replace(
                    chosen, path=artifact.path, seed=artifact.seed, ordinal=artifact.ordinal
                )
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
        title = tr("Show the running job") if self._running_id else ""
        self.header.offer_return(title, tr("Leave this result and show what runs now"))

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
        newest, is_start = self.strip.newest, not self._has_listed
        self._has_listed = True
        is_empty = self.shown is None and self._requested is None
        if newest is not None and is_empty and is_start:
            self.show_file(Path(newest.path), is_pinned=False)

    def showEvent(self, event: QShowEvent) -> None:
        """List earlier results when the stage is shown for the first time, after it is painted."""
        super().showEvent(event)
        if not self._is_strip_filled:
            self._is_strip_filled = True
            QTimer.singleShot(0, self, lambda: self.strip.fill(self.source, self.kind))
        elif self._is_outdated:
            self._refresh_soon.request()

    # Files that move or go
    # ----------------------------------------------------------------------

    def _follow_library(self) -> None:
        library = self.shared.library
        self._is_outdated = False
        """True if the library changed while the stage was hidden."""
        self._refresh_soon = DelayedCall(self, self.refresh, REFRESH_MS)
        self._refresh_later = DelayedCall(self, self.refresh, ADDED_MS)
        for changed in (library.items_removed, library.items_changed, library.items_reset):
            changed.connect(self._refresh_soon.request)
        library.items_added.connect(self._refresh_later.request)

    def refresh(self) -> None:
        """Follow files that were moved, renamed, trashed or restored, when the stage is visible."""
        self._is_outdated = not self.isVisible()
        if self._is_outdated or not self._is_strip_filled:
            return
        self.strip.fill(self.source, self.kind)
        source, shown = self.source, list(self._results.values())

        def find() -> list[str]:
            return [source.current_path(one.path, one.job_id, one.ordinal) for one in shown]

        background.run(self, find, lambda paths: self._on_located(shown, paths))

    def _on_located(self, before: Sequence[ShownResult], paths: Sequence[str]) -> None:
        is_same = before == list(self._results.values())
        if not is_same or not self.group.is_over or paths == list(self._results):
            return
        current = self.current_path()
        places = {one.path: path for one, path in zip(before, paths, strict=True) if path}
        results = [
            msgspec.structs.replace(one, path=places[one.path])
            for one in before
            if one.path in places
        ]
        self._requested = None
        if not results:
            self.group = JobGroup()
        now = [result.path for result in results]
        chosen = places.get(current, "")
        self._show_results(results, now.index(chosen) if chosen else 0)
        gone = {one.path for one in before}
        rest = [item for item in self.strip.results.items() if item.path not in gone]
        if not results and rest:
            self.show_file(Path(rest[0].path), is_pinned=False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide the strip in a low stage."""
        super().resizeEvent(event)
        self.strip.set_room(event.size().height() >= MIN_STRIP_HEIGHT)
