"""The file that a document is saved to, and what happens when another program changes it."""

from __future__ import annotations

from pathlib import Path

import msgspec
from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QFileSystemWatcher,
    QObject,
    QThreadPool,
    Signal,
)

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.documents.document import Document
from studio.documents.files import (
    FileChangedError,
    TextFile,
    file_sha256,
    read_text_file,
    write_text_file,
)
from studio.ui import background
from studio.ui.text.live_documents import LiveDocuments

CHECK_MS = 200
"""After a change of the folder: programs that save write several times."""


class _Save(msgspec.Struct, eq=False):
    """A save that was begun."""

    document: Document
    target: Path
    written: str = ""
    """Hash of what it wrote; the document does not know it until the result is received."""


class FileBinding(QObject):
    """Follows the file of the document that is open.

    One thread reads and writes, and its results are received in the same order: what is received
    is never older than what the document knows of its file.
    """

    changed_on_disk = Signal(object, bool)
    """TextFile: another program changed the file; the document is as it was. True if a save is
    refused for it."""
    settled = Signal()
    """The file has the content that the document knows."""
    gone = Signal()
    """The file was moved or deleted."""
    saved = Signal(Path)
    failed = Signal(object)
    """StudioError: the file cannot be written."""

    def __init__(self, documents: LiveDocuments, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._documents = documents
        self._document: Document | None = None
        self._reported = ""
        """Hash of the file's content that was reported last; "gone" for a missing file."""
        self._last_save: _Save | None = None
        """While its result is not received."""
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)
        self._watcher = QFileSystemWatcher(self)
        self._soon = background.DelayedCall(self, self.check, CHECK_MS)
        self._watcher.fileChanged.connect(self._soon.request)
        self._watcher.directoryChanged.connect(self._soon.request)

    @property
    def target(self) -> Path | None:
        """The file that the next save writes; None if the document has none."""
        document, last = self._document, self._last_save
        if document is None:
            return None
        if last is not None and last.document.id == document.id:
            return last.target
        return Path(document.file) if document.file else None

    def follow(self, document: Document) -> None:
        """Watch the file of a document, if it has one."""
        self._document = document
        self._reported = ""
        if watched := [*self._watcher.files(), *self._watcher.directories()]:
            self._watcher.removePaths(watched)
        if document.file:
            self._watch()
            self._soon.request()

    def complete_saves(self, milliseconds: int) -> None:
        """Wait for the saves that were begun, and receive their results."""
        self._pool.waitForDone(milliseconds)
        QCoreApplication.sendPostedEvents(None, QEvent.Type.MetaCall.value)

    def close(self) -> None:
        """End the watch. The thread must be idle when Qt deletes it, which waits for it."""
        self._document = None
        self._soon.stop()
        self._pool.waitForDone()

    # Reading
    # ----------------------------------------------------------------------

    def _watch(self) -> None:
        """Watch file and folder: a watch on a file ends when the file is replaced."""
        document = self._document
        if document is not None and document.file:
            path = Path(document.file)
            self._watcher.addPaths([str(path), str(path.parent)])

    def check(self) -> None:
        """Look whether the file has another content than the document knows."""
        document = self._document
        if document is None or not document.file:
            return
        path, known = Path(document.file), (document.file_sha256, self._reported)

        def look() -> str | TextFile:
            found = file_sha256(path)
            return found if not found or found in known else read_text_file(path)

        def receive(found: str | TextFile) -> None:
            if self._document is document and document.file == str(path):
                self._watch()
                if isinstance(found, str):
                    self._on_known(found)
                elif found.sha256 != self._reported:
                    self._report(found, is_refused=False)

        # saving reports what is wrong
        background.run(self, look, receive, lambda _error: None, self._pool)

    def _on_known(self, sha256: str) -> None:
        """Act on a file that is missing, or whose content was known when it was read."""
        assert self._document is not None
        if not sha256:
            if self._reported != "gone":
                self._reported = "gone"
                self.gone.emit()
        elif sha256 == self._document.file_sha256:
            self._reported = ""
            self.settled.emit()

    def _report(self, content: TextFile, *, is_refused: bool) -> None:
        """Ask about a content, unless it is known by now or the same as the document's."""
        document = self._document
        if document is None:
            return
        if content.text == document.text:
            self._remember(document, document.file, content.sha256)
        if content.sha256 == document.file_sha256:
            self._reported = ""
            self.settled.emit()
        else:
            self._reported = content.sha256
            self.changed_on_disk.emit(content, is_refused)

    # Saving
    # ----------------------------------------------------------------------

    def keep_mine(self, content: TextFile) -> None:
        """Go on with the document's text: the next save replaces the file."""
        assert self._document is not None
        self._remember(self._document, self._document.file, content.sha256)

    def save(self, path: Path | None = None) -> None:
        """Write the document's text to its file, or to another one that becomes its file.

        If another program changed its file, `changed_on_disk` is emitted and nothing written.
        """
        document, target = self._document, path or self.target
        assert document is not None
        assert target is not None
        before, text, known = self._last_save, document.text, document.file_sha256
        save = self._last_save = _Save(document, target)

        def write() -> str:
            if path is not None:
                may_replace = None
            elif before is not None and before.target == target and before.written:
                may_replace = (before.written,)
            else:
                may_replace = (known,)
            save.written = write_text_file(target, text, may_replace)
            return save.written

        def receive(sha256: str) -> None:
            self._end(save)
            self._remember(document, str(target), sha256)
            self.saved.emit(target)

        def fail(error: Exception) -> None:
            self._end(save)
            self._on_save_failed(save, error)

        background.run(self, write, receive, fail, self._pool)

    def _end(self, save: _Save) -> None:
        if self._last_save is save:
            self._last_save = None

    def _on_save_failed(self, save: _Save, error: Exception) -> None:
        document, path = self._document, save.target
        if isinstance(error, FileChangedError):
            if document is None or document.id != save.document.id:
                return  # it is asked about when the document is shown again
            if error.content.sha256 == document.file_sha256 and document.text != error.content.text:
                self.save()  # the person decided about this content in the meantime
            else:
                self._report(error.content, is_refused=True)
            return
        if isinstance(error, StudioError):
            sentence = tr("Another program replaced {name}, and it is no text now.", name=path.name)
            self.failed.emit(
                StudioError(sentence, cause="disk", cure=tr("Save under another name."))
            )
            return
        reason = error.strerror if isinstance(error, OSError) else error
        self.failed.emit(
            StudioError(
                tr("{path} cannot be written: {reason}.", path=path, reason=reason),
                cause="disk",
                cure=tr("Choose another folder, or free some space."),
            )
        )

    def _remember(self, document: Document, file: str, sha256: str) -> None:
        shown = self._document
        for one in (document, shown):  # the same document, if it was opened again meanwhile
            if one is not None and one.id == document.id:
                one.file, one.file_sha256 = file, sha256
        if shown is not None and shown.id == document.id:
            self._reported = ""
            self._watch()
        self._documents.run(
            lambda store: store.bind(document.id, file, sha256), failed=lambda _error: None
        )
