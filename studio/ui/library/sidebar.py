"""The side of the library with collections and saved searches; items are dropped on it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Literal, NamedTuple

import msgspec
from PySide6.QtCore import QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeySequence,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QInputDialog,
    QMenu,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.core.translation import mark, tr, tr_marked
from studio.jobs.library.live_library import LiveLibrary
from studio.library.annotations import collection_name
from studio.library.index import LibraryIndex
from studio.library.items import EVERYTHING, Query
from studio.ui import background
from studio.ui.background import DelayedCall
from studio.ui.library.commands import LibraryCommands
from studio.ui.library.grid.library_view import ITEMS_FORMAT, ids_in
from studio.ui.widgets.factory import button, name_control, show_message

WIDTH = 170
ROW_HEIGHT = 26
_READ_MS = 150
_ENTRY = Qt.ItemDataRole.UserRole
NEW = mark("New collection")


class Entry(NamedTuple):
    """What a row stands for."""

    kind: Literal["all", "group", "collection", "search"]
    name: str
    query: Query = EVERYTHING


class Content(msgspec.Struct, frozen=True):
    """What the side shows."""

    total: int
    favorites: int
    collections: dict[str, int]
    searches: dict[str, Query]


def read_content(index: LibraryIndex) -> Content:
    """Count items and read the names; slow, so not for the GUI thread."""
    return Content(
        index.count(),
        index.count(Query(favorite=True)),
        index.collections(),
        index.saved_searches(),
    )


def _ignore(_error: Exception) -> None:
    """Leave it to the list to report a library that cannot be read; the next change reads again."""


class Sidebar(QWidget):
    """A tree of collections and saved searches: a click shows one, a drop adds to a collection."""

    query_requested = Signal(object)
    """Query to show."""

    def __init__(self, library: LiveLibrary, commands: LibraryCommands) -> None:
        super().__init__()
        self._library = library
        self._commands = commands
        self._query = EVERYTHING
        self._content: Content | None = None
        self._reads = self._shown_read = 0
        """Numbers of the last read that began, and of the one whose content is shown."""
        self.tree = CollectionTree()
        self.tree.items_dropped.connect(self._on_items_dropped)
        self.tree.drag_ended.connect(self._select_row)
        self.tree.itemClicked.connect(lambda _row, _column: self._open_current())
        self.tree.itemActivated.connect(lambda _row, _column: self._open_current())
        self.tree.customContextMenuRequested.connect(self._show_menu)
        self.new_button = button(
            tr_marked(NEW), tr("Create a collection"), lambda: self.create_collection([]), "plus"
        )
        self.rename_action = self._action(tr("Rename…"), "F2", self.rename)
        self.delete_action = self._action(tr("Delete"), "Del", self.delete)
        self._read_soon = DelayedCall(self, self.read, _READ_MS)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 0, 8, 8)
        layout.setSpacing(4)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self.new_button)
        self.setMinimumWidth(130)
        library.items_added.connect(self._read_soon.request)
        library.items_changed.connect(self._read_soon.request)
        library.items_removed.connect(self._read_soon.request)
        library.items_reset.connect(self._read_soon.request)
        commands.ended.connect(self._read_soon.request)

    def _action(self, title: str, keys: str, call: Callable[[], None]) -> QAction:
        action = QAction(title, self.tree)
        action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda _checked=False: call())
        self.tree.addAction(action)
        return action

    def sizeHint(self) -> QSize:
        """Qt's override: as narrow as names allow."""
        return QSize(WIDTH, super().sizeHint().height())

    # What is shown
    # ----------------------------------------------------------------------

    def read(self) -> None:
        """Read names and counts."""
        library = self._library
        self._reads += 1
        background.run(
            self,
            lambda: read_content(library.index),
            functools.partial(self._on_content, self._reads),
            _ignore,
        )

    def _on_content(self, number: int, content: Content) -> None:
        if number < self._shown_read:  # a slow read from before the last change
            return
        self._shown_read = number
        if content == self._content:
            return
        self._content = content
        self.tree.clear()
        self.tree.add_row(None, Entry("all", tr("Everything")), content.total)
        favorites = Entry("all", tr("Favorites"), Query(favorite=True))
        self.tree.add_row(None, favorites, content.favorites)
        group = self.tree.add_row(None, Entry("group", tr("Collections")))
        for name, count in content.collections.items():
            entry = Entry("collection", name, Query(collection=name))
            self.tree.add_row(group, entry, count)
        if not content.collections:
            self.tree.add_row(group, Entry("group", tr("Drop items here")))
        if content.searches:
            group = self.tree.add_row(None, Entry("group", tr("Searches")))
        for name, query in content.searches.items():
            self.tree.add_row(group, Entry("search", name, query))
        self.tree.expandAll()
        self._select_row()

    def show_query(self, query: Query) -> None:
        """Select the row of what is shown, if there is one."""
        self._query = query
        self._select_row()

    def _select_row(self) -> None:
        found = next((one for one in self.tree.rows() if _is_of(one, self._query)), None)
        if found is not None:
            self.tree.setCurrentItem(found)
        else:
            self.tree.setCurrentIndex(QModelIndex())

    # Rows
    # ----------------------------------------------------------------------

    def _open_current(self) -> None:
        entry = self.tree.current_entry()
        if entry is not None and entry.kind != "group":
            self.query_requested.emit(entry.query)

    def _on_items_dropped(self, ids: list[int], entry: Entry) -> None:
        if entry.kind == "collection":
            self._commands.add_to_collection(ids, entry.name)
        elif entry.query.favorite:
            self._commands.set_favorite(ids, True)
        else:
            self.create_collection(ids)

    def create_collection(self, ids: list[int]) -> None:
        """Ask for the name of a collection and create it, with these items."""
        name = self._ask(tr_marked(NEW), "")
        if name and ids:
            self._commands.add_to_collection(ids, name)
        elif name:
            self._commands.create_collection(name)

    def rename(self) -> None:
        """Ask for another name of the collection or search."""
        entry = self.tree.current_entry()
        if entry is None or entry.kind not in ("collection", "search"):
            return
        name = self._ask(tr("Rename"), entry.name)
        if not name or name == entry.name:
            return
        if entry.kind == "collection":
            self._commands.rename_collection(entry.name, name, lambda: self._follow(entry, name))
        elif self._content is not None and name in self._content.searches:
            show_message(self, tr("Rename"), tr("There is already a search {name}.", name=name))
        else:
            self._commands.rename_search(entry.name, name, entry.query)

    def delete(self) -> None:
        """Delete the collection or search; the items stay."""
        entry = self.tree.current_entry()
        if entry is not None and entry.kind == "collection":
            self._commands.delete_collection(entry.name)
        elif entry is not None and entry.kind == "search":
            self._commands.delete_search(entry.name, entry.query)
        if entry is not None and self._query == entry.query and entry.kind == "collection":
            self.query_requested.emit(EVERYTHING)

    def _follow(self, entry: Entry, name: str) -> None:
        """Show a renamed collection under its new name."""
        if self._query == entry.query:
            self.query_requested.emit(Query(collection=name))

    def _ask(self, title: str, text: str) -> str:
        name, is_accepted = QInputDialog.getText(self, title, tr("Name:"), text=text)
        return collection_name(name) if is_accepted else ""

    def _show_menu(self, place: QPoint) -> None:
        entry = self.tree.current_entry()
        menu = QMenu(self)
        menu.aboutToHide.connect(menu.deleteLater)
        if entry is not None and entry.kind in ("collection", "search"):
            menu.addActions([self.rename_action, self.delete_action])
            menu.addSeparator()
        menu.addAction(tr("New collection…")).triggered.connect(
            functools.partial(self.create_collection, [])
        )
        menu.popup(self.tree.viewport().mapToGlobal(place))


class CollectionTree(QTreeWidget):
    """Rows with a count; takes items that are dragged from the grid."""

    items_dropped = Signal(object, object)
    """(list of ids, Entry that they were dropped on)."""
    drag_ended = Signal()
    """Another row than the one that is shown may be marked."""

    def __init__(self) -> None:
        super().__init__()
        name_control(
            self, tr("Collections"), tr("Click to show; drop items to add them; F2 renames")
        )
        self.setToolTip("")
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.viewport().setAutoFillBackground(False)
        self.setRootIsDecorated(False)
        self.setIndentation(12)
        self.setUniformRowHeights(True)
        self.setItemsExpandable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        self.setAcceptDrops(True)

    def add_row(
        self, parent: QTreeWidgetItem | None, entry: Entry, count: int | None = None
    ) -> QTreeWidgetItem:
        """Append a row."""
        shown = QTreeWidgetItem([entry.name, "" if count is None else f"{count:,}"])
        shown.setData(0, _ENTRY, entry)
        shown.setSizeHint(0, QSize(0, ROW_HEIGHT))
        shown.setToolTip(0, "" if entry.kind == "group" else entry.name.replace("<", "&lt;"))
        shown.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        muted = self.palette().placeholderText()
        shown.setForeground(1, muted)
        if entry.kind == "group":
            shown.setFlags(Qt.ItemFlag.ItemIsEnabled)  # its rows would be disabled with it
            shown.setForeground(0, muted)
        if parent is None:
            self.addTopLevelItem(shown)
        else:
            parent.addChild(shown)
        shown.setFirstColumnSpanned(count is None)  # else a long name ends where counts begin
        return shown

    def rows(self) -> list[QTreeWidgetItem]:
        """Return all rows, from the top."""
        found: list[QTreeWidgetItem] = []
        for place in range(self.topLevelItemCount()):
            if (top := self.topLevelItem(place)) is not None:
                parts = [top.child(number) for number in range(top.childCount())]
                found += [top, *(part for part in parts if part is not None)]
        return found

    def current_entry(self) -> Entry | None:
        """Return what the current row stands for."""
        return entry_of(self.currentItem())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept items of the library."""
        if event.mimeData().hasFormat(ITEMS_FORMAT):
            event.acceptProposedAction()
        else:
            event.ignore()  # files go to the page around it

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Mark the row under the mouse, if items can be dropped there."""
        below = self.itemAt(event.position().toPoint())
        entry = entry_of(below)
        if (
            below is None
            or entry is None
            or not (entry.kind in ("collection", "group") or entry.query.favorite)
        ):
            event.ignore()
            return
        self.setCurrentItem(below)
        event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Mark the row again that is shown."""
        event.accept()
        self.drag_ended.emit()

    def dropEvent(self, event: QDropEvent) -> None:
        """Report the items and the row."""
        self.drag_ended.emit()
        entry = entry_of(self.itemAt(event.position().toPoint()))
        if entry is not None:
            event.acceptProposedAction()
            self.items_dropped.emit(ids_in(event.mimeData()), entry)


def entry_of(shown: QTreeWidgetItem | None) -> Entry | None:
    """Return what a row stands for."""
    found = shown.data(0, _ENTRY) if shown is not None else None
    return found if isinstance(found, Entry) else None


def _is_of(shown: QTreeWidgetItem, query: Query) -> bool:
    entry = entry_of(shown)
    return entry is not None and entry.kind != "group" and entry.query == query
