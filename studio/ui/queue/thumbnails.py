"""Thumbnails of completed jobs' images, read in the background when their rows are painted."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader, QPixmap
from PySide6.QtWidgets import QApplication

from studio.core.artifact import Artifact
from studio.core.jobs import Job, JobState
from studio.core.kinds import KINDS
from studio.jobs.queue import JobQueue
from studio.ui import background

SIDE = 24
"""In device-independent pixels."""
MAX_KEPT = 500
"""Thumbnails in memory; those painted longest ago are dropped first."""


class JobThumbnails(QObject):
    """The first image of each job."""

    loaded = Signal(str)
    """Id of the job."""

    def __init__(self, queue: JobQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue = queue
        self._pixmaps: dict[str, QPixmap | None] = {}
        """None while it is read, and for an image that cannot be read."""

    def of(self, job: Job) -> QPixmap | None:
        """Return the thumbnail of a job; reads it, and emits `loaded`, if it is not there yet."""
        if job.state is not JobState.COMPLETED or not KINDS[job.request.kind].makes_images:
            return None
        if job.id in self._pixmaps:
            self._pixmaps[job.id] = found = self._pixmaps.pop(job.id)  # the latest is the last
            return found
        self._pixmaps[job.id] = None
        while len(self._pixmaps) > MAX_KEPT:
            del self._pixmaps[next(iter(self._pixmaps))]
        job_id = job.id
        self._queue.find_artifacts(job_id, lambda artifacts: self._read(job_id, artifacts))
        return None

    def forget(self, job_id: str) -> None:
        """Forget a job, because it runs again."""
        self._pixmaps.pop(job_id, None)

    def _read(self, job_id: str, artifacts: list[Artifact]) -> None:
        if not artifacts:
            return
        path, ratio = artifacts[0].path, _device_pixel_ratio()
        background.run(
            self,
            lambda: read_thumbnail(path, round(SIDE * ratio)),
            lambda image: self._keep(job_id, image, ratio),
        )

    def _keep(self, job_id: str, image: QImage, ratio: float) -> None:
        if image.isNull():
            return
        pixmap = QPixmap.fromImage(image)
        pixmap.setDevicePixelRatio(ratio)
        self._pixmaps[job_id] = pixmap
        self.loaded.emit(job_id)


def read_thumbnail(path: str, side: int) -> QImage:
    """Read an image of our own as a square of `side` pixels; null if it cannot be read."""
    reader = QImageReader(path)
    size = reader.size()
    if not size.isValid():
        return QImage()
    reader.setScaledSize(
        size.scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatioByExpanding)
    )
    image = reader.read()
    left, top = (image.width() - side) // 2, (image.height() - side) // 2
    return image.copy(left, top, side, side) if not image.isNull() else image


def _device_pixel_ratio() -> float:
    application = QApplication.instance()
    return application.devicePixelRatio() if isinstance(application, QApplication) else 1.0
