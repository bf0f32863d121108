"""Mouse and keyboard of the library's grid and list."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPoint, QRect, Qt, QUrl, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDrag,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
)
from PySide6.QtWidgets import QApplication

from studio.core.translation import mark, tr, tr_marked
from studio.library.items import Item
from studio.ui.library.grid import accessible
from studio.ui.library.grid.item_view import ItemView
from studio.ui.library.grid.layouts import HEADING_HEIGHT
from studio.ui.library.grid.painters import describe
from studio.ui.library.grid.rubber_band import RubberBand
from studio.ui.library.search_results import SearchResults
from studio.ui.widgets.factory import name_control

ITEMS_FORMAT = "application/x-studio-items"
"""Of dragged items: their ids with commas between them, next to the URLs of their files."""
_MAX_DRAGGED = 500
_CONTROL = Qt.KeyboardModifier.ControlModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_NAVIGATION = {
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
}
TIP = mark(
    "Arrows move, Shift and Ctrl select several, Return opens, Space plays, 1 to 5 rate, F marks a "
    "favorite, Delete moves to the trash"
)


def ids_in(data: QMimeData) -> list[int]:
    """Return the ids of items that are dragged from a library of this window."""
    parts = bytes(data.data(ITEMS_FORMAT).data()).decode("ascii", "ignore").split(",")
    return [int(part) for part in parts if part.lstrip("-").isdigit()]


class LibraryView(ItemView):
    """Selects items with mouse and keyboard, opens them and drags their files out."""

    opened = Signal(object)
    """Id of an item that was double-clicked, or that Return was pressed on."""
    selection_changed = Signal()
    """Also if only the current item changed."""
    play_requested = Signal()
    """Space: play or pause the current item."""
    menu_requested = Signal(QPoint)
    """Global position of the context menu for the selection."""

    def __init__(self, results: SearchResults) -> None:
        super().__init__(results)
        self._pressed = QPoint(-1, -1)
        self._collapses = 0
        """Id that a click without a drag selects alone; 0 for none."""
        self._band = RubberBand(self)
        self._band.changed.connect(self._on_band_changed)
        self._before_band: set[int] = set()
        self._band_toggles = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        name_control(self, tr("Library"), tr_marked(TIP))
        self.setToolTip("")

    # Selection
    # ----------------------------------------------------------------------

    def selected_ids(self) -> list[int]:
        """Return the selected ids in the order of the view."""
        chosen = self.selection.ids
        if len(chosen) == 1:
            return list(chosen)
        return [item_id for item_id in self._ids if item_id in chosen]

    def current_item(self) -> Item | None:
        """Return the item that the keyboard acts on."""
        return self.results.item(self.selection.current)

    def id_after(self, ids: list[int]) -> int:
        """Return the item that follows these, or the one before them; 0 for none."""
        last = self.results.position(ids[-1])
        if last + 1 < len(self._ids):
            return self._ids[last + 1]
        first = self.results.position(ids[0])
        return self._ids[first - 1] if first > 0 else 0

    def select(self, item_id: int) -> None:
        """Select one item and scroll to it."""
        place = self.results.position(item_id) if item_id else -1
        if place >= 0:
            self.selection.select_only(item_id)
            self.scroll_to(place)
            self._report_selection()

    def select_all(self) -> None:
        """Select everything that the search found."""
        self.selection.select_all(self._ids)
        self._report_selection()

    def scroll_to(self, index: int) -> None:
        """Scroll as little as possible to show an item."""
        rect, bar = self._layout.rect(index), self.verticalScrollBar()
        if rect.top() - HEADING_HEIGHT < bar.value():
            bar.setValue(rect.top() - HEADING_HEIGHT)
        elif rect.bottom() > bar.value() + self.viewport().height():
            bar.setValue(rect.bottom() - self.viewport().height() + self._layout.step // 8)

    def _report_selection(self) -> None:
        self.viewport().update()
        self._describe_current()
        self.selection_changed.emit()

    def _describe_current(self) -> None:
        item = self.current_item()
        parts = [describe(item) if item is not None else tr_marked(TIP)]
        chosen, count = len(self.selection.ids), len(self._ids)
        if chosen > 1:
            parts.append(tr("{chosen:,} of {count:,} selected", chosen=chosen, count=count))
        self.setAccessibleDescription(", ".join(parts))
        accessible.announce_selection(self)

    def _on_ids_changed(self) -> None:
        super()._on_ids_changed()
        if self.results.is_complete and self.selection.keep_only(self._ids):
            self._report_selection()

    # Keyboard
    # ----------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move, select and open."""
        key, modifiers = Qt.Key(event.key()), event.modifiers()
        if key in _NAVIGATION:
            self._move(key, modifiers)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not modifiers & _CONTROL:
            self._open_current()
        elif key == Qt.Key.Key_Space and modifiers & _CONTROL and self.selection.current:
            self.selection.toggle(self.selection.current)
            self._report_selection()
        elif key == Qt.Key.Key_Space and self.selection.ids:
            self.play_requested.emit()
        elif key == Qt.Key.Key_A and modifiers & _CONTROL:
            self.select_all()
        elif key == Qt.Key.Key_Escape and self.selection.ids:
            self.selection.clear()
            self._report_selection()
        else:
            event.ignore()

    def _open_current(self) -> None:
        if self.selection.current:
            self.opened.emit(self.selection.current)

    def _move(self, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> None:
        if not self._ids:
            return
        place = self.results.position(self.selection.current) if self.selection.current else -1
        target = 0 if place < 0 and key != Qt.Key.Key_End else self._target(key, place)
        item_id = self._ids[target]
        if modifiers & _SHIFT:
            anchor = self.results.position(self.selection.anchor or item_id)
            adds = bool(modifiers & _CONTROL)
            self.selection.extend_to(item_id, self._ids, (max(0, anchor), target), adds=adds)
        elif modifiers & _CONTROL:
            self.selection.move_to(item_id)
        else:
            self.selection.select_only(item_id)
        self.scroll_to(target)
        self._report_selection()

    def _target(self, key: Qt.Key, place: int) -> int:
        """Return the index that a key moves to from `place`."""
        layout, last = self._layout, len(self._ids) - 1
        if key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            lines = max(1, self.viewport().height() // layout.step)
            move = layout.above if key == Qt.Key.Key_PageUp else layout.below
            for _line in range(lines):
                place = move(place)
            return place
        targets = {
            Qt.Key.Key_Left: max(0, place - 1),
            Qt.Key.Key_Right: min(last, place + 1),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if key in targets:
            return targets[key]
        return layout.above(place) if key == Qt.Key.Key_Up else layout.below(place)

    # Mouse
    # ----------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Select; a click on a selected item keeps the selection for a drag."""
        self._pressed = event.position().toPoint()
        self._collapses = 0
        index = self.index_at(self._pressed)
        if event.button() == Qt.MouseButton.MiddleButton:
            return
        if index < 0:
            if not event.modifiers() & (_CONTROL | _SHIFT):
                self.selection.clear()
            if event.button() == Qt.MouseButton.LeftButton:
                self._start_band(event.modifiers())
        else:
            self._click(index, event.modifiers())
        self._report_selection()

    def _click(self, index: int, modifiers: Qt.KeyboardModifier) -> None:
        item_id = self._ids[index]
        if modifiers & _SHIFT:
            anchor = self.results.position(self.selection.anchor or item_id)
            adds = bool(modifiers & _CONTROL)
            self.selection.extend_to(item_id, self._ids, (max(0, anchor), index), adds=adds)
        elif modifiers & _CONTROL:
            self.selection.toggle(item_id)
        elif item_id in self.selection.ids:
            self.selection.move_to(item_id)
            self._collapses = item_id
        else:
            self.selection.select_only(item_id)

    def _start_band(self, modifiers: Qt.KeyboardModifier) -> None:
        self._before_band = set(self.selection.ids)
        self._band_toggles = bool(modifiers & _CONTROL)
        self._band.start(self._pressed)

    def _on_band_changed(self, area: QRect) -> None:
        band = [
            item_id
            for places in self._layout.touching(area)
            for item_id in self._ids[places.start : places.stop]
        ]
        self.selection.select_band(self._before_band, band, toggles=self._band_toggles)
        self._report_selection()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Select the clicked item alone, if it was one of several and no drag began."""
        self._band.stop()
        if self._collapses and event.button() == Qt.MouseButton.LeftButton:
            self.selection.select_only(self._collapses)
            self._collapses = 0
            self._report_selection()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open the item."""
        index = self.index_at(event.position().toPoint())
        if index >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.opened.emit(self._ids[index])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the files of the selected items, or select those in a rectangle."""
        if self._band.is_active:
            self._band.move_mouse(event.position().toPoint())
            return
        distance = (event.position().toPoint() - self._pressed).manhattanLength()
        is_drag = distance >= QApplication.startDragDistance()
        is_pressed = bool(event.buttons() & Qt.MouseButton.LeftButton)
        if is_drag and is_pressed and self.index_at(self._pressed) >= 0:
            self._collapses = 0
            self._drag()

    def _drag(self) -> None:
        items = [self.results.item(item_id) for item_id in self.selected_ids()[:_MAX_DRAGGED]]
        paths = [item.path for item in items if item is not None and not item.missing]
        if not paths:
            return
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(path) for path in paths])
        data.setData(ITEMS_FORMAT, ",".join(map(str, self.selected_ids())).encode())
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.CopyAction)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu at the mouse, or at the current item for the menu key."""
        place = event.globalPos()
        if event.reason() is QContextMenuEvent.Reason.Keyboard and self.selection.current:
            index = self.results.position(self.selection.current)
            place = self.viewport().mapToGlobal(self.rect_in_view(index).center())
        if self.selection.ids:
            self.menu_requested.emit(place)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show which item is the current one."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the mark of the current item."""
        super().focusOutEvent(event)
        self.viewport().update()


accessible.install()
