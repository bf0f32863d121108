"""A window with all texts of one sort: find, open, rename and delete them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QInputDialog,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.documents.document import MAX_TITLE, clean_title
from studio.documents.store import DocumentStore
from studio.ui import background
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
SEARCH_DELAY_MS = 100


class Entry(NamedTuple):
    """A text in the list."""

    id: str
    title: str
    """Empty for one without a title."""
    name: str
    """What the list shows."""
    changed: float
    """Unix time in seconds."""
    size: int
    """Number in the last column."""
    tip: str = ""


class ListTexts(NamedTuple):
    """The texts that a list shows to the user."""

    title: str
    size: str
    """Heading of the last column."""
    search: str
    search_tip: str
    nothing: str
    """There are no texts."""
    not_found: str
    open: str
    rename: str
    delete: str


class TitleList(QDialog):
    """Lists the texts, the one that changed last first."""

    opened = Signal(str)
    """Id of the text to open."""

    def __init__(
        self, documents: LiveDocuments, parent: QWidget, open_id: str, texts: ListTexts
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.documents = documents
        self._open_id = open_id
        self._texts = texts
        self._entries: Sequence[Entry] = ()
        self._create_controls()
        self._lay_out()
        documents.list_changed.connect(self.refresh)
        self.refresh()

    @abstractmethod
    def read(self, store: DocumentStore, wanted: str) -> Sequence[Entry]:
        """Return the texts that contain what is wanted, or all. Runs in another thread."""

    @abstractmethod
    def rename(self, store: DocumentStore, text_id: str, title: str) -> None:
        """Change a title. Runs in another thread."""

    @abstractmethod
    def delete(self, entry: Entry) -> None:
        """Move a text to the trash, and offer to take that back."""

    def _create_controls(self) -> None:
        texts = self._texts
        self.setWindowTitle(texts.title)
        self.search = search_field(texts.search, texts.search_tip, tr("Find…"))
        self._soon = background.DelayedCall(self, self.refresh, SEARCH_DELAY_MS)
        self.search.textChanged.connect(self._soon.request)
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels(
            [tr("Title", context="document"), tr("Changed"), texts.size]
        )
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        style_table(self.table, {1: 150, 2: 100}, stretch=[0])
        name_control(self.table, texts.title, tr("Enter opens, F2 renames, Delete deletes"))
        self.table.itemActivated.connect(lambda _item: self.open_selected())
        self.table.itemSelectionChanged.connect(self._update_buttons)
        self.notice = Notice()
        self.empty = label(texts.nothing, "muted")
        self.open_button = button(tr("Open"), texts.open, self.open_selected, primary=True)
        self.rename_button = button(tr("Rename…"), texts.rename, self.rename_selected)
        self.delete_button = button(tr("Delete"), texts.delete, self.delete_selected, "trash")

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.addWidget(self.search)
        layout.addWidget(self.notice)
        layout.addWidget(self.empty)
        layout.addWidget(self.table, 1)
        close = button(tr("Close"), tr("Close this window"), self.close)
        left = (self.delete_button, self.rename_button, *self.more_buttons())
        layout.addWidget(row(*left, None, close, self.open_button))
        resize_to_fit(self, 640, 460)

    def more_buttons(self) -> Sequence[QPushButton]:
        """Return more buttons, which need a selected text."""
        return ()

    def refresh(self) -> None:
        """Read the list again."""
        wanted = self.search.text().strip()
        self.documents.run(
            lambda store: self.read(store, wanted),
            lambda entries: self._on_read(wanted, entries),
            self._on_failed,
            owner=self,
        )

    def _on_read(self, wanted: str, entries: Sequence[Entry]) -> None:
        if wanted == self.search.text().strip():
            self.notice.clear()
            self._entries = entries
            self._fill(bool(wanted))

    def _on_failed(self, error: StudioError) -> None:
        self.notice.show_message(error.message, error.cure)

    def _fill(self, is_search: bool) -> None:
        selected = self.selected_id()
        self.table.setRowCount(len(self._entries))
        for number, entry in enumerate(self._entries):
            cells = (entry.name, time_of_day(entry.changed), f"{entry.size:,}")
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setData(_ID, entry.id)
                item.setToolTip(escape_markup(entry.tip))
                self.table.setItem(number, column, item)
        ids = [entry.id for entry in self._entries]
        if ids:
            chosen = next((one for one in (selected, self._open_id) if one in ids), ids[0])
            self.table.selectRow(ids.index(chosen))
        self.empty.setVisible(not ids)
        self.empty.setText(self._texts.not_found if is_search else self._texts.nothing)
        self._update_buttons()

    def selected_id(self) -> str:
        """Return the id of the selected text; empty for none."""
        items = self.table.selectedItems()
        return str(items[0].data(_ID)) if items else ""

    def selected_entry(self) -> Entry | None:
        """Return the selected text."""
        selected = self.selected_id()
        return next((entry for entry in self._entries if entry.id == selected), None)

    def _update_buttons(self) -> None:
        has_selection = bool(self.selected_id())
        controls = (self.open_button, self.rename_button, self.delete_button)
        for control in (*controls, *self.more_buttons()):
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
        """Open the selected text and close this window.

        Enter in the table calls this twice: the table activates its item and passes the key on.
        """
        selected = self.selected_id()
        if selected and self.isVisible():
            self.close()
            self.opened.emit(selected)

    def rename_selected(self) -> None:
        """Ask for another title."""
        entry = self.selected_entry()
        if entry is not None and (title := ask_title(self, entry.title)):
            self.documents.run(
                lambda store: self.rename(store, entry.id, title),
                failed=self._on_failed,
                changes_list=True,
                is_saving=True,
                owner=self,
            )

    def delete_selected(self) -> None:
        """Move the selected text to the trash, which a button takes back."""
        if (entry := self.selected_entry()) is not None:
            self.delete(entry)


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
