"""A plain text editor whose long lines are broken for display only, so that a paste stays fast.

Qt lays out a whole line at once: one of 200 000 characters took 0.1 s, and again for each key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from PySide6.QtCore import QMimeData, Qt, QTimer
from PySide6.QtGui import (
    QKeyEvent,
    QKeySequence,
    QTextBlock,
    QTextBlockFormat,
    QTextCursor,
    QTextFormat,
)

from studio.ui.widgets.plain_editor import MAX_CHARACTERS, PlainEditor
from studio.ui.widgets.soft_break_view import MAX_LINE, line_pieces

MAX_BLOCK = 4_000
"""Characters of a line in the editor; one that grew longer is broken again."""
_CONTINUES = QTextFormat.Property.UserProperty.value + 1
"""Property of a block that continues the line before it. As a format, undo restores it."""
_LINE_END = re.compile("\r\n|[\r\u2029\ufdd0\ufdd1]")
"""What Qt takes for the end of a line, besides a line feed."""


class LongTextEditor(PlainEditor):
    """Edits a text; `toPlainText` and the clipboard have it without the breaks."""

    def __init__(self) -> None:
        super().__init__()
        self._text: str | None = ""
        """The text, or None if it changed since it was read."""
        self._has_breaks = False
        """True if any line may be broken."""
        self._long: QTextBlock | None = None
        self._break_timer = QTimer(self)
        self._break_timer.setSingleShot(True)
        self._break_timer.timeout.connect(self._break_long_block)

    def toPlainText(self) -> str:
        """Return the text without breaks that are only shown."""
        if self._text is None:
            shown = super().toPlainText()
            self._text = self._without_breaks(shown, 0) if self._has_breaks else shown
        return self._text

    def setPlainText(self, text: str) -> None:
        """Replace the text; this cannot be undone."""
        lines = _split(text[:MAX_CHARACTERS])
        self._has_breaks = False
        self._text = None  # `textChanged` comes before `contentsChange` here
        if all(len(line) < MAX_LINE for line in lines):
            super().setPlainText(text)
            return
        self.setUndoRedoEnabled(False)
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        self._insert(cursor, lines)
        self.setUndoRedoEnabled(True)
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def replace_text(self, text: str) -> None:
        """Replace the text as one step that Ctrl+Z takes back; an equal text is no step."""
        shown = text[:MAX_CHARACTERS]
        if shown != self.toPlainText():
            cursor = QTextCursor(self.document())
            cursor.select(QTextCursor.SelectionType.Document)
            self._insert(cursor, _split(shown))
            self.setTextCursor(cursor)

    def insertPlainText(self, text: str) -> None:
        """Insert text in place of the selection."""
        if not self.isReadOnly():
            shown = text[: min(self._room(), MAX_CHARACTERS)]
            cursor = self.textCursor()
            self._insert(cursor, _split(shown))
            self.setTextCursor(cursor)
            self.ensureCursorVisible()

    def select_text(self, start: int, end: int) -> None:
        """Select a part of the text; places as Qt counts them, without breaks."""
        cursor = self.textCursor()
        cursor.setPosition(self._shown_place(start))
        cursor.setPosition(self._shown_place(end), QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)

    def _shown_place(self, place: int) -> int:
        for shown in self._breaks(0, self.document().characterCount()):
            if place < shown:
                break
            place += 1
        return place

    def _insert(self, cursor: QTextCursor, lines: list[str]) -> None:
        """Insert lines with their long ones broken, as one step of undo."""
        cursor.beginEditBlock()
        cursor.removeSelectedText()
        first = cursor.blockNumber()
        starts_in_rest = _continues(cursor.block())
        used = cursor.positionInBlock()
        pieces: list[str] = []
        continued: list[int] = []
        for line in lines:
            begin = first + len(pieces)
            if used + len(line) < MAX_LINE:
                pieces.append(line)
            else:
                pieces += line_pieces(line, used)
                continued += range(begin + 1, first + len(pieces))
            used = 0
        cursor.insertText("\n".join(pieces))
        # A new block has the format of the one before it.
        if starts_in_rest:
            for number in range(first + 1, first + len(pieces)):
                self._set_continues(number, False)
        for number in continued:
            self._set_continues(number, True)
        self._has_breaks |= bool(continued)
        cursor.endEditBlock()

    def _set_continues(self, number: int, continues: bool) -> None:
        block_format = QTextBlockFormat()
        if continues:
            block_format.setProperty(_CONTINUES, True)
        QTextCursor(self.document().findBlockByNumber(number)).setBlockFormat(block_format)

    # Breaks
    # ----------------------------------------------------------------------

    def _breaks(self, begin: int, end: int) -> Iterator[int]:
        """Yield the places of the breaks in a part of what is shown."""
        block = self.document().findBlock(begin).next() if self._has_breaks else QTextBlock()
        while block.isValid() and block.position() <= end:
            if _continues(block):
                yield block.position() - 1
            block = block.next()

    def _without_breaks(self, shown: str, begin: int) -> str:
        """Remove the breaks from a part of what is shown, which begins at a place."""
        units = shown.encode("utf-16-le", "surrogatepass")  # Qt counts these
        parts, done = [], 0
        for place in self._breaks(begin, begin + len(units) // 2):
            parts.append(units[done : 2 * (place - begin)])
            done = 2 * (place - begin) + 2
        return b"".join([*parts, units[done:]]).decode("utf-16-le", "surrogatepass")

    def _choose_wrapping(self, position: int, added: int) -> None:
        """Break a line that grew too long; no line of others needs to wrap within a word."""
        self._text = None
        for place in (position, position + added):
            block = self.document().findBlock(place)
            if block.isValid() and block.length() > MAX_BLOCK:
                self._long = block
                self._break_timer.start()  # later, because Qt lays out the change first

    def _break_long_block(self) -> None:
        block, self._long = self._long, None
        if block is None or not block.isValid() or block.length() <= MAX_BLOCK:
            return
        cursor = QTextCursor(self.document())
        cursor.joinPreviousEditBlock()
        rest = QTextBlockFormat()
        rest.setProperty(_CONTINUES, True)
        place = block.position()
        for piece in list(line_pieces(block.text(), 0))[:-1]:
            place += len(piece.encode("utf-16-le", "surrogatepass")) // 2
            cursor.setPosition(place)
            cursor.insertBlock(rest)
            place += 1
        self._has_breaks = True
        cursor.endEditBlock()

    # Keys and clipboard
    # ----------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Begin a line of the text with Return; delete across breaks that are only shown."""
        if not self._has_breaks or self.isReadOnly():
            super().keyPressEvent(event)
        elif event.matches(QKeySequence.StandardKey.InsertParagraphSeparator):
            self.textCursor().insertBlock(QTextBlockFormat())
            self.ensureCursorVisible()
        else:
            self._step_over_break(event)
            super().keyPressEvent(event)

    def _step_over_break(self, event: QKeyEvent) -> None:
        cursor = self.textCursor()
        if cursor.hasSelection():
            return
        block = cursor.block()
        if event.key() == Qt.Key.Key_Backspace:
            if cursor.atBlockStart() and _continues(block):
                cursor.movePosition(QTextCursor.MoveOperation.PreviousCharacter)
        elif event.key() == Qt.Key.Key_Delete and cursor.atBlockEnd() and _continues(block.next()):
            cursor.movePosition(QTextCursor.MoveOperation.NextCharacter)
        self.setTextCursor(cursor)

    def createMimeDataFromSelection(self) -> QMimeData:
        """Return the selected text without the breaks that are only shown."""
        cursor = self.textCursor()
        shown = cursor.selectedText()
        text = self._without_breaks(shown, cursor.selectionStart())
        data = QMimeData()
        data.setText(text.replace("\u2029", "\n").replace("\u2028", "\n").replace("\xa0", " "))
        return data


def _continues(block: QTextBlock) -> bool:
    return block.isValid() and block.blockFormat().hasProperty(_CONTINUES)


def _split(text: str) -> list[str]:
    return _LINE_END.sub("\n", text).split("\n")
