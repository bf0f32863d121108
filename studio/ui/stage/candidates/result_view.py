"""A result's text, with marks on parts of it; only those in view cost time."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QTextEdit, QToolTip

from studio.ui.background import DelayedCall
from studio.ui.widgets.soft_break_view import SoftBreakView

SHOW_MS = 20
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
"""Characters that Qt counts twice."""


class Mark(NamedTuple):
    """A part of the text, in characters, and how it looks."""

    start: int
    end: int
    format: QTextCharFormat


def combined(lower: Sequence[Mark], upper: Sequence[Mark]) -> list[Mark]:
    """Return two layers of marks as one; where they overlap, a mark has both looks."""
    if not lower or not upper:
        return list(lower or upper)
    found: list[Mark] = []
    edges = sorted({edge for mark in (*lower, *upper) for edge in (mark.start, mark.end)})
    for start, end in pairwise(edges):
        look = QTextCharFormat()
        layers = [one for one in (_at(lower, start), _at(upper, start)) if one is not None]
        for mark in layers:
            look.merge(mark.format)
        if layers:
            found.append(Mark(start, end, look))
    return found


def _at(marks: Sequence[Mark], place: int) -> Mark | None:
    at = bisect_right(marks, place, key=lambda mark: mark.start) - 1
    return marks[at] if at >= 0 and place < marks[at].end else None


class _PlaceMap(NamedTuple):
    """Breaks that are only shown, and characters that Qt counts twice."""

    breaks: list[int]
    """In the editor."""
    break_units: list[int]
    """In the text, as Qt counts it."""
    astral: list[int]
    """In the text."""
    astral_units: list[int]
    """In the text, as Qt counts it."""


class ResultView(SoftBreakView):
    """A read-only text with a cursor that the keyboard moves."""

    token_requested = Signal(int)
    """The user wants to see about the character at a place in the text: Enter, or a click."""

    def __init__(self) -> None:
        super().__init__()
        self.opens_on_click = False
        """A click asks about a token, as Enter does."""
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._marks: Sequence[Mark] = ()
        self._map: _PlaceMap | None = None
        self._soon = DelayedCall(self, self._show_marks, SHOW_MS)
        self.document().contentsChange.connect(self._on_contents_change)
        self.updateRequest.connect(self._on_update_requested)

    def set_marks(self, marks: Sequence[Mark]) -> None:
        """Replace the marks; they are in the order of their places and do not overlap."""
        self._marks = marks
        self._show_marks()

    def place(self, position: int) -> int:
        """Return the character of a position in the editor."""
        map_ = self._place_map()
        units = position - bisect_left(map_.breaks, position)
        return units - bisect_left(map_.astral_units, units)

    def position(self, place: int, *, is_end: bool = False) -> int:
        """Return the position in the editor: after a break that is only shown, or for an end before
        it.
        """
        map_ = self._place_map()
        units = place + bisect_left(map_.astral, place)
        count = bisect_left if is_end else bisect_right
        return units + count(map_.break_units, units)

    def rect_of(self, place: int) -> QRect:
        """Return where a character is in the viewport."""
        cursor = QTextCursor(self.document())
        last = self.document().characterCount() - 1
        cursor.setPosition(min(self.position(place), last))
        return self.cursorRect(cursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ask about the token at the cursor on Enter."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers() & (
            Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
        ):
            self.token_requested.emit(self.place(self.textCursor().position()))
            return
        super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ask about the token under the mouse, unless text was selected."""
        super().mouseReleaseEvent(event)
        is_click = event.button() == Qt.MouseButton.LeftButton
        cursor = self.textCursor()
        if is_click and self.opens_on_click and not cursor.hasSelection():
            position = cursor.position()
            if position and event.position().x() < self.cursorRect(cursor).left():
                position -= 1  # the cursor is after the character that was clicked
            self.token_requested.emit(self.place(position))

    def viewportEvent(self, event: QEvent) -> bool:
        """Show the tooltip of the mark under the mouse."""
        if not isinstance(event, QHelpEvent) or event.type() != QEvent.Type.ToolTip:
            return super().viewportEvent(event)
        tip = self.tip_at(event.pos())
        QToolTip.showText(event.globalPos(), tip, self.viewport())
        return bool(tip) or super().viewportEvent(event)

    def tip_at(self, point: QPoint) -> str:
        """Return the tooltip of the mark at a point of the viewport; empty if it has none."""
        if not self._marks:
            return ""
        place = self.place(self.cursorForPosition(point).position())
        at = bisect_left(self._marks, place, key=lambda mark: mark.end)
        mark = self._marks[at] if at < len(self._marks) else None
        return mark.format.toolTip() if mark is not None and mark.start <= place else ""

    def _place_map(self) -> _PlaceMap:
        if self._map is None:
            breaks = self.shown_breaks()
            astral, astral_units = [], []
            for number, found in enumerate(_ASTRAL.finditer(self.toPlainText())):
                units = found.start() + number
                units -= bisect_left(breaks, units)
                astral.append(units - number)
                astral_units.append(units)
            break_units = [shown - number for number, shown in enumerate(breaks)]
            self._map = _PlaceMap(breaks, break_units, astral, astral_units)
        return self._map

    def _on_contents_change(self, _position: int, removed: int, added: int) -> None:
        if removed or added:
            self._map = None

    def _on_update_requested(self, _rect: object, scrolled: int) -> None:
        if scrolled and self._marks:
            self._soon.request()

    def _show_marks(self) -> None:
        """Mark what is in view."""
        if not self._marks:
            self.setExtraSelections([])
            return
        start = self.place(self.firstVisibleBlock().position())
        corner = self.viewport().rect().bottomRight()
        end = self.place(self.cursorForPosition(corner).position())
        first = bisect_left(self._marks, start, key=lambda mark: mark.end)
        last = bisect_right(self._marks, end, key=lambda mark: mark.start)
        self.setExtraSelections([self._selection(mark) for mark in self._marks[first:last]])

    def _selection(self, mark: Mark) -> QTextEdit.ExtraSelection:
        selection = QTextEdit.ExtraSelection()
        cursor = QTextCursor(self.document())
        length = self.document().characterCount() - 1
        cursor.setPosition(min(self.position(mark.start), length))
        end = min(self.position(mark.end, is_end=True), length)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        selection.cursor, selection.format = cursor, mark.format
        return selection

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Mark what came into view."""
        super().resizeEvent(event)
        self._soon.request()
