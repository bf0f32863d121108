"""The actions on selected items: context menu and keys of the library."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu

from studio.core.translation import tr, tr_plural
from studio.library.annotations import collection_name, split_names
from studio.library.items import MAX_RATING, Item, Query
from studio.ui import background
from studio.ui.app_state import AppState
from studio.ui.audio.transcribe import can_transcribe, transcribe
from studio.ui.desktop.folders import open_file, open_folder_of
from studio.ui.library.commands import LibraryCommands
from studio.ui.library.grid.library_view import LibraryView
from studio.ui.library.reuse import Reuse

MAX_COMPARED = 9
_MAX_COLLECTIONS = 30


class ItemActions(QObject):
    """Keys and menu for the items that a view has selected."""

    compare_requested = Signal(object)
    """list[Item], two to nine."""
    export_requested = Signal(object)
    """list[int]: ids."""
    query_requested = Signal(object)
    """Query to show."""

    def __init__(self, shared: AppState, view: LibraryView) -> None:
        super().__init__(view)
        self._shared = shared
        self._view = view
        self.commands = LibraryCommands(shared, self)
        self.reuse = Reuse(shared, self)
        self.actions: dict[str, QAction] = {}
        for stars in range(MAX_RATING + 1):
            title = tr_plural("1 star", "{count} stars", stars) if stars else tr("No rating")
            self._add(f"rate {stars}", title, str(stars), functools.partial(self.rate, stars))
        self._add("favorite", tr("Favorite"), "F", self.toggle_favorite)
        self._add("trash", tr("Move to trash"), "Del", self.trash)
        self._add("undo", tr("Undo"), "", self.commands.undo)  # the window has the shortcut
        self._add("copy", tr("Copy"), "Ctrl+C", self.copy_files)
        self._add("prompt", tr("Copy prompt"), "Ctrl+Shift+P", self.copy_prompt)
        self._add("rename", tr("Rename…"), "F2", self.rename)
        self._add("tag", tr("Tag…"), "T", self.tag)
        self._add("compare", tr("Compare"), "C", self.compare)
        view.menu_requested.connect(self.show_menu)

    def _add(self, key: str, title: str, shortcut: str, call: Callable[[], object]) -> None:
        action = QAction(title, self._view)
        action.setShortcut(QKeySequence(shortcut))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda _checked=False: call())
        self._view.addAction(action)
        self.actions[key] = action

    def _ids(self) -> list[int]:
        return self._view.selected_ids()

    def _items(self) -> list[Item]:
        found = (self._view.results.item(item_id) for item_id in self._ids())
        return [item for item in found if item is not None]

    # Actions
    # ----------------------------------------------------------------------

    def rate(self, stars: int) -> None:
        """Rate the selected items; 0 takes the rating away."""
        if self._ids():
            self.commands.rate(self._ids(), stars)

    def toggle_favorite(self) -> None:
        """Mark the selected items as favorites, or take the mark away if all have it."""
        items = self._items()
        if items:
            self.commands.set_favorite(self._ids(), not all(item.favorite for item in items))

    def trash(self) -> None:
        """Move the selected items to the trash; the next item becomes the current one."""
        ids = self._ids()
        if ids:
            following = self._view.id_after(ids)
            self.commands.trash(ids, lambda: self._view.select(following))

    def copy_files(self) -> None:
        """Copy the files, and the image or text itself if it is one."""
        items = self._items()
        if not items:
            return
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(item.path) for item in items])
        if len(items) == 1 and items[0].media == "text":
            self._copy_text(items[0], data)
        else:
            QGuiApplication.clipboard().setMimeData(data)

    def _copy_text(self, item: Item, data: QMimeData) -> None:
        library = self._shared.library

        def done(text: str) -> None:
            data.setText(text)
            QGuiApplication.clipboard().setMimeData(data)

        background.run(self, lambda: library.index.full_text(item.id), done)

    def copy_prompt(self) -> None:
        """Copy the prompts, one a line."""
        prompts = [item.prompt for item in self._items() if item.prompt]
        if prompts:
            QGuiApplication.clipboard().setText("\n".join(prompts))
            self._shared.post_toast(tr("Copied the prompt"))

    def rename(self) -> None:
        """Ask for another name of the current item's file."""
        item = self._view.current_item()
        if item is None:
            return
        name, is_accepted = QInputDialog.getText(
            self._view, tr("Rename"), tr("New name:"), text=Path(item.path).stem
        )
        if is_accepted and name.strip():
            self.commands.rename(item.id, name.strip())

    def tag(self) -> None:
        """Ask for tags of the selected items."""
        ids = self._ids()
        text, is_accepted = QInputDialog.getText(
            self._view, tr("Tag"), tr("Tags, separated by commas:")
        )
        tags = split_names(text)
        if ids and is_accepted and tags:
            self.commands.add_tags(ids, tags)

    def move(self) -> None:
        """Ask for a folder and move the files there."""
        folder = self._ask_for_folder(tr("Move to"))
        if folder is not None:
            self.commands.move(self._ids(), folder)

    def copy_to(self) -> None:
        """Ask for a folder and copy the files there."""
        folder = self._ask_for_folder(tr("Copy to"))
        if folder is not None:
            self.commands.copy(self._ids(), folder)

    def _ask_for_folder(self, title: str) -> Path | None:
        start = str(Path(self._items()[0].path).parent) if self._items() else ""
        name = QFileDialog.getExistingDirectory(self._view, title, start)
        return Path(name) if name else None

    def new_collection(self) -> None:
        """Ask for the name of a collection and add the selected items to it."""
        ids = self._ids()
        name, is_accepted = QInputDialog.getText(self._view, tr("New collection"), tr("Name:"))
        if ids and is_accepted and name.strip():
            self.commands.add_to_collection(ids, collection_name(name))

    def compare(self) -> None:
        """Compare two to nine items of the same medium."""
        items = self._items()
        if not 2 <= len(items) <= MAX_COMPARED or len({item.media for item in items}) > 1:
            self._shared.post_toast(
                tr("Select two to nine images, texts, audio files or videos to compare")
            )
        else:
            self.compare_requested.emit(items)

    # Menu
    # ----------------------------------------------------------------------

    def show_menu(self, place: QPoint) -> None:
        """Show the menu of the selected items, with the collections."""
        library = self._shared.library
        background.run(
            self,
            lambda: library.index.collections(),
            lambda found: self._popup(place, list(found)),
        )

    def _popup(self, place: QPoint, collections: list[str]) -> None:
        items = self._items()
        if not items:
            return
        menu = QMenu(self._view)
        menu.aboutToHide.connect(menu.deleteLater)
        if len(items) == 1:
            _add(menu, tr("Open"), lambda: self._view.opened.emit(items[0].id))
            self.reuse.add_menus(menu, items[0])
            _add(menu, tr("Show what was made from this"), lambda: self._show_children(items[0]))
            menu.addSeparator()
        else:
            menu.addAction(self.actions["compare"])
        recordings = [item for item in items if can_transcribe(item)]
        if recordings:
            _add(menu, tr("Transcribe"), lambda: transcribe(self._shared, recordings))
        self._add_notes(menu, collections)
        menu.addSeparator()
        for key in ("copy", "prompt"):
            menu.addAction(self.actions[key])
        self._add_file_actions(menu, items)
        menu.addSeparator()
        undo = self.commands.undo_title
        self.actions["undo"].setText(tr("Undo {step}", step=undo) if undo else tr("Undo"))
        menu.addAction(self.actions["undo"])
        menu.addAction(self.actions["trash"])
        menu.popup(place)

    def _add_notes(self, menu: QMenu, collections: list[str]) -> None:
        ratings = menu.addMenu(tr("Rating"))
        for stars in range(MAX_RATING, -1, -1):
            ratings.addAction(self.actions[f"rate {stars}"])
        menu.addAction(self.actions["favorite"])
        menu.addAction(self.actions["tag"])
        chosen = menu.addMenu(tr("Add to collection"))
        for name in collections[:_MAX_COLLECTIONS]:
            _add(chosen, name, functools.partial(self._collect, name))
        _add(chosen, tr("New collection…"), self.new_collection)

    def _collect(self, name: str) -> None:
        self.commands.add_to_collection(self._ids(), name)

    def _add_file_actions(self, menu: QMenu, items: list[Item]) -> None:
        if len(items) == 1:
            menu.addAction(self.actions["rename"])
        _add(menu, tr("Move to…"), self.move)
        _add(menu, tr("Copy to…"), self.copy_to)
        _add(menu, tr("Export…"), lambda: self.export_requested.emit(self._ids()))
        if len(items) == 1:
            path = Path(items[0].path)
            _add(menu, tr("Open in another program"), lambda: open_file(path))
            _add(menu, tr("Open folder"), lambda: open_folder_of(path))

    def _show_children(self, item: Item) -> None:
        self.query_requested.emit(Query(made_from=item.sha256))


def _add(menu: QMenu, title: str, call: Callable[[], object]) -> None:
    menu.addAction(title.replace("&", "&&")).triggered.connect(lambda _checked=False: call())
