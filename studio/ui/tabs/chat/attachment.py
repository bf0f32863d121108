"""Puts the text of a document into the prompt of a chat, where its tokens are counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.core.errors import StudioError
from studio.core.file_names import one_line
from studio.core.requests.base import MAX_PROMPT_CHARACTERS
from studio.core.translation import tr
from studio.documents.files import read_text_file
from studio.documents.formats.catalog import (
    READABLE_SUFFIXES,
    format_of_name,
    has_document_start,
)
from studio.documents.formats.child.process import read_in_child
from studio.documents.formats.imported import ImportedDocument
from studio.documents.formats.readers.progress import Progress
from studio.ui.text.files.background_file import BackgroundFile


class Attachment(QObject):
    """Asks for a document and reads it, in a process of its own unless it is a text file."""

    attached = Signal(str)
    """The document's name and text, to stand before what is written in the prompt."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent
        self.work = BackgroundFile(self)

    def ask_for_file(self) -> None:
        """Ask for a document and attach it."""
        patterns = " ".join("*" + suffix for suffix in READABLE_SUFFIXES)
        name, _filter = QFileDialog.getOpenFileName(
            self._parent,
            tr("Attach a document"),
            str(Path.home()),
            tr("Documents ({patterns});;All (*)", patterns=patterns),
        )
        if name:
            self.attach(Path(name))

    def attach(self, path: Path) -> None:
        """Read a document and emit its text."""

        def read(progress: Progress, is_cancelled: Callable[[], bool]) -> ImportedDocument:
            if format_of_name(path) in ("", "txt", "md") and not has_document_start(path):
                text = read_text_file(path).text
                found = ImportedDocument(text=text, format="txt")
            else:
                found = read_in_child(path, on_progress=progress, is_cancelled=is_cancelled)
            return _checked(path, found)

        def receive(found: ImportedDocument) -> None:
            name = one_line(path.name)
            self.attached.emit(f"{tr('Document {name}:', name=name)}\n\n{found.text.strip()}\n\n")
            self.work.show_notices(found.notices)

        self.work.start(tr("Reading {name}…", name=path.name), read, receive)


def _checked(path: Path, found: ImportedDocument) -> ImportedDocument:
    """Return it, unless it has no text or too much for a prompt. Raises StudioError."""
    name = one_line(path.name)
    if not found.text.strip():
        raise StudioError(
            tr("{name} has no text.", name=name), cause="invalid", cure=tr("Choose another file.")
        )
    if len(found.text) > MAX_PROMPT_CHARACTERS // 2:
        raise StudioError(
            tr(
                "{name} is too long for a prompt: {count:,} characters.",
                name=name,
                count=len(found.text),
            ),
            cause="invalid",
            cure=tr("Write… → Summary takes documents of any length."),
        )
    return found
