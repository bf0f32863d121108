"""The file that a document is saved to, and what happens when another program changes it."""

from __future__ import annotations

import threading
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, Signal

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.documents.document import Document
from studio.documents.files import TextFile, file_sha256, read_text_file, write_text_file
from studio.ui import background
from studio.ui.text.live_documents import LiveDocuments

CHECK_MS = 200
"""After a change of the folder: programs that save write several times."""


class FileBinding(QObject):
    """Follows the file of the document that is open."""

    changed_on_disk = Signal(object)
    """TextFile: another program changed the file; the document is as it was."""
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
        self._lock = threading.Lock()
        self._last_written = ""
        """Hash of what was written last; the document may not know it yet. With the lock."""
        self._watcher = QFileSystemWatcher(self)
        self._soon = background.DelayedCall(self, self.check, CHECK_MS)
        self._watcher.fileChanged.connect(self._soon.request)
        self._watcher.directoryChanged.connect(self._soon.request)

    def follow(self, document: Document) -> None:
        """Watch the file of a document, if it has one."""
        self._document = document
        self._reported = ""
        if watched := [*self._watcher.files(), *self._watcher.directories()]:
            self._watcher.removePaths(watched)
        if document.file:
            self._watch()
            self._soon.request()

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

        def look() -> tuple[str, TextFile | None]:
            found = file_sha256(path)
            if not found or found in known:
                return found, None
            return found, read_text_file(path)

        def receive(result: tuple[str, TextFile | None]) -> None:
            if self._document is document and document.file == str(path):
                self._watch()
                self._on_checked(*result)

        background.run(self, look, receive, lambda _error: None)  # saving reports what is wrong

    def _on_checked(self, sha256: str, content: TextFile | None) -> None:
        assert self._document is not None
        if not sha256 and self._reported != "gone":
            self._reported = "gone"
            self.gone.emit()
        elif sha256 == self._document.file_sha256:
            self._reported = ""
        elif content is not None and content.sha256 != self._reported:
            self._report(content)

    def _report(self, content: TextFile) -> None:
        self._reported = content.sha256
        self.changed_on_disk.emit(content)

    def keep_mine(self, content: TextFile) -> None:
        """Go on with the document's text: the next save replaces the file."""
        assert self._document is not None
        self._remember(self._document, str(self._path()), content.sha256)

    def save(self, path: Path | None = None) -> None:
        """Write the document's text to its file, or to another one that becomes its file.

        If another program changed its file, `changed_on_disk` is emitted and nothing written.
        """
        document = self._document
        assert document is not None
        target, text, known = path or self._path(), document.text, document.file_sha256

        def write() -> str | TextFile:
            with self._lock:
                if path is None and file_sha256(target) not in ("", known, self._last_written):
                    return read_text_file(target)
                self._last_written = write_text_file(target, text)
                return self._last_written

        def receive(result: str | TextFile) -> None:
            if isinstance(result, str):
                self._remember(document, str(target), result)
                self.saved.emit(target)
            elif self._document is document:
                self._report(result)

        def fail(error: Exception) -> None:
            reason = error.strerror if isinstance(error, OSError) else error
            self.failed.emit(
                StudioError(
                    tr("{path} cannot be written: {reason}.", path=target, reason=reason),
                    cause="disk",
                    cure=tr("Choose another folder, or free some space."),
                )
            )

        background.run(self, write, receive, fail)

    def _path(self) -> Path:
        assert self._document is not None
        return Path(self._document.file)

    def _remember(self, document: Document, file: str, sha256: str) -> None:
        document.file, document.file_sha256 = file, sha256
        if document is self._document:
            self._reported = ""
            self._watch()
        self._documents.run(
            lambda store: store.bind(document.id, file, sha256), failed=lambda _error: None
        )
