"""The strip below a result: the latest results of the tab's kind, also of earlier sessions."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QSize, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QListView, QWidget

from studio.core.translation import tr
from studio.jobs.library.live_library import LiveLibrary
from studio.ui import background
from studio.ui.stage.result_delegate import ResultDelegate
from studio.ui.stage.result_item import ResultItem, StripSource, newest_first
from studio.ui.stage.result_model import ResultModel
from studio.ui.widgets.factory import name_control

LIMIT = 200
CELL = 64
SCROLL_BAR = 14


class Strip(QListView):
    """One row of results, the newest first; arrow keys step."""

    chosen = Signal(object)
    """ResultItem that the user wants to see."""
    filled = Signal()
    """The earlier results are listed."""

    def __init__(self, parent: QWidget, library: LiveLibrary) -> None:
        super().__init__(parent)
        self.results = ResultModel(self, by_job=False)
        self.setModel(self.results)
        self.setItemDelegate(ResultDelegate(self, library, QSize(CELL, CELL), titles=False))
        self.setViewMode(QListView.ViewMode.ListMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setProperty("role", "strip")
        self.setFixedHeight(CELL + SCROLL_BAR)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        name_control(
            self, tr("Latest results"), tr("The latest results; arrow keys show the next one")
        )
        self.selectionModel().currentChanged.connect(self._on_current_changed)
        self._is_marking = False
        self._has_room = self._is_offered = True
        self._added: list[ResultItem] = []
        """Results that were added while the earlier ones are being read."""
        self._removed: set[str] = set()
        """Paths of results that were removed while the earlier ones are being read."""
        self._reads = 0
        """Counts the calls of `fill`: only the last one's results are shown."""
        self.hide()

    def fill(self, source: StripSource, kind: str) -> None:
        """List earlier results, read in the background, with what changes meanwhile."""
        self._added.clear()
        self._removed.clear()
        self._reads += 1
        number = self._reads

        def show(items: list[ResultItem]) -> None:
            if number == self._reads:
                self._on_found(items)

        background.run(self, lambda: source.latest(kind, LIMIT), show)

    def _on_found(self, items: list[ResultItem]) -> None:
        merged = {
            item.path: item for item in (*items, *self._added) if item.path not in self._removed
        }
        found = sorted(merged.values(), key=newest_first)[:LIMIT]
        if found != self.results.items():
            self._is_marking = True
            self.results.set_items(found)
            self._is_marking = False
        self._show_if_needed()
        self.filled.emit()

    def add(self, items: list[ResultItem]) -> None:
        """Put new results at the beginning."""
        self._added.extend(items)
        self._removed.difference_update(item.path for item in items)
        self._is_marking = True
        self.results.insert_first(items, LIMIT)
        self._is_marking = False
        self._show_if_needed()

    def remove(self, path: str) -> None:
        """Remove a result."""
        self._removed.add(path)
        self._is_marking = True
        self.results.remove(path)
        self._is_marking = False
        self._show_if_needed()

    def mark(self, path: str) -> None:
        """Mark the result that is shown; none if the strip lacks it."""
        row = self.results.row_of(path)
        self._is_marking = True
        if row < 0:
            self.selectionModel().clear()
        elif row != self.currentIndex().row():
            index = self.results.index(row)
            flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.selectionModel().setCurrentIndex(index, flag)
        self._is_marking = False

    def step(self, by: int) -> bool:
        """Choose the next item to the right, or for a negative number to the left."""
        row = self.currentIndex().row() + by if self.currentIndex().isValid() else 0
        if not 0 <= row < self.results.rowCount():
            return False
        self.setCurrentIndex(self.results.index(row))
        return True

    @property
    def newest(self) -> ResultItem | None:
        """The newest result, or None."""
        return self.results.item(0) if self.results.rowCount() else None

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll to the side."""
        delta = event.angleDelta()
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - (delta.x() or delta.y()))
        event.accept()

    def _on_current_changed(self) -> None:
        index = self.currentIndex()
        if index.isValid() and not self._is_marking:
            self.chosen.emit(self.results.item(index.row()))

    def set_room(self, has_room: bool) -> None:
        """Hide the strip while there is no room for it."""
        self._has_room = has_room
        self._show_if_needed()

    def set_offered(self, is_offered: bool) -> None:
        """Hide the strip while another result cannot be shown."""
        self._is_offered = is_offered
        self._show_if_needed()

    def _show_if_needed(self) -> None:
        is_possible = self._has_room and self._is_offered
        self.setVisible(is_possible and self.results.rowCount() > 0)
