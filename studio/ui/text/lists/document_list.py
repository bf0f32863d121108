"""The window with all documents: find, open, rename and delete them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QInputDialog,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.documents.document import MAX_TITLE, clean_title
from studio.documents.versions import DocumentInfo, names_of
from studio.ui.app_state import AppState
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.stage.shown_result import time_of_day
from studio.ui.text.live_documents import LiveDocuments
from studio.ui.widgets.factory import (
    Notice,
    button,
    escape_markup,
    label,
    name_control,
    row,
    search_field,
    style_table,
)

_ID = Qt.ItemDataRole.UserRole
RENAME_WIDTH = 420
"""A title of some words is seen whole."""


class DocumentList(QDialog):
    """Lists the documents, the one that changed last first."""

    opened = Signal(str)
    """Id of the document to open."""

    def __init__(
        self, shared: AppState, documents: LiveDocuments, parent: QWidget, open_id: str
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._shared = shared
        self._documents = documents
        self._open_id = open_id
        self._infos: Sequence[DocumentInfo] = ()
        self.setWindowTitle(tr("Documents"))
        self.search = search_field(
            tr("Find a document"), tr("Show the documents whose title contains this"), tr("Find…")
        )
        self.search.textChanged.connect(self._fill)
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels(
            [tr("Title", context="document"), tr("Changed"), tr("Characters")]
        )
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        style_table(self.table, {1: 150, 2: 100}, stretch=[0])
        name_control(self.table, tr("Documents"), tr("Enter opens, F2 renames, Delete deletes"))
        self.table.itemActivated.connect(lambda _item: self.open_selected())
        self.table.itemSelectionChanged.connect(self._update_buttons)
        self.notice = Notice()
        self.empty = label(tr("There are no documents."), "muted")
        self.open_button = button(
            tr("Open"), tr("Open the selected document"), self.open_selected, primary=True
        )
        self.rename_button = button(
            tr("Rename…"), tr("Give the selected document another title"), self.rename_selected
        )
        self.delete_button = button(
            tr("Delete"),
            tr("Move the selected document to the trash"),
            self.delete_selected,
            "trash",
        )
        layout = QVBoxLayout(self)
        layout.addWidget(self.search)
        layout.addWidget(self.notice)
        layout.addWidget(self.empty)
        layout.addWidget(self.table, 1)
        close = button(tr("Close"), tr("Close this window"), self.close)
        layout.addWidget(row(self.delete_button, self.rename_button, None, close, self.open_button))
        resize_to_fit(self, 640, 460)
        documents.list_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Read the list again."""
        self._documents.run(lambda store: store.list(), self._on_list, self._on_failed, owner=self)

    def _on_list(self, infos: Sequence[DocumentInfo]) -> None:
        self.notice.clear()
        self._infos = infos
        self._fill()

    def _on_failed(self, error: StudioError) -> None:
        self.notice.show_message(error.message, error.cure)

    def _fill(self) -> None:
        wanted = self.search.text().casefold().strip()
        shown = [
            (info, name)
            for info, name in zip(self._infos, names_of(self._infos), strict=True)
            if wanted in name.casefold()
        ]
        selected = self.selected_id()
        self.table.setRowCount(len(shown))
        for number, (info, name) in enumerate(shown):
            for column, text in enumerate(
                (name, time_of_day(info.changed), f"{info.characters:,}")
            ):
                item = QTableWidgetItem(text)
                item.setData(_ID, info.id)
                item.setToolTip(escape_markup(info.beginning))
                self.table.setItem(number, column, item)
        ids = [info.id for info, _name in shown]
        if ids:
            chosen = next((one for one in (selected, self._open_id) if one in ids), ids[0])
            self.table.selectRow(ids.index(chosen))
        self.empty.setVisible(not ids)
        self.empty.setText(
            tr("No document has this in its title.") if wanted else tr("There are no documents.")
        )
        self._update_buttons()

    def selected_id(self) -> str:
        """Return the id of the selected document; empty for none."""
        items = self.table.selectedItems()
        return str(items[0].data(_ID)) if items else ""

    def _update_buttons(self) -> None:
        has_selection = bool(self.selected_id())
        for control in (self.open_button, self.rename_button, self.delete_button):
            control.setEnabled(has_selection)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F2 renames, Delete deletes, Enter opens."""
        if event.key() == Qt.Key.Key_F2:
            self.rename_selected()
        elif event.key() == Qt.Key.Key_Delete and self.table.hasFocus():
            self.delete_selected()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open_selected()
        else:
            super().keyPressEvent(event)

    # What can be done
    # ----------------------------------------------------------------------

    def open_selected(self) -> None:
        """Open the selected document and close this window.

        Enter in the table calls this twice: the table activates its item and passes the key on.
        """
        selected = self.selected_id()
        if selected and self.isVisible():
            self.close()
            self.opened.emit(selected)

    def rename_selected(self) -> None:
        """Ask for another title."""
        selected = self.selected_id()
        info = next((info for info in self._infos if info.id == selected), None)
        if info is not None and (title := ask_title(self, info.title)):
            self._documents.run(
                lambda store: store.rename(info.id, title),
                failed=self._on_failed,
                changes_list=True,
                is_saving=True,
                owner=self,
            )

    def delete_selected(self) -> None:
        """Move the selected document to the trash, which a button takes back."""
        selected = self.selected_id()
        info = next((info for info in self._infos if info.id == selected), None)
        if info is not None:
            delete_document(self._shared, self._documents, info.id, info.name)


def ask_title(parent: QWidget, title: str) -> str:
    """Ask for a title; return an empty text if the user cancels."""
    dialog = QInputDialog(parent)
    dialog.setWindowTitle(tr("Rename"))
    dialog.setLabelText(tr("Title", context="document"))
    dialog.setTextValue(title)
    dialog.resize(RENAME_WIDTH, dialog.sizeHint().height())
    is_accepted = dialog.exec() == QDialog.DialogCode.Accepted
    dialog.deleteLater()
    return clean_title(dialog.textValue()[: 4 * MAX_TITLE]) if is_accepted else ""


def delete_document(
    shared: AppState, documents: LiveDocuments, document_id: str, title: str
) -> None:
    """Move a document to the trash, and offer to take that back."""

    def restore() -> None:
        documents.run(lambda store: store.restore(document_id), changes_list=True)

    documents.run(
        lambda store: store.trash(document_id),
        lambda _done: shared.post_toast(
            tr("Deleted {title}", title=title or tr("Untitled")), tr("Undo"), restore
        ),
        lambda error: shared.post_toast(f"{error.message} {error.cure}"),
        changes_list=True,
        is_saving=True,
    )
