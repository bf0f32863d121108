"""A thread for downloads: they may take hours, too long for the pool of short tasks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QThread, Signal

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.models.install.wheel_download import InstallProgress

log = logging.getLogger(__name__)
Work = Callable[[Callable[[InstallProgress], None], Callable[[], bool]], Any]
running: set[WorkThread] = set()
"""Keeps threads alive until they end, also after their dialog was deleted."""


class WorkThread(QThread):
    """Calls `work(report, cancelled)`."""

    progressed = Signal(object)
    done = Signal(object)
    failed = Signal(object)

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.setObjectName("download")
        self._work = work
        self._stop = threading.Event()
        self.finished.connect(self._on_finished)
        program = QCoreApplication.instance()
        if program is not None:
            program.aboutToQuit.connect(self._stop_and_wait)

    def begin(self) -> None:
        """Start the thread."""
        running.add(self)
        self.start()

    def stop(self) -> None:
        """Ask the work to end; downloaded parts are kept."""
        self._stop.set()

    def run(self) -> None:
        """Do the work and emit its result or error."""
        try:
            self.done.emit(self._work(self.progressed.emit, self._stop.is_set))
        except StudioError as error:
            self.failed.emit(error)
        # boundary of the thread: the dialog waits for one of the two signals
        except Exception as error:  # noqa: BLE001
            self.failed.emit(unexpected(error))

    def _stop_and_wait(self) -> None:
        self.stop()
        self.wait()

    def _on_finished(self) -> None:
        running.discard(self)


def unexpected(error: Exception) -> StudioError:
    """Log an unexpected error and convert it to one for the user."""
    log.error("a download or an installation failed", exc_info=error)
    if isinstance(error, OSError):
        return StudioError(
            tr("A file could not be read or written: {reason}.", reason=error.strerror or error),
            cure=tr("Check the free space and the permissions. Downloaded parts are kept."),
        )
    return StudioError(
        tr("Something went wrong: {reason}.", reason=str(error) or type(error).__name__),
        cure=tr("The log in the data folder has the details. Downloaded parts are kept."),
    )
