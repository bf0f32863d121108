"""Draws the first image of a completed job in front of its prompt."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QTableView

from studio.core.artifact import Artifact
from studio.core.jobs import Job, JobState
from studio.core.kinds import KINDS
from studio.jobs.library.live_library import LiveLibrary
from studio.jobs.queue import JobQueue
from studio.ui.queue.table import PROMPT, JobFilter
from studio.ui.thumbnails.source import ThumbnailSource
from studio.ui.thumbnails.visible import VisibleThumbnails
from studio.ui.widgets.table_model import Index

SIDE = 24
"""In device-independent pixels."""
MAX_KEPT = 500
"""Jobs whose artifacts are in memory; those asked for longest ago are dropped first."""


class FirstImages(QObject):
    """The first image of each completed job, looked up when it is needed."""

    found = Signal()

    def __init__(self, queue: JobQueue, parent: QObject) -> None:
        super().__init__(parent)
        self._queue = queue
        self._sources: OrderedDict[str, ThumbnailSource | None] = OrderedDict()
        """None while it is looked up, and for a job without a file."""
        queue.jobs_changed.connect(self._on_jobs_changed)

    def of(self, job: Job) -> ThumbnailSource | None:
        """Return a job's first image, if it was looked up."""
        return self._sources.get(job.id)

    def look_up(self, job: Job) -> ThumbnailSource | None:
        """Return a job's first image; the first call asks the queue, and then emits `found`."""
        if job.state is not JobState.COMPLETED or not KINDS[job.request.kind].makes_images:
            return None
        if job.id in self._sources:
            self._sources.move_to_end(job.id)
            return self._sources[job.id]
        self._sources[job.id] = None
        while len(self._sources) > MAX_KEPT:
            self._sources.popitem(last=False)
        job_id = job.id
        self._queue.find_artifacts(job_id, lambda artifacts: self._keep(job_id, artifacts))
        return None

    def _keep(self, job_id: str, artifacts: list[Artifact]) -> None:
        if artifacts and job_id in self._sources:
            first = artifacts[0]
            self._sources[job_id] = ThumbnailSource(first.path, "image", first.sha256)
            self.found.emit()

    def _on_jobs_changed(self, jobs: list[Job]) -> None:
        for job in jobs:
            if not job.state.over:  # it runs again
                self._sources.pop(job.id, None)


class PromptDelegate(QStyledItemDelegate):
    """Draws a prompt with the job's thumbnail."""

    def __init__(
        self, table: QTableView, jobs: JobFilter, queue: JobQueue, library: LiveLibrary
    ) -> None:
        super().__init__(table)
        self._jobs = jobs
        self._images = FirstImages(queue, self)
        self._images.found.connect(table.viewport().update)
        self._thumbnails = VisibleThumbnails(
            table,
            library,
            lambda index: self._images.look_up(self._jobs.job_at(index.row())),
            column=PROMPT,
            is_cropped=True,
        )

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        """Add the thumbnail as the cell's decoration."""
        super().initStyleOption(option, index)
        source = self._images.of(self._jobs.job_at(index.row()))
        pixmap = self._thumbnails.pixmap(source, QSize(SIDE, SIDE))
        if pixmap is not None:
            option.features |= QStyleOptionViewItem.ViewItemFeature.HasDecoration
            option.icon = QIcon(pixmap)
            option.decorationSize = QSize(SIDE, SIDE)
