"""The library with signals for its changes; opened on first use, and read in other threads."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from studio.core.artifact import Artifact
from studio.core.errors import StudioError
from studio.core.events import Cancelled, Event, Finished
from studio.core.paths import DataFolder
from studio.library.items import Annotation

if TYPE_CHECKING:
    from studio.jobs.queue import JobQueue
    from studio.library.index import LibraryIndex
    from studio.library.library import Library
    from studio.library.thumbnails import ThumbnailCache

log = logging.getLogger(__name__)


class LiveLibrary(QObject):
    """The library of one data folder, which follows the queue.

    Everything but the constructor reads or writes the disk, so only other threads call it. Raises
    StudioError, sqlite3.Error and OSError.
    """

    items_added = Signal(object)
    """list[int]: ids of new items."""
    items_changed = Signal(object)
    """list[int]: ids of items with other values, such as a rating or a path."""
    items_removed = Signal(object)
    """list[int]: ids of items that are no longer in the library."""

    def __init__(self, data: DataFolder, queue: JobQueue) -> None:
        super().__init__()
        self.data = data
        self._library: Library | None = None
        self._thumbnails: ThumbnailCache | None = None
        self._is_closed = False
        self._lock = threading.Lock()
        self._writers = QThreadPool(self)
        self._writers.setMaxThreadCount(1)
        queue.job_event.connect(self._on_job_event)

    @property
    def library(self) -> Library:
        """The library, opened on first use."""
        from studio.library.library import Library

        with self._lock:
            if self._is_closed:
                raise StudioError("The library is closed.")
            if self._library is None:
                self._library = Library(self.data)
            return self._library

    @property
    def index(self) -> LibraryIndex:
        """The library's index."""
        return self.library.index

    @property
    def thumbnails(self) -> ThumbnailCache:
        """The cache of thumbnails."""
        from studio.library.thumbnails import ThumbnailCache

        with self._lock:
            if self._thumbnails is None:
                self._thumbnails = ThumbnailCache(self.data.thumbnails)
            return self._thumbnails

    def close(self) -> None:
        """Close the files, when the program ends and after what is being written."""
        self._writers.clear()
        self._writers.waitForDone()
        with self._lock:
            self._is_closed = True
            if self._library is not None:
                self._library.close()
            if self._thumbnails is not None:
                self._thumbnails.close()

    # New artifacts
    # ----------------------------------------------------------------------

    def _on_job_event(self, _job_id: str, event: Event) -> None:
        if isinstance(event, Finished | Cancelled) and event.artifacts:
            self.write_soon(lambda: self.add_artifacts(event.artifacts))

    def add_artifacts(self, artifacts: Iterable[Artifact]) -> None:
        """Add what a job made."""
        added = self.library.add_artifacts(artifacts)
        if added:
            self.items_added.emit(added)

    def write_soon(self, work: Callable[[], object]) -> None:
        """Call `work` in the thread that writes; a fault is logged, the next start reads again."""
        self._writers.start(_Write(work))

    # Notes of a person
    # ----------------------------------------------------------------------

    def annotate(
        self, ids: Iterable[int], change: Callable[[Annotation], Annotation]
    ) -> dict[int, Annotation]:
        """Change notes about items; return those before, for `restore`."""
        before = self.library.annotate(ids, change)
        self.items_changed.emit(list(before))
        return before

    def restore(self, annotations: dict[int, Annotation]) -> dict[int, Annotation]:
        """Replace notes about items; return those before."""
        before = self.library.restore(annotations)
        self.items_changed.emit(list(before))
        return before


class _Write(QRunnable):
    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__()
        self._work = work

    def run(self) -> None:
        try:
            self._work()
        except (StudioError, sqlite3.Error, OSError) as error:
            log.warning("library: %s", error)
        except RuntimeError:  # the signal's owner was deleted
            return
