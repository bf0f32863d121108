"""A look or a download in a thread of its own: it may take hours, which the pool for short work is
not made for.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QThread, Signal

from studio.core.errors import StudioError
from studio.models.install.wheel_download import InstallProgress

log = logging.getLogger(__name__)
Work = Callable[[Callable[[InstallProgress], None], Callable[[], bool]], Any]
running: set[WorkThread] = set()
"""Kept alive until they have ended, also where their dialog is gone."""


class WorkThread(QThread):
    """Calls `work(say, cancelled)`."""

    progressed = Signal(object)
    done = Signal(object)
    failed = Signal(object)

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.setObjectName("fetching")
        self._work = work
        self._stop = threading.Event()
        self.finished.connect(self._on_finished)
        program = QCoreApplication.instance()
        if program is not None:
            program.aboutToQuit.connect(self._end)

    def begin(self) -> None:
        """Start it."""
        running.add(self)
        self.start()

    def stop(self) -> None:
        """Ask it to end; what was fetched stays."""
        self._stop.set()

    def run(self) -> None:
        """The thread."""
        try:
            self.done.emit(self._work(self.progressed.emit, self._stop.is_set))
        except StudioError as error:
            self.failed.emit(error)
        # boundary of the thread: the dialog waits for one of the two signals
        except Exception as error:  # noqa: BLE001
            self.failed.emit(unexpected(error))

    def _end(self) -> None:
        self.stop()
        self.wait()

    def _on_finished(self) -> None:
        running.discard(self)


def unexpected(error: Exception) -> StudioError:
    """Return an error of any kind as one to show; log where it comes from."""
    log.error("a download or an installation failed", exc_info=error)
    if isinstance(error, OSError):
        message, cure = (
            f"Files cannot be read or written: {error.strerror or error}.",
            "Check the disk's space and rights.",
        )
    else:
        message, cure = (
            f"Something went wrong: {str(error) or type(error).__name__}.",
            "The log in the data folder has the details.",
        )
    return StudioError(message, cure=f"{cure} What is there is not fetched again.")
