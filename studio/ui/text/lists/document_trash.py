"""The window with deleted documents: restore them, or delete them for good."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.core.errors import StudioError
from studio.core.translation import tr, tr_plural
from studio.documents.store import DocumentStore
from studio.documents.versions import DocumentInfo, names_of
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.stage.shown_result import time_of_day
from studio.ui.text.live_documents import LiveDocuments
from studio.ui.widgets.factory import (
    Notice,
    button,
    confirm,
    escape_markup,
    label,
    name_control,
    row,
    style_table,
)

_ID = Qt.ItemDataRole.UserRole


class DocumentTrash(QDialog):
    """Lists the documents in the trash, the one that changed last first."""

    def __init__(self, documents: LiveDocuments, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._documents = documents
        self._read_at = 0.0
        self.setWindowTitle(tr("Trash of documents"))
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels(
            [
                tr("Title", context="document"),
                tr("Deleted", context="when"),
                tr("Characters"),
            ]
        )
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        style_table(self.table, {1: 150, 2: 100}, stretch=[0])
        name_control(
            self.table, tr("Trash of documents"), tr("Enter restores, Delete deletes for good")
        )
        self.table.itemSelectionChanged.connect(self._update_buttons)
        self.notice = Notice()
        self.empty = label(tr("Loading…"), "muted")
        self.restore_button = button(
            tr("Restore"), tr("Take the selected documents out of the trash"), self.restore
        )
        self.delete_button = button(
            tr("Delete for good…"),
            tr("Delete the selected documents with their versions"),
            self.delete,
        )
        self.empty_button = button(
            tr("Empty trash…"), tr("Delete all documents in the trash"), self.empty_trash, "trash"
        )
        layout = QVBoxLayout(self)
        layout.addWidget(self.notice)
        layout.addWidget(self.empty)
        layout.addWidget(self.table, 1)
        close = button(tr("Close"), tr("Close this window"), self.close)
        layout.addWidget(
            row(self.empty_button, self.delete_button, None, close, self.restore_button)
        )
        resize_to_fit(self, 640, 400)
        documents.list_changed.connect(self.refresh)
        self._update_buttons()
        self.refresh()

    def refresh(self) -> None:
        """Read the list again."""
        self._documents.run(
            lambda store: (time.time(), store.list(is_trashed=True)),
            lambda read: self._fill(*read),
            self._on_failed,
            owner=self,
        )

    def _fill(self, read_at: float, infos: Sequence[DocumentInfo]) -> None:
        self._read_at = read_at
        self.notice.clear()
        self.table.setRowCount(len(infos))
        for number, (info, name) in enumerate(zip(infos, names_of(infos), strict=True)):
            texts = (name, time_of_day(info.trashed), f"{info.characters:,}")
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setData(_ID, info.id)
                item.setToolTip(escape_markup(info.beginning))
                self.table.setItem(number, column, item)
        if infos and not self.selected_ids():
            self.table.selectRow(0)
        self.empty.setText(tr("The trash is empty."))
        self.empty.setVisible(not infos)
        self._update_buttons()

    def _on_failed(self, error: StudioError) -> None:
        self.empty.hide()
        self.notice.show_message(error.message, error.cure)

    def selected_ids(self) -> list[str]:
        """Return the ids of the selected documents."""
        return [str(item.data(_ID)) for item in self.table.selectedItems() if not item.column()]

    def _update_buttons(self) -> None:
        has_selection = bool(self.selected_ids())
        self.restore_button.setEnabled(has_selection)
        self.delete_button.setEnabled(has_selection)
        self.empty_button.setEnabled(bool(self.table.rowCount()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter restores, Delete deletes for good."""
        if event.key() == Qt.Key.Key_Delete and self.table.hasFocus():
            self.delete()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.restore()
        else:
            super().keyPressEvent(event)

    # What can be done
    # ----------------------------------------------------------------------

    def restore(self) -> None:
        """Take the selected documents out of the trash."""
        self._run([*self.selected_ids()], DocumentStore.restore)

    def delete(self) -> None:
        """Delete the selected documents, if the user agrees."""
        chosen = self.selected_ids()
        question = tr_plural(
            "Delete this document and its versions? This cannot be undone.",
            "Delete {count:,} documents and their versions? This cannot be undone.",
            len(chosen),
        )
        if chosen and confirm(self, tr("Delete for good?"), question, tr("Delete")):
            self._run(chosen, DocumentStore.remove)

    def empty_trash(self) -> None:
        """Delete what is listed, if the user agrees."""
        count, read_at = self.table.rowCount(), self._read_at
        question = tr_plural(
            "Delete the document in the trash? This cannot be undone.",
            "Delete all {count:,} documents in the trash? This cannot be undone.",
            count,
        )
        if count and confirm(self, tr("Empty the trash?"), question, tr("Delete")):
            self._change(lambda store: store.empty_trash(read_at))

    def _run(self, ids: Sequence[str], work: Callable[[DocumentStore, str], None]) -> None:
        def run(store: DocumentStore) -> None:
            for document_id in ids:
                work(store, document_id)

        self._change(run)

    def _change(self, work: Callable[[DocumentStore], object]) -> None:
        self._documents.run(
            work, failed=self._on_failed, changes_list=True, is_saving=True, owner=self
        )
