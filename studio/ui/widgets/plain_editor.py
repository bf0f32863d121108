"""A plain text editor that stays fast with very long lines.

Qt's layout takes quadratic time for a line without spaces if it wraps between words: 200 000
letters took 12 s. Wrapping anywhere is linear.
"""

from __future__ import annotations

import re

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QTextCursor, QTextOption
from PySide6.QtWidgets import QPlainTextEdit

MAX_CHARACTERS = 250_000
"""Above `MAX_PROMPT_CHARACTERS`, so that a prompt that is too long is refused with a message."""
MAX_RUN = 2_000
_WHITESPACE = r" \t\n\r\u2028\u2029"
_IDEOGRAPHS = r"\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff"
_LETTER = rf"[^{_WHITESPACE}{_IDEOGRAPHS}]"
_RUN = re.compile(rf"(?<!{_LETTER}){_LETTER}{{{MAX_RUN}}}")
"""Text in which Qt may find no place to wrap; it wraps between ideographs.

Looked for at the begin of a word only: runs that are a little shorter took 3 s in 200 000 letters.
"""
_WORDS = QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere
_ANYWHERE = QTextOption.WrapMode.WrapAnywhere


def has_long_run(text: str) -> bool:
    """Return True for a text in which Qt may find no place to wrap for `MAX_RUN` letters."""
    return _RUN.search(text) is not None


class PlainEditor(QPlainTextEdit):
    """Wraps between words, or anywhere if a word is very long. Cuts text at `MAX_CHARACTERS`."""

    def __init__(self) -> None:
        super().__init__()
        self._is_set = False
        self.setWordWrapMode(_WORDS)
        self.document().contentsChange.connect(self._on_contents_change)  # before the layout

    def setPlainText(self, text: str) -> None:
        """Replace the text."""
        shown = text[:MAX_CHARACTERS]
        self._is_set = True
        if _RUN.search(shown):  # Qt lays out this text before it emits `contentsChange`
            self.setWordWrapMode(_ANYWHERE)
        super().setPlainText(shown)
        self._is_set = False
        self._choose_wrapping(0, self.document().characterCount())

    def replace_text(self, text: str) -> None:
        """Replace the text as one step that Ctrl+Z takes back; an equal text is no step."""
        shown = text[:MAX_CHARACTERS]
        if shown == self.toPlainText():
            return
        if _RUN.search(shown):
            self.setWordWrapMode(_ANYWHERE)
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(shown)
        cursor.endEditBlock()
        self.setTextCursor(cursor)

    def insertPlainText(self, text: str) -> None:
        """Insert text at the cursor."""
        super().insertPlainText(text[: min(self._room(), MAX_CHARACTERS)])

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Paste or drop text."""
        if source.hasText():
            self.insertPlainText(source.text())

    def _room(self) -> int:
        cursor = self.textCursor()
        replaced = cursor.selectionEnd() - cursor.selectionStart()
        # Qt counts UTF-16 code units.
        return max(0, 2 * MAX_CHARACTERS - self.document().characterCount() + replaced)

    def _on_contents_change(self, position: int, _removed: int, added: int) -> None:
        if not self._is_set:
            self._choose_wrapping(position, added)

    def _choose_wrapping(self, position: int, added: int) -> None:
        if self.wordWrapMode() is _WORDS and self._has_run(position, added):
            self.setWordWrapMode(_ANYWHERE)
        elif self.wordWrapMode() is _ANYWHERE and not self._has_run(
            0, self.document().characterCount()
        ):
            self.setWordWrapMode(_WORDS)

    def _has_run(self, position: int, length: int) -> bool:
        block, end = self.document().findBlock(position), position + length
        while block.isValid() and block.position() <= end:
            if block.length() > MAX_RUN and _RUN.search(block.text()):
                return True
            block = block.next()
        return False
