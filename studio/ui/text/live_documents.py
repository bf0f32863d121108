"""The documents of the data folder, read and written in one other thread, in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QThreadPool, Signal

from studio.documents.faults import explain, moved_aside
from studio.ui import background

if TYPE_CHECKING:
    from studio.core.errors import StudioError
    from studio.documents.store import DocumentStore


class LiveDocuments(QObject):
    """Opens the store on first use. Its functions return at once."""

    list_changed = Signal()
    """A document was added, renamed, trashed or restored."""
    set_aside = Signal(str)
    """Sentence about a damaged file that was replaced by a new one."""

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._is_closed = False
        self._path = path
        self._store: DocumentStore | None = None
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._pool.setExpiryTimeout(-1)  # SQLite's connection stays in one thread

    def run(
        self,
        work: Callable[[DocumentStore], Any],
        done: Callable[[Any], None] = lambda _result: None,
        failed: Callable[[StudioError], None] | None = None,
        *,
        changes_list: bool = False,
        is_saving: bool = False,
        owner: QObject | None = None,
    ) -> None:
        """Call `work` with the store after all earlier calls, then `done` or `failed`.

        Calls neither if `owner` was deleted. Does nothing after `close`. `is_saving`: an error is
        about a text that is not stored, else about one that cannot be read.
        """
        if self._is_closed:
            return

        def receive(result: Any) -> None:
            if changes_list:
                self.list_changed.emit()
            done(result)

        def fail(error: Exception) -> None:
            if failed is None:
                raise error
            failed(explain(error, is_saving=is_saving))

        background.run(owner or self, lambda: work(self._opened()), receive, fail, self._pool)

    def _opened(self) -> DocumentStore:
        if self._store is None:
            from studio.documents.store import DocumentStore

            self._store = DocumentStore(self._path)
            if self._store.set_aside is not None:
                self.set_aside.emit(moved_aside(self._store.set_aside, self._store.salvaged))
        return self._store

    def wait(self, milliseconds: int) -> None:
        """Wait for what was begun."""
        self._pool.waitForDone(milliseconds)

    def close(self, milliseconds: int = 5_000) -> bool:
        """Wait for what was begun and close the file; return False if it takes too long."""
        self._is_closed = True
        is_done = self._pool.waitForDone(milliseconds)
        if is_done and self._store is not None:
            self._store.close()
            self._store = None
        return is_done
