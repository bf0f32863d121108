"""The text of a turn: prose as plain text, and code blocks in a fixed font with *Copy*."""

from __future__ import annotations

import re
from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QVBoxLayout, QWidget

from studio.core.translation import tr
from studio.ui.widgets.factory import button, label, name_control, row

MAX_BLOCKS = 40
"""Code blocks of a turn; more are shown as plain text."""
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
    """Shows code as it is; it is never run."""

    copied = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.text = ""
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
        self.text = part.text
        self.language.setText(part.language)
        self.code.setText(part.text)
        name_control(self.copy_button, tr("Copy the code"), tr("Copy the code"))

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
