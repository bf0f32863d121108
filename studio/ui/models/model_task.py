"""Adding, checking or removing a model outside the GUI thread, one at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from studio.core.errors import StudioError
from studio.core.paths import DataFolder
from studio.models.card import ModelCard
from studio.models.inspect.checkpoint import checkpoint_in
from studio.ui import background


class ModelTask(QObject):
    """Runs one slow operation; it ends early if it is stopped or its parent is deleted."""

    busy_changed = Signal()
    failed = Signal(object)
    """Exception."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.is_busy = False
        self._stop: threading.Event | None = None

    @property
    def can_stop(self) -> bool:
        """True while an operation runs that can be stopped."""
        return self._stop is not None

    def start(
        self,
        work: Callable[[threading.Event], Any],
        done: Callable[[Any], None],
        *,
        can_stop: bool = True,
    ) -> None:
        """Call `work(stop_event)` in another thread, then `done(result)` in this one."""
        stop = threading.Event()
        self.destroyed.connect(stop.set)
        self._set_busy(True, stop if can_stop else None)
        background.run(
            self, lambda: work(stop), lambda result: self._on_done(done, result), self._on_failed
        )

    def stop(self) -> None:
        """Ask the operation to end, if it can be stopped."""
        if self._stop is not None:
            self._stop.set()

    def _on_done(self, done: Callable[[Any], None], result: Any) -> None:
        self._set_busy(False)
        done(result)

    def _on_failed(self, error: Exception) -> None:
        self._set_busy(False)
        self.failed.emit(error)

    def _set_busy(self, busy: bool, stop: threading.Event | None = None) -> None:
        self.is_busy, self._stop = busy, stop
        self.busy_changed.emit()


def removing_deletes_files(data: DataFolder, card: ModelCard) -> bool:
    """True if `remove` deletes the model's files: they are in the data folder, all of them."""
    if not Path(card.path).is_relative_to(data.models):
        return False
    try:
        checkpoint = checkpoint_in(card.folder)
    except StudioError:
        return True
    return checkpoint is None or Path(checkpoint.path).is_relative_to(card.folder)
