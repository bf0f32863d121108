"""The command palette: one field that finds every action, model, preset, setting and result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    QTimer,
)
from PySide6.QtGui import QKeyEvent, QKeySequence, QPainter, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from studio.core.translation import tr
from studio.ui import background
from studio.ui.help.matching import MAX_RESULTS, Entry, Provider, rank
from studio.ui.widgets.factory import label, name_control, search_field

SIZE = (640, 420)
TOP = 60
"""Below the window's top edge."""
ROW_MARGIN = 16
_Index = QModelIndex | QPersistentModelIndex
_GROUP, _KEYS = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


class EntryList(QAbstractListModel):
    """The entries that match, best first."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.entries: list[Entry] = []

    def replace(self, entries: list[Entry]) -> None:
        """Show other entries."""
        self.beginResetModel()
        self.entries = entries
        self.endResetModel()

    def rowCount(self, parent: _Index | None = None) -> int:
        """Return the number of entries."""
        return 0 if parent is not None and parent.isValid() else len(self.entries)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return title, group, shortcut, or all of them for a screen reader."""
        entry = self.entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.title
        if role == _GROUP:
            return entry.group
        if role == _KEYS:
            return QKeySequence(entry.shortcut).toString(QKeySequence.SequenceFormat.NativeText)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(filter(None, (entry.title, entry.group, entry.shortcut)))
        return None


class EntryDelegate(QStyledItemDelegate):
    """Paints the title on the left, group and shortcut on the right."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """Return the height of a row."""
        return QSize(100, option.fontMetrics.height() + ROW_MARGIN)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Paint a row, with a title that is cut where it meets the group."""
        rect = option.rect
        palette: QPalette = option.palette
        metrics = option.fontMetrics
        is_chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if is_chosen:
            painter.fillRect(rect, palette.highlight())
        text = palette.highlightedText() if is_chosen else palette.text()
        muted = text if is_chosen else palette.placeholderText()
        inner = rect.adjusted(12, 0, -12, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(muted.color())
        right = "    ".join(filter(None, (index.data(_GROUP), index.data(_KEYS))))
        painter.drawText(inner, middle | Qt.AlignmentFlag.AlignRight, right)
        painter.setPen(text.color())
        left = inner.adjusted(0, 0, -metrics.horizontalAdvance(right) - 24, 0)
        title = metrics.elidedText(
            index.data().replace("\n", " "), Qt.TextElideMode.ElideRight, left.width()
        )
        painter.drawText(left, middle | Qt.AlignmentFlag.AlignLeft, title)


class Palette(QDialog):
    """Finds entries while the user types. Return runs the selected one, Esc closes."""

    def __init__(self, providers: Sequence[Provider], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Dialog | Qt.WindowType.FramelessWindowHint)
        self._providers = list(providers)
        self._is_searching = False
        self._window = parent
        self.setWindowTitle(tr("Command palette"))
        self.search = search_field(
            tr("Command"),
            tr("Type what you want to do; arrows choose, Return runs"),
            tr("Type a command"),
        )
        self.model = EntryList(self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(EntryDelegate(self))
        self.list.setUniformItemSizes(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys go to the field
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        name_control(self.list, tr("Matches"), tr("Return runs the selected one"))
        self.nothing = label(tr("Nothing matches."), "muted")
        self.nothing.setContentsMargins(12, 8, 12, 8)
        self.nothing.hide()
        frame = QFrame()
        frame.setProperty("role", "panel")
        column = QVBoxLayout(frame)
        column.setContentsMargins(8, 8, 8, 8)
        for widget in (self.search, self.nothing, self.list):
            column.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(frame)
        self.search.installEventFilter(self)
        self.search.textChanged.connect(self._search)
        self.list.clicked.connect(lambda index: self._run(index.row()))
        self._place(parent)
        self._search("")

    def _place(self, parent: QWidget) -> None:
        area = parent.window().rect().adjusted(20, TOP, -20, -20)
        size = QSize(*SIZE).boundedTo(area.size())
        left = (parent.window().width() - size.width()) // 2
        self.resize(size)
        self.move(parent.window().mapToGlobal(QPoint(left, TOP)))

    def _search(self, query: str) -> None:
        """Search in another thread, one query at a time: 10 000 entries take a while."""
        if self._is_searching:  # `_show_found` searches what was typed meanwhile
            return
        self._is_searching = True
        providers = self._providers
        background.run(
            self,
            lambda: rank((entry for search in providers for entry in search(query)), query),
            lambda found: self._show_found(found, query),
            self._on_failed,
        )

    def _on_failed(self, error: Exception) -> None:
        self._is_searching = False
        raise error

    def _show_found(self, found: list[Entry], query: str) -> None:
        self._is_searching = False
        if query != self.search.text():
            self._search(self.search.text())
            return
        self.model.replace(found[:MAX_RESULTS])
        self.nothing.setVisible(not found)
        self.list.setVisible(bool(found))
        self._select(0)

    def _select(self, at: int) -> None:
        at = max(0, min(at, self.model.rowCount() - 1))
        self.list.setCurrentIndex(self.model.index(at))

    def _run(self, at: int) -> None:
        if not 0 <= at < self.model.rowCount():
            return
        entry = self.model.entries[at]
        self.accept()
        # When the palette is closed, so that the entry finds the window active.
        QTimer.singleShot(0, self._window, entry.run)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Move the selection with the keys of the field; Home and End stay the field's."""
        if watched is not self.search or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        if event.type() is not QEvent.Type.KeyPress:
            return False
        row, page = self.list.currentIndex().row(), 10
        steps = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_PageUp: -page,
        }
        key = Qt.Key(event.key())
        if key in steps:
            self._select(row + steps[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run(row)
        else:
            return False
        return True

    def changeEvent(self, event: QEvent) -> None:
        """Close when another window becomes active."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.reject()
