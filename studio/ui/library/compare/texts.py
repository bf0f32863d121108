"""Compares texts in columns; words that differ from the first text are marked."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QApplication, QHBoxLayout, QTextEdit, QVBoxLayout, QWidget

from studio.core.translation import tr
from studio.ui import background
from studio.ui.widgets import theme
from studio.ui.widgets.factory import label, name_control
from studio.ui.widgets.plain_editor import PlainEditor

MAX_WORDS = 8_000
"""Of a text that are compared; difflib's time grows with the square."""
_WORD = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+")
Span = tuple[int, int]


def different_spans(first: str, second: str) -> tuple[list[Span], list[Span]]:
    """Return the spans (start, end) of words that only one of two texts has, in each of them."""
    words = [list(_WORD.finditer(text))[:MAX_WORDS] for text in (first, second)]
    texts = [[word.group() for word in found] for found in words]
    matcher = difflib.SequenceMatcher(None, texts[0], texts[1], autojunk=False)
    spans: tuple[list[Span], list[Span]] = ([], [])
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind != "equal":
            for found, low, high, into in (
                (words[0], start, end, spans[0]),
                (words[1], other_start, other_end, spans[1]),
            ):
                if high > low:
                    into.append((found[low].start(), found[high - 1].end()))
    return spans


class TextComparison(QWidget):
    """One column for each text; they scroll together."""

    def __init__(self, texts: Sequence[str], names: Sequence[str]) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.panes: list[PlainEditor] = []
        for name, text in zip(names, texts, strict=True):
            pane = PlainEditor()
            pane.setReadOnly(True)
            pane.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse
                | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
            pane.setPlainText(text)
            name_control(pane, name, tr("Words that differ are marked"))
            pane.verticalScrollBar().valueChanged.connect(self._on_scrolled)
            column = QVBoxLayout()
            column.addWidget(label(name, "muted"))
            column.addWidget(pane)
            layout.addLayout(column)
            self.panes.append(pane)
        self._found: list[tuple[list[Span], list[Span]]] = []
        first, others = texts[0], list(texts[1:])
        background.run(
            self,
            lambda: [different_spans(first, other) for other in others],
            self._on_compared,
        )

    def _on_compared(self, found: list[tuple[list[Span], list[Span]]]) -> None:
        self._found = found
        mark_spans(self.panes[0], found[0][0] if len(found) == 1 else [])
        for pane, (_first, spans) in zip(self.panes[1:], found, strict=True):
            mark_spans(pane, spans)

    def changeEvent(self, event: QEvent) -> None:
        """Mark in the colors of a new theme."""
        super().changeEvent(event)
        if event.type() in theme.CHANGES and self._found:
            self._on_compared(self._found)

    def _on_scrolled(self) -> None:
        """Scroll the others to the same part."""
        moved = self.sender()
        bars = [pane.verticalScrollBar() for pane in self.panes]
        source = next((bar for bar in bars if bar is moved), None)
        if source is None or not source.maximum():
            return
        share = source.value() / source.maximum()
        for bar in bars:
            if bar is not source:
                bar.blockSignals(True)
                bar.setValue(round(share * bar.maximum()))
                bar.blockSignals(False)
        for pane in self.panes:
            pane.viewport().update()


def mark_spans(pane: PlainEditor, spans: Sequence[Span]) -> None:
    """Mark spans of the text that an editor shows."""
    mark, selections = difference_format(), []
    offsets = _utf16_offsets(pane.toPlainText())
    for start, end in spans:
        selection = QTextEdit.ExtraSelection()
        cursor = QTextCursor(pane.document())
        cursor.setPosition(offsets[start])
        cursor.setPosition(offsets[end], QTextCursor.MoveMode.KeepAnchor)
        selection.cursor, selection.format = cursor, mark
        selections.append(selection)
    pane.setExtraSelections(selections)


def difference_format() -> QTextCharFormat:
    """Return how words that differ look."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    mark = QTextCharFormat()
    color = QColor(theme.colors(application).accent)
    color.setAlpha(90)
    mark.setBackground(color)
    return mark


def _utf16_offsets(text: str) -> list[int]:
    """Return Qt's position for each of Python's, which differ after an emoji."""
    offsets, position = [0], 0
    for character in text:
        position += 2 if ord(character) > 0xFFFF else 1
        offsets.append(position)
    return offsets
