"""Opens and saves the files of the document page, and asks when both sides changed."""

from __future__ import annotations

from pathlib import Path

import msgspec
from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.core.errors import StudioError
from studio.core.file_names import slug
from studio.core.translation import tr
from studio.documents.document import Document, DocumentFormat, new_document
from studio.documents.files import TextFile, format_of, read_text_file
from studio.documents.formats.catalog import (
    READABLE_SUFFIXES,
    format_of_name,
    has_document_start,
)
from studio.documents.formats.child.process import read_in_child
from studio.documents.formats.imported import ImportedDocument
from studio.documents.origins import IMPORTED
from studio.ui.app_state import AppState
from studio.ui.desktop.folders import open_folder_of
from studio.ui.text.editor import DocumentEditor
from studio.ui.text.files.background_file import BackgroundFile
from studio.ui.text.files.document_export import export, exported_name, filters
from studio.ui.text.files.file_binding import FileBinding
from studio.ui.text.live_documents import LiveDocuments
from studio.ui.widgets.factory import Notice, button, show_message
from studio.ui.widgets.replace_file import may_write

CLOSE_MS = 3_000
"""How long the window waits for saves when it closes."""


class DocumentFiles(QObject):
    """What a document view does with files."""

    opened = Signal(object)
    """Document: it was read from a file."""
    version_requested = Signal(str)
    """VersionReason: the text that is shown is to be kept."""

    def __init__(
        self, shared: AppState, documents: LiveDocuments, editor: DocumentEditor, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._shared = shared
        self._editor = editor
        self._parent = parent
        self.binding = FileBinding(documents, self)
        self.notice = Notice("banner")
        """Asks what to do if the file changed."""
        self.work = BackgroundFile(self)
        """Reads and exports; its notice shows progress, what was left out, and what went wrong."""
        self.labels_ai = True
        """Exports say that a model wrote the text, or a part of it."""
        self.binding.changed_on_disk.connect(self._on_changed_on_disk)
        self.binding.settled.connect(self.notice.clear)
        self.binding.gone.connect(self._on_gone)
        self.binding.saved.connect(self._on_saved)
        self.binding.failed.connect(self._on_failed)

    def follow(self, document: Document) -> None:
        """Watch the file of the document that is shown from now on."""
        self.notice.clear()
        self.binding.follow(document)

    def complete_saves(self) -> None:
        """Wait for the saves that were begun, before the window closes."""
        self.binding.complete_saves(CLOSE_MS)

    # Opening
    # ----------------------------------------------------------------------

    def ask_for_file(self) -> None:
        """Ask for a file and open it as a document."""
        patterns = " ".join("*" + suffix for suffix in READABLE_SUFFIXES)
        name, _filter = QFileDialog.getOpenFileName(
            self._parent,
            tr("Open a file"),
            str(Path.home()),
            tr("Documents ({patterns});;All (*)", patterns=patterns),
        )
        if name:
            self.open_file(Path(name))

    def open_file(self, path: Path) -> None:
        """Open a file as a document; a text file is the one that it is saved to."""
        title = tr("Reading {name}…", name=path.name)
        if format_of_name(path) in ("", "txt", "md") and not has_document_start(path):
            self.work.start(
                title,
                lambda _progress, _is_cancelled: read_text_file(path),
                lambda content: self._open_text(path, content),
            )
        else:
            self.work.start(
                title,
                lambda progress, is_cancelled: read_in_child(
                    path, on_progress=progress, is_cancelled=is_cancelled
                ),
                lambda found: self._open_imported(path, found),
            )

    def _open_text(self, path: Path, content: TextFile) -> None:
        document = new_document(path.stem, content.text, IMPORTED, format=format_of(path))
        document.file, document.file_sha256 = str(path), content.sha256
        self.opened.emit(document)

    def _open_imported(self, path: Path, found: ImportedDocument) -> None:
        format: DocumentFormat = "md" if found.is_markdown else "txt"
        title = found.title or path.stem
        self.opened.emit(new_document(title, found.text, IMPORTED, format=format))
        self.work.show_notices(found.notices)

    # Saving
    # ----------------------------------------------------------------------

    def save(self) -> None:
        """Save to the document's file, or ask for one."""
        if self.binding.target is not None:
            self._write(None)
        else:
            self.save_as()

    def save_as(self) -> None:
        """Ask for a file, and save the document to it from now on."""
        document = self._editor.text_document
        suffix = ".md" if document.format == "md" else ".txt"
        name = slug(document.title or tr("Untitled")) + suffix
        suggested = document.file or str(Path.home() / name)
        chosen, _filter = QFileDialog.getSaveFileName(
            self._parent, tr("Save the document"), suggested, tr("Text (*.txt);;Markdown (*.md)")
        )
        path = Path(chosen) if Path(chosen).suffix else Path(chosen + suffix)
        if format_of_name(path) in ("docx", "odt", "epub", "pdf"):
            show_message(
                self._parent,
                tr("Not saved"),
                tr(
                    "A document is saved as text. Export… writes {suffix} files.",
                    suffix=path.suffix,
                ),
            )
        elif chosen and may_write(self._parent, chosen, path):
            self._write(path)

    def export(self) -> None:
        """Ask for a file and write a copy of the document in its format."""
        editor = self._editor.text_document
        suggested = str(Path.home() / f"{slug(editor.title or tr('Untitled'))}.docx")
        chosen, kind = QFileDialog.getSaveFileName(
            self._parent, tr("Export"), suggested, filters(), filters().split(";;")[3]
        )
        if not chosen:
            return
        path, copy = exported_name(chosen, kind), msgspec.structs.replace(editor)
        if not may_write(self._parent, chosen, path):
            return
        models = [self._model_of(stretch.origin.job) for stretch in copy.origins]
        model, has_recipe = next(filter(None, models), ""), self._shared.settings.recipe_in_files

        def report(notices: tuple[str, ...]) -> None:
            self._on_saved(path)
            self.work.show_notices(notices)

        is_labelled = self.labels_ai
        self.work.start(
            tr("Exporting {name}…", name=path.name),
            lambda progress, _is_cancelled: export(
                path,
                copy,
                model=model,
                has_recipe=has_recipe,
                is_labelled=is_labelled,
                on_progress=progress,
            ),
            report,
        )

    def _model_of(self, job_id: str) -> str:
        job = self._shared.queue.job(job_id) if job_id else None
        return job.request.model if job is not None else ""

    def _write(self, path: Path | None) -> None:
        self.notice.clear()
        self.version_requested.emit("save")
        self.binding.save(path)

    def _on_saved(self, path: Path) -> None:
        self._shared.post_toast(
            tr("Saved {name}", name=path.name), tr("Show"), lambda: open_folder_of(path)
        )

    def _on_failed(self, error: StudioError) -> None:
        show_message(self._parent, tr("Not saved"), f"{error.message} {error.cure}".strip())

    # Changes by other programs
    # ----------------------------------------------------------------------

    def _on_changed_on_disk(self, content: TextFile, is_save_refused: bool) -> None:
        name = Path(self._editor.text_document.file).name
        keep = (
            tr("Replace the file with the document's text")
            if is_save_refused
            else tr("Leave the document as it is; saving replaces the file")
        )
        self.notice.show_message(
            tr("Another program changed {name}.", name=name),
            tr("The document has your text. Which one do you want?"),
            [
                button(
                    tr("Keep mine"), keep, lambda: self._keep_mine(content, saves=is_save_refused)
                ),
                button(
                    tr("Load theirs"),
                    tr("Take the file's text; undo brings yours back"),
                    lambda: self._load_theirs(content),
                ),
                button(
                    tr("Compare"),
                    tr("Show both with differences marked"),
                    lambda: self._compare(content),
                ),
            ],
        )

    def _keep_mine(self, content: TextFile, *, saves: bool) -> None:
        """Go on with the document's text; `saves`: make the save that was refused."""
        self.notice.clear()
        self.binding.keep_mine(content)
        if saves:
            self.binding.save()

    def _load_theirs(self, content: TextFile) -> None:
        editor = self._editor
        self.notice.clear()
        self.version_requested.emit("other")
        editor.history.close_step()
        editor.replace_text(content.text, IMPORTED)
        editor.history.close_step()
        self.version_requested.emit("file")
        self.binding.keep_mine(content)

    def _compare(self, content: TextFile) -> None:
        from studio.ui.text.comparison import show_comparison

        mine = self._editor.text
        show_comparison(self._parent, (mine, content.text), (tr("Yours"), tr("In the file")))

    def _on_gone(self) -> None:
        name = Path(self._editor.text_document.file).name
        close = button(tr("OK"), tr("Close this message"), self.notice.clear)
        self.notice.show_message(
            tr("{name} was moved or deleted.", name=name),
            tr("The document still has its text. Saving writes the file again."),
            [close],
        )


def dropped_document(data: QMimeData) -> Path | None:
    """Return the document that is dragged, or None for other files and for text."""
    urls = data.urls()
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    return path if format_of_name(path) else None
