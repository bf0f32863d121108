"""Marks parts of an editor's text by color; only those in view cost time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Literal, NamedTuple

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QApplication, QTextEdit

from studio.ui import background
from studio.ui.text.editor import DocumentEditor
from studio.ui.widgets import theme

Look = Literal["match", "current", "model", "imported", "generated", "different", "misspelled"]
Layer = Literal["origins", "generated", "differences", "spelling", "matches"]
_LAYERS: tuple[Layer, ...] = ("origins", "generated", "differences", "spelling", "matches")
"""From the lowest to the highest."""
_ALPHA: dict[Look, int] = {
    "match": 70,
    "current": 150,
    "model": 60,
    "imported": 60,
    "generated": 45,
    "different": 90,
    "misspelled": 255,
}
SHOW_MS = 20


class Mark(NamedTuple):
    """A part of the text and how it looks."""

    start: int
    end: int
    look: Look


class Marks(QObject):
    """The marks of one editor, in layers."""

    def __init__(self, editor: DocumentEditor) -> None:
        super().__init__(editor)
        self._editor = editor
        self._layers: dict[Layer, Sequence[Mark]] = {}
        self._soon = background.DelayedCall(self, self.show, SHOW_MS)
        editor.updateRequest.connect(self._on_update_requested)
        editor.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Mark in the colors of a new theme."""
        if event.type() in theme.CHANGES and any(self._layers.values()):
            self._soon.request()
        return super().eventFilter(watched, event)

    def set(self, layer: Layer, marks: Sequence[Mark]) -> None:
        """Replace a layer by marks in the order of their places, which do not overlap."""
        self._layers[layer] = marks
        self._soon.request()

    def _on_update_requested(self, _rect: object, scrolled: int) -> None:
        if scrolled and any(self._layers.values()):
            self._soon.request()

    def show(self) -> None:
        """Mark what is in view."""
        editor = self._editor
        start, end = editor.visible_part()
        selections = []
        for layer in _LAYERS:
            marks = self._layers.get(layer, ())
            first = max(0, bisect_left(marks, start, key=lambda mark: mark.end))
            for mark in marks[first:]:
                if mark.start > end:
                    break
                low, high = max(mark.start, start), min(mark.end, end, len(editor.text))
                if low < high:
                    selections.append(self._selection(low, high, mark.look))
        editor.setExtraSelections(selections)

    def _selection(self, start: int, end: int, look: Look) -> QTextEdit.ExtraSelection:
        selection = QTextEdit.ExtraSelection()
        cursor = QTextCursor(self._editor.document())
        cursor.setPosition(self._editor.places.to_shown(start))
        at = self._editor.places.to_shown(end, is_end=True)
        cursor.setPosition(at, QTextCursor.MoveMode.KeepAnchor)
        selection.cursor, selection.format = cursor, _format(look)
        return selection


def _format(look: Look) -> QTextCharFormat:
    found = QTextCharFormat()
    if look == "misspelled":
        found.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SpellCheckUnderline)
        found.setUnderlineColor(QColor("#d93025"))
        return found
    color = color_of(look)
    color.setAlpha(_ALPHA[look])
    found.setBackground(color)
    return found


def color_of(look: Look) -> QColor:
    """Return the color of a mark, without its transparency."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    if look == "model":
        return QColor("#2f9e6e")
    if look == "imported":
        return QColor("#c98a1b")
    return QColor(theme.colors(application).accent)
