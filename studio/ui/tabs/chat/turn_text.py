"""The text of a turn: prose as plain text, and code blocks in a fixed font with *Copy*."""

from __future__ import annotations

import re
from typing import NamedTuple

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QSizePolicy, QVBoxLayout, QWidget

from studio.core.translation import tr
from studio.ui import background
from studio.ui.text.highlighting import highlighted, is_highlighted
from studio.ui.widgets import theme
from studio.ui.widgets.factory import button, label, name_control, row

MAX_BLOCKS = 40
"""Code blocks of a turn; more are shown as plain text."""
COLOR_MS = 300
"""Code that has not grown for so long is colored."""
_PRE = '<pre style="margin: 0; white-space: pre-wrap">{}</pre>'
_FENCE = re.compile(r" {0,3}(```+|~~~+)[ \t]*([^`\n]{0,40})")
_LONG_WORD = re.compile(r"\S{60}")


class Part(NamedTuple):
    """A stretch of a turn's text."""

    text: str
    is_code: bool = False
    language: str = ""


def split_code(text: str) -> list[Part]:
    """Return prose and code blocks in turn; a block that is being written has no end yet."""
    parts: list[Part] = []
    lines: list[str] = []
    fence, language = "", ""

    def close() -> None:
        body = "\n".join(lines) if fence else "\n".join(lines).strip("\n")
        if body.strip():
            parts.append(Part(body, bool(fence), language))
        lines.clear()

    for line in text.split("\n"):
        found = _FENCE.match(line)
        if found and not fence:
            close()
            fence, language = found[1], found[2].strip()
        elif fence and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            close()
            fence, language = "", ""
        else:
            lines.append(line)
    close()
    return parts if sum(part.is_code for part in parts) <= MAX_BLOCKS else [Part(text)]


class CodeBlock(QFrame):
    """Shows code in the colors of its language; it is never run."""

    copied = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.text = ""
        self._part = Part("", is_code=True)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(COLOR_MS)
        self._soon.timeout.connect(self._start_coloring)
        self.language = label("", "muted")
        self.copy_button = button(tr("Copy"), tr("Copy the code"), self._copy)
        self.code = _text_label()
        self.code.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 8)
        layout.setSpacing(4)
        layout.addWidget(row(self.language, None, self.copy_button))
        layout.addWidget(self.code)

    def show_part(self, part: Part) -> None:
        """Show code and its language."""
        if part == self._part:
            return
        self._part, self.text = part, part.text
        self.language.setText(part.language)
        self.code.setTextFormat(Qt.TextFormat.PlainText)
        self.code.setText(part.text)
        name_control(self.copy_button, tr("Copy the code"), tr("Copy the code"))
        if is_highlighted(part.text, part.language):
            self._soon.start()

    def _start_coloring(self) -> None:
        part = self._part
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        is_dark = theme.is_dark(application)

        def show(page: str) -> None:
            if part == self._part:
                self.code.setTextFormat(Qt.TextFormat.RichText)  # escaped, and tags of our own
                self.code.setText(_PRE.format(page))  # not translated: HTML

        background.run(self, lambda: highlighted(part.text, part.language, is_dark=is_dark), show)

    def changeEvent(self, event: QEvent) -> None:
        """Use the colors of a new theme."""
        super().changeEvent(event)
        if event.type() in theme.CHANGES and is_highlighted(self._part.text, self._part.language):
            self._soon.start()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text)
        self.copied.emit(self.text)


class TurnText(QWidget):
    """Shows prose and code one below the other; what grows is changed in place."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[QLabel | CodeBlock] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)

    def set_text(self, text: str) -> None:
        """Replace the text."""
        parts = split_code(text)
        kept = 0
        for part, widget in zip(parts, self.parts, strict=False):
            if part.is_code != isinstance(widget, CodeBlock):
                break
            kept += 1
        for widget in self.parts[kept:]:
            self._layout.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        del self.parts[kept:]
        for number, part in enumerate(parts):
            if number == len(self.parts):
                self.parts.append(CodeBlock() if part.is_code else _text_label())
                self._layout.addWidget(self.parts[-1])
            widget = self.parts[number]
            if isinstance(widget, CodeBlock):
                widget.show_part(part)
            else:
                widget.setText(_LONG_WORD.sub("\\g<0>\u200b", part.text))


def _text_label() -> QLabel:
    shown = label(wrap=True)
    shown.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse
        | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    shown.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return shown
