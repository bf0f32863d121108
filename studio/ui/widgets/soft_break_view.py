"""A read-only text that stays fast with very long lines: it breaks them for display only.

Qt lays out a whole line again for each character that is added to it: a line of 200 000 characters
took 0.3 s each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QTextCursor

from studio.ui.widgets.plain_editor import PlainEditor

MIN_BROKEN = 1_500
"""A line of at least so many characters is broken after its next space …"""
MAX_LINE = 1_900
"""… and one of so many anywhere."""
_SPACE = re.compile(r"\s")


class SoftBreakView(PlainEditor):
    """Shows a text with its long lines broken; the clipboard gets them whole."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self._used = 0
        """Characters in the last line."""
        self._broken: list[int] = []
        """Numbers of the blocks that end where the text has no line break."""

    def set_text(self, text: str) -> None:
        """Replace the text."""
        self._used, self._broken = 0, []
        self.setPlainText(self._break(text, 0))

    def append_text(self, text: str) -> None:
        """Append to the text."""
        shown = self._break(text, self.document().blockCount() - 1)
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.insertText(shown)

    def _break(self, text: str, block: int) -> str:
        """Break the lines of a text that begins in a block, and remember where."""
        pieces: list[str] = []
        for number, line in enumerate(text.split("\n")):
            if number:
                pieces.append("\n")
                self._used = 0
                block += 1
            for order, piece in enumerate(line_pieces(line, self._used)):
                if order:
                    pieces.append("\n")
                    self._broken.append(block)
                    self._used = 0
                    block += 1
                pieces.append(piece)
                self._used += len(piece)
        return "".join(pieces)

    def shown_breaks(self) -> list[int]:
        """Return the positions of the line breaks that are only shown."""
        blocks = (self.document().findBlockByNumber(number) for number in self._broken)
        return [block.position() + block.length() - 1 for block in blocks]

    def createMimeDataFromSelection(self) -> QMimeData:
        """Return the selected text without the breaks that are only displayed."""
        cursor = self.textCursor()
        begin, end = cursor.selectionStart(), cursor.selectionEnd()
        units = cursor.selectedText().encode("utf-16-le", "surrogatepass")  # Qt counts these
        parts, done = [], 0
        for shown in self.shown_breaks():
            place = shown - begin
            if 0 <= place < end - begin:
                parts.append(units[done : 2 * place])
                done = 2 * place + 2
        whole = b"".join([*parts, units[done:]]).decode("utf-16-le", "surrogatepass")
        data = QMimeData()
        data.setText(whole.replace("\u2029", "\n"))
        return data


def line_pieces(line: str, used: int) -> Iterator[str]:
    """Split a line into pieces that Qt lays out fast; `used`: characters before the first one."""
    begin = 0
    while True:
        room = MAX_LINE - used
        space = _SPACE.search(line, begin + max(0, MIN_BROKEN - used), begin + room)
        if space is not None and space.end() < len(line):
            end = space.end()
        elif len(line) - begin > room:
            end = begin + room
        else:
            yield line[begin:]
            return
        yield line[begin:end]
        begin, used = end, 0
