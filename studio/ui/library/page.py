"""The library as a page: search, filters, the items, and what to do if there are none."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from studio.core.translation import mark, tr, tr_marked, tr_plural
from studio.library.faults import explain, is_damaged, is_temporary
from studio.library.items import EVERYTHING, Item, Query
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.background import DelayedCall
from studio.ui.library import sidebar
from studio.ui.library.details import WIDTH, Details
from studio.ui.library.grid.library_view import ITEMS_FORMAT, LibraryView
from studio.ui.library.item_actions import ItemActions
from studio.ui.library.search_bar import SearchBar
from studio.ui.library.search_results import SearchResults
from studio.ui.widgets.factory import Notice, button, label, row

EMPTY = mark("Nothing here yet")
EMPTY_CURE = mark("Everything you make appears here, with its prompt and settings.")
NOT_FOUND = mark("Nothing found")
TRY_AGAIN_MS = 5_000
"""After another program kept the library locked."""
NOT_FOUND_CURE = mark("Try fewer words or filters.")


class LibraryPage(QWidget):
    """The whole library. `is_compact`: for a narrow dock."""

    open_requested = Signal(object)
    """Item: to be shown with its form and result."""

    def __init__(self, shared: AppState, *, is_compact: bool = False) -> None:
        super().__init__()
        self.shared = shared
        self.results = SearchResults(shared.library, self)
        self.view = LibraryView(self.results)
        self.bar = SearchBar(shared.library, is_compact=is_compact)
        self.notice = Notice()
        self._message = label("", "title")
        self._cure = label("", "muted")
        self.clear_button = button(
            tr("Clear filters"), tr("Show everything again"), self.bar.clear_filters
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self._make_message())
        self.item_actions = ItemActions(shared, self.view)
        self.details = None if is_compact else Details(shared)
        commands = self.item_actions.commands
        self.sidebar = None if is_compact else sidebar.Sidebar(shared.library, commands)
        self.status = label("", "muted")
        self._show_soon = DelayedCall(self, self._show_details)
        self._was_shown = False
        self._is_unread = False
        """True while the notice reports a library that cannot be read."""
        self._try_again = DelayedCall(self, self._read_again, TRY_AGAIN_MS)
        self._goal = 0
        """Id of the item to select when the search finds it."""
        self._goes_to_first = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addWidget(self.notice)
        layout.addWidget(self._with_details(), 1)
        layout.addWidget(row(self.status, None, margins=(12, 2, 12, 4)))
        self.setAcceptDrops(True)
        self._connect()

    def _with_details(self) -> QWidget:
        if self.details is None or self.sidebar is None:
            return self._stack
        splitter = QSplitter(Qt.Orientation.Horizontal)
        for part in (self.sidebar, self._stack, self.details):
            splitter.addWidget(part)
        splitter.setStretchFactor(1, 1)
        splitter.setCollapsible(1, False)
        splitter.setSizes([sidebar.WIDTH, 3 * WIDTH, WIDTH])
        self.sidebar.setVisible(self.shared.settings.library_sidebar)
        return splitter

    def _make_message(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.addStretch(1)
        for text in (self._message, self._cure):
            text.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(text)
        layout.addWidget(row(None, self.clear_button, None))
        layout.addStretch(2)
        return page

    def _connect(self) -> None:
        self.bar.query_changed.connect(self.search)
        self.bar.text.returnPressed.connect(self._on_search_entered)
        self.bar.mode_changed.connect(self.view.set_mode)
        self.bar.side_changed.connect(self.view.set_side)
        self.bar.added.connect(self._on_added)
        self.bar.failed.connect(self._on_failed)
        self.results.changed.connect(self._show_state)
        self.results.failed.connect(self._on_read_failed)
        self.view.opened.connect(self._on_opened)
        self.view.selection_changed.connect(self._on_selection_changed)
        self.results.items_loaded.connect(self._show_soon.request)
        self.results.changed.connect(self._show_status)
        self.item_actions.export_requested.connect(self._on_export_requested)
        self.item_actions.compare_requested.connect(self.compare)
        self.item_actions.query_requested.connect(self.show_query)
        if self.sidebar is not None:
            self.sidebar.query_requested.connect(self.show_query)
            self.bar.searches_changed.connect(self.sidebar.read)
            self.bar.sidebar_button.setChecked(not self.sidebar.isHidden())
            self.bar.sidebar_button.toggled.connect(self._on_sidebar_toggled)
        if self.details is not None:
            self.details.notes_changed.connect(self.item_actions.commands.set_notes)
            self.view.play_requested.connect(self.details.playback.toggle)
            self.details.item_requested.connect(self.go_to)
            self.details.open_requested.connect(self.open_requested)
        find = QShortcut(QKeySequence.StandardKey.Find, self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(self.focus_search)

    def showEvent(self, event: QShowEvent) -> None:
        """Read the library when it is shown for the first time."""
        super().showEvent(event)
        if not self._was_shown:
            self._was_shown = True
            self.search(self.bar.query)
            if self.sidebar is not None:
                self.sidebar.read()
            self.shared.library.write_soon(self.shared.library.catch_up)

    def search(self, query: Query) -> None:
        """Show what a search finds."""
        self.notice.clear()
        if self.sidebar is not None:
            self.sidebar.show_query(query)
        self.results.search(query)

    def _read_again(self) -> None:
        self.results.search(self.bar.query)

    def show_query(self, query: Query) -> None:
        """Show what a search finds, with its filters."""
        self.bar.set_query(query)

    def _on_sidebar_toggled(self, is_shown: bool) -> None:
        assert self.sidebar is not None
        self.sidebar.setVisible(is_shown)
        self.shared.change_settings(library_sidebar=is_shown)

    def focus_search(self) -> None:
        """Put the keyboard into the search box."""
        self.bar.text.setFocus()
        self.bar.text.selectAll()

    def _on_search_entered(self) -> None:
        """Go to the first match when the search is done, so that Return opens it."""
        self._goes_to_first = True
        self._show_state()

    def go_to(self, item_id: int) -> None:
        """Select an item, without filters if the search does not find it."""
        if self.results.position(item_id) >= 0:
            self.view.select(item_id)
            self.view.setFocus()
            return
        self._goal = item_id
        self.bar.clear_filters()

    def _on_selection_changed(self) -> None:
        """Show one item at once; of several, the last that a rectangle or a key selects."""
        self._show_status()
        if len(self.view.selection.ids) > 1:
            self._show_soon.request()
        else:
            self._show_details()

    def _show_status(self) -> None:
        """Show how many items there are or were found, and how many of them are selected."""
        count, chosen = len(self.results.ids), len(self.view.selection.ids)
        if chosen:
            text = tr("{chosen:,} of {count:,} selected", chosen=chosen, count=count)
        elif self.results.query == EVERYTHING:
            text = tr_plural("1 item", "{count:,} items", count)
        else:
            text = tr("{count:,} found", count=count)
        self.status.setText(text if self.results.is_complete else tr("Loading…"))

    def _show_details(self) -> None:
        if self.details is None:
            return
        if len(self.view.selection.ids) > 1:
            self.details.show_several(self.view.selected_ids())
            return
        item = self.view.current_item() if self.view.selection.ids else None
        if item != self.details.item or not item:
            self.details.show_item(item)

    def _on_export_requested(self, ids: list[int]) -> None:
        from studio.ui.library.export_dialog import ExportDialog  # imports numpy

        ExportDialog(self.shared, ids, self).open()

    def compare(self, items: list[Item]) -> None:
        """Compare two to nine items in a window of their own."""
        from studio.ui.library.compare.window import CompareWindow  # imports numpy

        window = CompareWindow(self.shared, items, self)
        window.chosen.connect(self._on_chosen)
        window.show()

    def _on_chosen(self, item_id: int, others: list[int], trashes_others: bool) -> None:
        self.item_actions.commands.set_favorite([item_id], True)
        if trashes_others:
            self.item_actions.commands.trash(others, lambda: self.view.select(item_id))

    def show_full_screen(self) -> None:
        """Show the selected video on the full screen."""
        if self.details is not None:
            self.details.playback.show_full_screen()

    def release_devices(self) -> None:
        """End decoders and close the audio device, before the window closes."""
        self.view.hover.close_player()
        if self.details is not None:
            self.details.playback.close_device()

    def _on_opened(self, item_id: int) -> None:
        item = self.results.item(item_id)
        if item is not None:
            self.open_requested.emit(item)

    def _on_added(self, count: int) -> None:
        added = tr_plural(
            "Added 1 file to the library", "Added {count:,} files to the library", count
        )
        self.shared.post_toast(added if count else tr("No new files found"))

    def _show_state(self) -> None:
        if self._is_unread:
            self._is_unread = False
            self.notice.clear()
        if self._goal and self.results.position(self._goal) >= 0:
            goal, self._goal = self._goal, 0
            self.view.select(goal)
        if self._goes_to_first and self.results.is_complete:
            self._goes_to_first = False
            if self.results.ids:
                self.view.select(self.results.ids[0])
                self.view.setFocus()
        is_empty = not self.results.ids and self.results.is_complete
        if is_empty:
            is_all = self.results.query == EVERYTHING
            self._message.setText(tr_marked(EMPTY) if is_all else tr_marked(NOT_FOUND))
            self._cure.setText(tr_marked(EMPTY_CURE) if is_all else tr_marked(NOT_FOUND_CURE))
            self.clear_button.setVisible(not is_all)
        self._stack.setCurrentIndex(1 if is_empty else 0)

    def _on_read_failed(self, error: Exception) -> None:
        self._is_unread = True
        self._on_failed(error)
        if is_temporary(error):
            self._try_again.request()

    def _on_failed(self, error: Exception) -> None:
        known = explain(error)
        cure = button(
            tr("Try again"), tr("Read the library again"), lambda: self.search(self.bar.query)
        )
        advice = known.cure
        if is_damaged(error):
            advice = tr("Studio reads your files again. Nothing is lost.")
            cure = button(
                tr("Build the index again"),
                tr("Read all files; this can take minutes"),
                self.rebuild,
            )
        self.notice.show_message(known.message, advice, [cure])

    def rebuild(self) -> None:
        """Build a damaged index again in the background, then search again."""
        self.notice.clear()
        library = self.shared.library
        background.run(
            self, library.rebuild, lambda _result: self.search(self.bar.query), self._on_failed
        )

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files and folders. Items that are dragged here from the library do nothing."""
        if event.mimeData().hasFormat(ITEMS_FORMAT):
            event.setDropAction(Qt.DropAction.IgnoreAction)
            event.accept()  # else the window would open them
        elif event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Add dropped files and folders where they lie."""
        if event.mimeData().hasFormat(ITEMS_FORMAT):
            return
        event.acceptProposedAction()
        urls = event.mimeData().urls()
        self.bar.add([Path(url.toLocalFile()) for url in urls if url.isLocalFile()])

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.view.update_colors()
