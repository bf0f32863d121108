"""The layout of the document view: header, notices, editor, panels and bars."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from studio.core.translation import mark, tr
from studio.ui.app_state import AppState
from studio.ui.text.autosave import Autosave
from studio.ui.text.count_label import CountLabel
from studio.ui.text.document_header import DocumentHeader
from studio.ui.text.editor import DocumentEditor
from studio.ui.text.files.document_files import DocumentFiles
from studio.ui.text.find_bar import FindBar
from studio.ui.text.live_documents import LiveDocuments
from studio.ui.text.markdown_preview import MarkdownPreview
from studio.ui.text.marking.marks import Marks
from studio.ui.text.marking.origin_colors import OriginColors
from studio.ui.text.marking.spelling import SpellCheck
from studio.ui.text.version_panel import VersionPanel
from studio.ui.text.view_options import ViewOptions
from studio.ui.text.writing.model_writing import ModelWriting, WritingForm
from studio.ui.widgets.factory import Notice, label, row

MIN_WIDTH = 388
PreviewMode = Literal["off", "both", "only"]
PREVIEW_MODES: dict[PreviewMode, str] = {
    "off": mark("Text"),
    "both": mark("Text and preview"),
    "only": mark("Preview"),
}
"""Mode → title, marked."""


class DocumentShell(QWidget):
    """The widgets of the view. `DocumentPage` adds the behavior."""

    focus_mode_changed = Signal(bool)
    """Whether only the text is to be shown."""

    def __init__(self, shared: AppState, form: WritingForm) -> None:
        super().__init__()
        self.shared = shared
        self.documents = LiveDocuments(shared.data.documents, self)
        self.editor = DocumentEditor()
        self.marks = Marks(self.editor)
        self.autosave = Autosave(self.documents, self)
        self.header = DocumentHeader()
        self.notice = Notice()
        self.damage_notice = Notice()
        """About a damaged file, until the user closes it."""
        self.find_bar = FindBar(self.editor, self.marks)
        self.counts = CountLabel(self.editor, lambda: form.card)
        self.saved_state = label("", "muted")
        self.saved_state.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.view_options = ViewOptions(shared, self.editor)
        self.files = DocumentFiles(shared, self.documents, self.editor, self)
        self.version_panel = VersionPanel(self.documents, self.editor)
        self.preview = MarkdownPreview(self.editor)
        self.origin_colors = OriginColors(self.editor, self.marks)
        self.spell_check = SpellCheck(shared, self.editor, self.marks)
        self.model_writing = ModelWriting(shared, self.editor, self.marks, form)
        self.generation = self.model_writing.generation
        self.is_focus_mode = False
        self.preview_mode: PreviewMode = "off"
        self._column = QVBoxLayout(self)
        self._lay_out()

    def _lay_out(self) -> None:
        header = self.header
        self.new_button = header.add_button(
            "plus", tr("New document"), tr("Begin a new document"), self.new
        )
        self.undo_button = header.add_button(
            "undo", tr("Undo"), tr("Take back the last change (Ctrl+Z)"), self.editor.undo
        )
        header.add_button(
            "save", tr("Save as…"), tr("Save the document to a file"), self.files.save_as
        )
        self.versions_button = header.add_button(
            "history",
            tr("Versions"),
            tr("Show or hide the versions (Ctrl+Shift+H)"),
            self.toggle_versions,
        )
        self.versions_button.setCheckable(True)
        header.add_more_menu()
        self._column.setContentsMargins(16, 8, 16, 12)
        self._column.setSpacing(8)
        self.status_row = row(self.counts, self.saved_state)
        files = self.files
        notices = (self.damage_notice, self.notice, files.notice, files.work.notice)
        for widget in (header, *notices, self.model_writing.notice, self.find_bar):
            self._column.addWidget(widget)
        self.version_panel.hide()
        self.preview.hide()
        middle = row(self.editor, self.preview, self.version_panel, spacing=12)
        middle.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._column.addWidget(middle, 1)
        self._column.addWidget(self.origin_colors.legend)
        self._column.addWidget(self.model_writing.bar)
        self._column.addWidget(self.status_row)
        self.setMinimumWidth(MIN_WIDTH)
        self.setAcceptDrops(True)

    def new(self) -> None:
        """Begin a new document."""
        raise NotImplementedError

    def show_preview(self, mode: PreviewMode) -> None:
        """Show the Markdown as it reads next to the text or instead of it, or the text only."""
        self.preview_mode = mode
        self.preview.setVisible(mode != "off")
        self.editor.setVisible(mode != "only")
        (self.preview if mode == "only" else self.editor).setFocus()

    def step_preview(self) -> None:
        """Go from the text to both, to the preview, and back."""
        modes = list(PREVIEW_MODES)
        self.show_preview(modes[(modes.index(self.preview_mode) + 1) % len(modes)])

    def toggle_versions(self) -> None:
        """Show or hide the panel of versions."""
        is_shown = self.version_panel.isHidden()
        self.version_panel.setVisible(is_shown)
        self.versions_button.setChecked(is_shown)
        self._refresh_versions()
        (self.version_panel.list if is_shown else self.editor).setFocus()

    def _refresh_versions(self) -> None:
        if not self.version_panel.isHidden():
            self.version_panel.refresh()

    def toggle_focus_mode(self) -> None:
        """Show only the text, or everything again."""
        self.is_focus_mode = not self.is_focus_mode
        for widget in (self.header, self.model_writing.bar, self.status_row):
            widget.setVisible(not self.is_focus_mode)
        self.focus_mode_changed.emit(self.is_focus_mode)
        self.editor.setFocus()
