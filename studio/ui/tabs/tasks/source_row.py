"""Takes the main text of a guided task from a document: a file, or the one in the editor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.ui import background
from studio.ui.widgets.factory import Notice, button, row

if TYPE_CHECKING:
    from studio.documents.formats.imported import ImportedDocument

TakeDocument = Callable[[Callable[[str, str], None]], None]
"""Called with a slot for (text, title) of the document in the editor."""


class SourceRow(QWidget):
    """Two buttons, and below them what happened to the document."""

    text_read = Signal(str, str)
    """(text, name of the document)."""

    def __init__(self, take_document: TakeDocument) -> None:
        super().__init__()
        self._take_document = take_document
        self._wanted = Path()
        """The file that is read; an earlier one is ignored."""
        self.file_button = button(
            tr("From a document…"),
            tr("Take the text of a file: text, Word, OpenDocument, EPUB, PDF, web page, subtitles"),
            self._ask,
            "folder",
        )
        self.document_button = button(
            tr("From the editor"),
            tr("Take the text of the document in the editor"),
            lambda: take_document(self._on_taken),
            "text",
        )
        self.notice = Notice("banner")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(row(self.file_button, self.document_button, None))
        layout.addWidget(self.notice)

    def _ask(self) -> None:
        from studio.documents.formats.catalog import READABLE_SUFFIXES

        patterns = " ".join(f"*{suffix}" for suffix in READABLE_SUFFIXES)
        name, _filter = QFileDialog.getOpenFileName(
            self.window(),
            tr("Open a document"),
            str(Path.home()),
            f"{tr('Documents ({patterns})', patterns=patterns)};;{tr('All (*)')}",
        )
        if name:
            self.read(Path(name))

    def read(self, path: Path) -> None:
        """Read a file in the background."""
        self._wanted = path
        self.notice.show_message(tr("Reading {name}…", name=path.name), role="banner")

        def read() -> ImportedDocument:
            from studio.documents.formats.child.process import read_in_child

            return read_in_child(path)

        background.run(
            self,
            read,
            lambda document: self._on_read(path, document),
            lambda error: self._on_unread(path, error),
        )

    def _on_read(self, path: Path, document: ImportedDocument) -> None:
        if path == self._wanted:
            if document.notices:
                self.notice.show_message(" ".join(document.notices), role="banner")
            else:
                self.notice.clear()
            self.text_read.emit(document.text, path.name)

    def _on_unread(self, path: Path, error: Exception) -> None:
        if not isinstance(error, StudioError):
            raise error
        if path == self._wanted:
            self.notice.show_message(error.message, error.cure, role="notice")

    def _on_taken(self, text: str, title: str) -> None:
        self._wanted = Path()
        if text.strip():
            self.notice.clear()
            self.text_read.emit(text, title)
        else:
            self.notice.show_message(
                tr("The document in the editor is empty."),
                tr("Write or open one under “Document”."),
                role="notice",
            )
