"""Stores the changes of the document that is open, half a second after each at the latest."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer, Signal

from studio.core.errors import StudioError
from studio.documents.document import Change, Document, beginning_of
from studio.documents.store import DocumentStore
from studio.ui.text.live_documents import LiveDocuments

SAVE_MS = 500
RETRY_MS = 5_000


class Autosave(QObject):
    """Follows one document after the other."""

    saved = Signal()
    """Everything that was changed is stored."""
    changed = Signal()
    """Something is not stored yet."""
    failed = Signal(object)
    """StudioError: the text is only in the window."""

    def __init__(self, documents: LiveDocuments, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._documents = documents
        self._document: Document | None = None
        self._pending: list[Change] = []
        self._waiting_since = 0.0
        """Monotonic time of the oldest pending change."""
        self._is_writing = False
        self._has_failed = False
        """The next write stores the whole text, since it is unknown what the last one stored."""
        self._waiting: list[Callable[[bool], None]] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._write)

    @property
    def is_saved(self) -> bool:
        """True if nothing waits to be stored."""
        return not self._pending and not self._is_writing and not self._has_failed

    def follow(self, document: Document) -> None:
        """Store the changes of this stored document from now on, and first those of the last one.

        Whoever waits for the last one is answered: its changes are stored before what comes next.
        """
        self._write()  # what was typed while this document was read
        self._document = document
        self._pending, self._is_writing, self._has_failed = [], False, False
        self._timer.stop()
        self._answer(True)

    def add(self, change: Change) -> None:
        """Store a change soon, with all until then."""
        if not self._pending:
            self._waiting_since = time.monotonic()
        self._pending.append(change)
        self.changed.emit()
        if self._is_writing:
            return
        if self._is_due:  # a busy event loop takes keys before it looks at timers
            self._write()
        elif not self._timer.isActive():
            self._timer.start(SAVE_MS)

    @property
    def _is_due(self) -> bool:
        return time.monotonic() - self._waiting_since >= SAVE_MS / 1000

    def flush(self, done: Callable[[bool], None] = lambda _is_saved: None) -> None:
        """Store everything now, then call `done` with whether that worked."""
        if self.is_saved:
            done(True)
            return
        self._waiting.append(done)
        if not self._is_writing:
            self._write()

    def store_now(self, milliseconds: int) -> bool:
        """Store everything and wait for it; return False if it fails or takes too long."""
        for _attempt in range(2):  # what is being written, and what was typed meanwhile
            self.flush()
            self._documents.wait(milliseconds)
            QCoreApplication.sendPostedEvents(None, QEvent.Type.MetaCall.value)
            if self.is_saved or self._has_failed:
                break
        return self.is_saved

    def _write(self) -> None:
        self._timer.stop()
        document, changes = self._document, tuple(self._pending)
        if document is None or (not changes and not self._has_failed):
            return
        self._pending, self._is_writing = [], True
        copy = msgspec.structs.replace(document)
        is_whole = self._has_failed

        def store(documents: DocumentStore) -> None:
            if is_whole:
                documents.keep_whole(copy)
            else:
                documents.append(copy.id, changes, len(copy.text), beginning_of(copy.text))

        self._documents.run(
            store,
            lambda _result: self._on_written(document),
            lambda error: self._on_failed(document, error),
            is_saving=True,
        )

    def _on_written(self, document: Document) -> None:
        if document is not self._document:
            return
        self._is_writing = self._has_failed = False
        if self._pending:
            if self._waiting or self._is_due:
                self._write()
            else:
                self._timer.start(SAVE_MS)
            return
        self.saved.emit()
        self._answer(True)

    def _on_failed(self, document: Document, error: StudioError) -> None:
        if document is not self._document:
            return
        self._is_writing, self._has_failed = False, True
        self._pending.clear()
        self.failed.emit(error)
        self._timer.start(RETRY_MS)
        self._answer(False)

    def _answer(self, is_saved: bool) -> None:
        waiting, self._waiting = self._waiting, []
        for done in waiting:
            done(is_saved)
