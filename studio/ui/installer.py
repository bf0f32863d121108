"""Installing a model of the catalogue from the window: in another thread, with progress and a stop."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject, QThread, Signal

from studio.core.errors import StudioError
from studio.core.paths import DataFolder
from studio.models.catalogue import entry_named
from studio.models.fetch import InstallProgress
from studio.models.install import install
from studio.ui.dialogs.fetching import unexpected


class Installer(QThread):
    """Installs one model."""

    progressed = Signal(str, float)
    """(what is being done, share from 0 to 1; below 0 where it is not known)"""
    installed = Signal(str)
    """The model's title."""
    failed = Signal(str, str)
    """(what happened, what to do)"""

    def __init__(self, data: DataFolder, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("installer")
        self._data = data
        self.name = name
        self._stop = threading.Event()

    def stop(self) -> None:
        """Stop; what was fetched stays for the next time."""
        self._stop.set()

    def run(self) -> None:
        """The thread."""
        try:
            card = install(self._data, entry_named(self.name), self._say, self._stop.is_set)
        except StudioError as error:
            self.failed.emit(error.message, error.cure)
        except Exception as caught:  # noqa: BLE001  boundary of the thread: the banner waits for one of the two signals
            shown = unexpected(caught)
            self.failed.emit(shown.message, shown.cure)
        else:
            self.installed.emit(card.title)

    def _say(self, now: InstallProgress) -> None:
        self.progressed.emit(now.phase, now.done / now.total if now.total else -1.0)
