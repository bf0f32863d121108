"""The panel of a document's versions: when and why each was kept, compare and restore."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.core.translation import tr, tr_marked, tr_plural
from studio.documents.versions import REASON_TITLES, Version, VersionInfo
from studio.ui.stage.shown_result import time_of_day
from studio.ui.text.editor import DocumentEditor
from studio.ui.text.live_documents import LiveDocuments
from studio.ui.widgets.factory import Notice, button, label, name_control, row

WIDTH = 230
_ID = Qt.ItemDataRole.UserRole


class VersionPanel(QWidget):
    """Lists the versions of the document that is open, the newest first."""

    compared = Signal(object)
    """Version to show next to the text."""
    restored = Signal(object)
    """Version whose text the document is to have."""
    keep_requested = Signal()
    """The text is to be kept as it is now."""

    def __init__(self, documents: LiveDocuments, editor: DocumentEditor) -> None:
        super().__init__()
        self._documents = documents
        self._editor = editor
        self.list = QListWidget()
        name_control(self.list, tr("Versions"), tr("Enter compares a version with the text"))
        self.list.setSpacing(3)
        self.list.itemSelectionChanged.connect(self._update_buttons)
        self.list.itemActivated.connect(lambda _item: self.compare())
        self.empty = label(tr("No version is kept yet."), "muted", wrap=True)
        self.notice = Notice()
        self.compare_button = button(
            tr("Compare"),
            tr("Show this version and the text with differences marked"),
            self.compare,
        )
        self.restore_button = button(
            tr("Restore"),
            tr("Give the document this version's text; undo takes it back"),
            self.restore,
        )
        keep = button(tr("Keep now"), tr("Keep the text as a version"), self.keep_requested.emit)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(row(label(tr("Versions"), "title"), None, keep))
        layout.addWidget(self.notice)
        layout.addWidget(self.empty)
        layout.addWidget(self.list, 1)
        layout.addWidget(row(self.compare_button, self.restore_button, None))
        self.setFixedWidth(WIDTH)
        self._update_buttons()

    def refresh(self) -> None:
        """Read the versions again."""
        document_id = self._editor.text_document.id

        def show(infos: Sequence[VersionInfo]) -> None:
            if self._editor.text_document.id == document_id:
                self._show(infos)

        self._documents.run(
            lambda store: store.versions.list(document_id), show, self._on_failed, owner=self
        )

    def _show(self, infos: Sequence[VersionInfo]) -> None:
        self.notice.clear()
        selected = self._selected_id()
        self.list.clear()
        for info in infos:
            size = tr_plural("1 character", "{count:,} characters", info.characters)
            reason = tr_marked(REASON_TITLES[info.reason])
            item = QListWidgetItem(f"{time_of_day(info.created)} · {reason}\n{size}")
            item.setData(_ID, info.id)
            self.list.addItem(item)
            if info.id == selected:
                item.setSelected(True)
        self.empty.setVisible(not infos)
        self._update_buttons()

    def _on_failed(self, error: StudioError) -> None:
        self.notice.show_message(error.message, error.cure)

    def _selected_id(self) -> int:
        items = self.list.selectedItems()
        return int(items[0].data(_ID)) if items else 0

    def _update_buttons(self) -> None:
        for control in (self.compare_button, self.restore_button):
            control.setEnabled(bool(self._selected_id()))

    def compare(self) -> None:
        """Show the selected version next to the text."""
        self._read(self.compared.emit)

    def restore(self) -> None:
        """Give the document the text of the selected version."""
        self._read(self.restored.emit)

    def _read(self, receive: Callable[[Version], None]) -> None:
        if selected := self._selected_id():

            def show(version: Version) -> None:
                if version.info.document == self._editor.text_document.id:
                    receive(version)

            self._documents.run(
                lambda store: store.versions.read(selected), show, self._on_failed, owner=self
            )
