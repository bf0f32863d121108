"""The library's search box, filters, saved searches and view options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QInputDialog,
    QMenu,
    QPushButton,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.core.translation import tr
from studio.jobs.library.live_library import LiveLibrary
from studio.library.items import EVERYTHING, Query
from studio.ui import background
from studio.ui.background import DelayedCall
from studio.ui.library.filter_menu import Facets, filter_menu, read_facets
from studio.ui.library.filters import Chip, chips_of, without_filters
from studio.ui.library.grid.item_view import SIDES, Mode
from studio.ui.widgets.factory import button, label, name_control, row, search_field
from studio.ui.widgets.icons import set_icon

SEARCH_MS = 80
MAX_CHIPS = 6
_CHIP_CHARACTERS = 32


class SearchBar(QWidget):
    """Changes `query`; the page searches."""

    query_changed = Signal(object)
    """Query."""
    mode_changed = Signal(str)
    side_changed = Signal(int)
    added = Signal(int)
    """Number of files that were added to the library."""
    searches_changed = Signal()
    """Another search is saved, or one is deleted."""
    failed = Signal(object)
    """The Exception of a read or write of the library."""

    def __init__(self, library: LiveLibrary, *, is_compact: bool = False) -> None:
        super().__init__()
        self._library = library
        self.query = EVERYTHING
        self.text = search_field(
            tr("Search the library"),
            tr("Search prompts, texts, models and file names (Ctrl+F)"),
            tr("Search…") if is_compact else tr("Search prompts, texts, models and file names"),
        )
        self._search_soon = DelayedCall(self, self._on_text_settled, SEARCH_MS)
        self.text.textChanged.connect(self._on_text_changed)
        self.text.returnPressed.connect(self._on_text_settled)
        self.filter_button = button(
            tr("Filter"), tr("Choose what to show"), self.show_filters, "filter"
        )
        self.saved_button = button(
            tr("Searches"), tr("Save or open a search"), self.show_saved, "star"
        )
        self.more_button = button(tr("Add"), tr("Add folders and files"), self.show_more, "plus")
        self.sidebar_button = QToolButton()
        self.sidebar_button.setCheckable(True)
        set_icon(self.sidebar_button, "sidebar")
        name_control(
            self.sidebar_button, tr("Collections"), tr("Show or hide collections and searches")
        )
        self.count = label("", "muted")
        self.count.setVisible(False)
        library.scanning.connect(self._on_scanning)
        self.slider = self._make_slider()
        self.modes = QButtonGroup(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 4)
        layout.setSpacing(6)
        modes = [
            self._mode_button("grid", "library", tr("Grid"), tr("Show a grid")),
            self._mode_button("list", "list", tr("List"), tr("Show a list")),
        ]
        first: list[QWidget] = [self.text, self.filter_button]
        if not is_compact:
            first = [self.sidebar_button, *first, self.saved_button, self.more_button, self.slider]
        layout.addWidget(row(*first, *modes))
        layout.addWidget(self.count)
        self._chips = row()
        layout.addWidget(self._chips)
        self._chips.hide()

    def _make_slider(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, len(SIDES) - 1)
        slider.setValue(2)
        slider.setPageStep(1)
        slider.setFixedWidth(110)
        name_control(slider, tr("Size"), tr("Size of the thumbnails"))
        slider.valueChanged.connect(lambda step: self.side_changed.emit(SIDES[step]))
        return slider

    def _mode_button(self, mode: Mode, icon_name: str, name: str, tip: str) -> QToolButton:
        choice = QToolButton()
        set_icon(choice, icon_name)
        name_control(choice, name, tip)
        choice.setCheckable(True)
        choice.setChecked(mode == "grid")
        choice.clicked.connect(lambda _checked=False: self.mode_changed.emit(mode))
        choice.clicked.connect(lambda: self.slider.setEnabled(mode == "grid"))
        self.modes.addButton(choice)
        return choice

    # Text and filters
    # ----------------------------------------------------------------------

    def set_query(self, query: Query) -> None:
        """Search for something else."""
        self.query = query
        if self.text.text().strip() != query.text:
            self.text.blockSignals(True)
            self.text.setText(query.text)
            self.text.blockSignals(False)
        self._show_chips()
        self.query_changed.emit(query)

    def clear_filters(self) -> None:
        """Search for everything."""
        self.set_query(EVERYTHING)

    def _on_text_changed(self) -> None:
        self._search_soon.stop()
        self._search_soon.request()

    def _on_text_settled(self) -> None:
        text = self.text.text().strip()
        if text != self.query.text:
            self.set_query(msgspec.structs.replace(self.query, text=text))

    def show_filters(self) -> None:
        """Show the menu of filters, when the items are counted."""
        library, query = self._library, self.query
        self._read(lambda: read_facets(library.index, query), self._on_facets)

    def _on_facets(self, facets: Facets) -> None:
        self._popup(filter_menu(self, self.query, facets, self.set_query), self.filter_button)

    def _popup(self, menu: QMenu, below: QPushButton) -> None:
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(below.mapToGlobal(QPoint(0, below.height())))

    def _show_chips(self) -> None:
        old = self._chips
        chips = chips_of(self.query)
        buttons: list[QWidget | None] = [self._chip_button(chip) for chip in chips[:MAX_CHIPS]]
        if len(chips) > MAX_CHIPS:
            buttons.append(label(f"+{len(chips) - MAX_CHIPS}", "muted"))
        if len(chips) > 1:
            rest = without_filters(self.query)
            clear = button(tr("Clear all"), tr("Remove all filters"), lambda: self.set_query(rest))
            buttons.append(clear)
        self._chips = row(*buttons, None)
        layout = self.layout()
        assert layout is not None
        layout.replaceWidget(old, self._chips)
        old.hide()
        old.deleteLater()
        self._chips.setVisible(bool(chips))

    def _chip_button(self, chip: Chip) -> QPushButton:
        title = chip.title
        shown = title if len(title) <= _CHIP_CHARACTERS else f"{title[:_CHIP_CHARACTERS]}…"
        return button(
            f"{shown.replace('&', '&&')}  ✕",
            tr("Remove the filter {filter}", filter=title),
            lambda: self.set_query(chip.rest),
        )

    # Folders and files
    # ----------------------------------------------------------------------

    def show_more(self) -> None:
        """Show the menu of folders and files to add."""
        menu = QMenu(self)
        menu.addAction(tr("Add folder…")).triggered.connect(
            lambda _checked=False: self._ask_folder()
        )
        menu.addAction(tr("Add files…")).triggered.connect(lambda _checked=False: self._ask_files())
        menu.addSeparator()
        rebuild = menu.addAction(tr("Build the index again"))
        rebuild.triggered.connect(lambda _checked=False: self.rebuild())
        self._popup(menu, self.more_button)

    def _ask_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, tr("Add folder"))
        if name:
            self.add([Path(name)])

    def _ask_files(self) -> None:
        names, _filter = QFileDialog.getOpenFileNames(self, tr("Add files"))
        self.add([Path(name) for name in names])

    def add(self, paths: list[Path]) -> None:
        """Add files where they lie, and watch folders."""
        library = self._library

        def work() -> int:
            folders = [path for path in paths if path.is_dir()]
            added = sum(library.add_folder(folder).added for folder in folders)
            return added + library.add_files(path for path in paths if path not in folders)

        if paths:
            self._read(work, self.added.emit)

    def rebuild(self) -> None:
        """Build the index again from the files, in the background."""
        library = self._library
        self._read(library.rebuild, lambda _result: None)

    def _on_scanning(self, text: str) -> None:
        self.count.setText(text)
        self.count.setVisible(bool(text))

    # Saved searches
    # ----------------------------------------------------------------------

    def show_saved(self) -> None:
        """Show the menu of saved searches."""
        library = self._library
        self._read(lambda: library.index.saved_searches(), self._on_saved_searches)

    def _on_saved_searches(self, saved: dict[str, Query]) -> None:
        menu = QMenu(self)
        for name, query in saved.items():
            menu.addAction(name.replace("&", "&&")).triggered.connect(self._opener(query))
        menu.addSeparator()
        save = menu.addAction(tr("Save this search…"))
        save.setEnabled(self.query != EVERYTHING)
        save.triggered.connect(lambda _checked=False: self.save_search())
        delete = menu.addMenu(tr("Delete"))
        delete.setEnabled(bool(saved))
        for name in saved:
            delete.addAction(name.replace("&", "&&")).triggered.connect(self._storer(name, None))
        self._popup(menu, self.saved_button)

    def _opener(self, query: Query) -> Callable[[], None]:
        return lambda: self.set_query(query)

    def _storer(self, name: str, query: Query | None) -> Callable[[], None]:
        library = self._library
        return lambda: self._read(
            lambda: library.library.save_search(name, query), lambda _: self.searches_changed.emit()
        )

    def save_search(self) -> None:
        """Ask for a name and save the search."""
        name, is_accepted = QInputDialog.getText(
            self, tr("Save this search"), tr("Name:"), text=self.query.text
        )
        if is_accepted and name.strip():
            self._storer(name.strip(), self.query)()

    def _read(self, work: Callable[[], object], done: Callable[..., None]) -> None:
        background.run(self, work, done, self.failed.emit)
