"""What a screen reader sees of the library: a list whose items have names and states."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, QRect
from PySide6.QtGui import QAccessible, QAccessibleEvent, QAccessibleInterface, QWindow
from shiboken6 import isValid

from studio.core.translation import tr
from studio.ui.library.grid.item_view import ItemView
from studio.ui.library.grid.painters import describe

_MAX_KNOWN = 5_000
"""Interfaces of items that are kept; a screen reader asks for those in view."""


class ItemInterface(QAccessibleInterface):
    """One item. Keeps its id, because its place changes with the search."""

    def __init__(self, grid: GridInterface, item_id: int) -> None:
        super().__init__()
        self._grid = grid
        self.item_id = item_id

    def isValid(self) -> bool:
        """Return False for an item that the search no longer finds."""
        return self._grid.isValid() and self.index >= 0

    @property
    def index(self) -> int:
        """Place in the view, or -1."""
        return self._grid.view.results.position(self.item_id)

    def object(self) -> QObject | None:  # type: ignore[override]
        """Return None: an item is no QObject."""
        return None

    def window(self) -> QWindow | None:  # type: ignore[override]
        """Return the window of the view."""
        return self._grid.window()

    def parent(self) -> QAccessibleInterface:
        """Return the list."""
        return self._grid

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        """Return None: an item has no parts."""
        return None

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        """Return None: an item has no parts."""
        return None

    def childCount(self) -> int:
        """Return 0."""
        return 0

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        """Return -1."""
        return -1

    def rect(self) -> QRect:
        """Return the place on the screen."""
        view = self._grid.view
        if not self.isValid():
            return QRect()
        place = view.rect_in_view(self.index)
        return QRect(view.viewport().mapToGlobal(place.topLeft()), place.size())

    def role(self) -> QAccessible.Role:
        """Return the role of an item of a list."""
        return QAccessible.Role.ListItem

    def state(self) -> QAccessible.State:
        """Return whether it is selected, current and in view."""
        view = self._grid.view
        state = QAccessible.State()
        if not self.isValid():
            state.invalid = 1
            return state
        state.selectable = state.extSelectable = state.focusable = 1
        is_current = view.selection.current == self.item_id and view.hasFocus()
        state.selected = int(self.item_id in view.selection.ids)
        state.focused = int(is_current)
        is_seen = view.viewport().rect().intersects(view.rect_in_view(self.index))
        state.offscreen = int(not is_seen)
        return state

    def text(self, kind: QAccessible.Text) -> str:
        """Return kind, title, date and rating as the name."""
        item = self._grid.view.results.item(self.item_id)
        if kind is not QAccessible.Text.Name or not self.isValid():
            return ""
        return describe(item) if item is not None else tr("Loading")

    def setText(self, kind: QAccessible.Text, text: str) -> None:
        """Do nothing: the name cannot be changed here."""


class GridInterface(QAccessibleInterface):
    """The list of all items that the search found, which the view shows as a grid or rows."""

    def __init__(self, view: ItemView) -> None:
        super().__init__()
        self.view = view
        self._children: dict[int, ItemInterface] = {}
        view.destroyed.connect(self._forget)

    def isValid(self) -> bool:
        """Return False when the view is deleted."""
        return isValid(self.view)

    def object(self) -> QObject:
        """Return the view."""
        return self.view

    def window(self) -> QWindow | None:  # type: ignore[override]
        """Return the window of the view."""
        return self.view.window().windowHandle()

    def parent(self) -> QAccessibleInterface:
        """Return the widget around the view."""
        return QAccessible.queryAccessibleInterface(self.view.parentWidget() or self.view.window())

    def child(self, index: int) -> QAccessibleInterface | None:  # type: ignore[override]
        """Return the item at a place."""
        ids = self.view.results.ids
        if not 0 <= index < len(ids):
            return None
        found = self._children.get(ids[index])
        if found is None:
            if len(self._children) >= _MAX_KNOWN:
                self._forget()
            found = self._children[ids[index]] = ItemInterface(self, ids[index])
        return found

    def _forget(self) -> None:
        """Delete the items' interfaces, which Qt may have registered, in the right order."""
        children, self._children = self._children, {}
        for child in children.values():
            QAccessible.deleteAccessibleInterface(QAccessible.uniqueId(child))

    def childAt(self, x: int, y: int) -> QAccessibleInterface | None:  # type: ignore[override]
        """Return the item at a point of the screen."""
        return self.child(self.view.index_at(self.view.viewport().mapFromGlobal(QPoint(x, y))))

    def focusChild(self) -> QAccessibleInterface | None:  # type: ignore[override]
        """Return the item that the keyboard acts on."""
        return self.child(self.view.results.position(self.view.selection.current))

    def childCount(self) -> int:
        """Return the number of items."""
        return len(self.view.results.ids)

    def indexOfChild(self, child: QAccessibleInterface) -> int:
        """Return the place of an item."""
        return child.index if isinstance(child, ItemInterface) else -1

    def rect(self) -> QRect:
        """Return the place on the screen."""
        return QRect(self.view.mapToGlobal(QPoint()), self.view.size())

    def role(self) -> QAccessible.Role:
        """Return the role of a list."""
        return QAccessible.Role.List

    def state(self) -> QAccessible.State:
        """Return that several items can be selected."""
        state = QAccessible.State()
        state.focusable = state.extSelectable = 1
        state.multiSelectable = 1
        state.focused = int(self.view.hasFocus())
        state.invisible = int(not self.view.isVisible())
        return state

    def text(self, kind: QAccessible.Text) -> str:
        """Return the name of the list, and its keys as the description."""
        if kind is QAccessible.Text.Name:
            return self.view.accessibleName()
        if kind is QAccessible.Text.Description:
            return self.view.accessibleDescription()
        return ""

    def setText(self, kind: QAccessible.Text, text: str) -> None:
        """Do nothing: the name cannot be changed here."""


def announce_selection(view: ItemView) -> None:
    """Report the current item and the selection to a screen reader, if one runs."""
    if not QAccessible.isActive():
        return
    place = view.results.position(view.selection.current)
    for kind in (QAccessible.Event.Focus, QAccessible.Event.Selection):
        if place >= 0 and (kind is QAccessible.Event.Focus or len(view.selection.ids) == 1):
            event = QAccessibleEvent(view, kind)
            event.setChild(place)
            QAccessible.updateAccessibility(event)
    if len(view.selection.ids) != 1:
        QAccessible.updateAccessibility(QAccessibleEvent(view, QAccessible.Event.SelectionWithin))
    QAccessible.updateAccessibility(QAccessibleEvent(view, QAccessible.Event.DescriptionChanged))


def install() -> None:
    """Let Qt make these interfaces for views of the library. Once."""
    QAccessible.installFactory(_make_interface)


def _make_interface(_key: str, thing: QObject | None) -> QAccessibleInterface | None:
    if not isinstance(thing, ItemView):
        return None
    thing.accessible = GridInterface(thing)  # keeps it as long as the view
    return thing.accessible
