"""Text as it is made: plain, appended in small steps, with candidates side by side in a bar of tabs."""

from __future__ import annotations

import re

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QPlainTextEdit, QTabBar, QVBoxLayout, QWidget

from studio.ui.parts import name_control

FLUSH_MS = 30
MAX_RUN = 2_000
"""Qt's layout is quadratic in a line without a break: 200 kB take 12 s."""
MAX_SHOWN = 256_000
_RUN = re.compile(rf"\S{{{MAX_RUN}}}")


class TextView(QWidget):
    """The texts of a job's candidates."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._texts: dict[int, str] = {}
        self._titles: dict[int, str] = {}
        self._pending = ""
        self._shown = 0
        self.tabs = QTabBar()
        self.tabs.setExpanding(False)
        name_control(self.tabs, "Candidates", "The results of this prompt, the best one first")
        self.tabs.currentChanged.connect(self._on_tab_changed)
        self.view = QPlainTextEdit()
        self.view.setReadOnly(True)
        self.view.setPlaceholderText("The text appears here.")
        name_control(self.view, "Result", "The text that was made")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.tabs)
        layout.addWidget(self.view, 1)
        self.tabs.hide()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FLUSH_MS)
        self._timer.timeout.connect(self._flush)

    def clear(self) -> None:
        """Begin anew."""
        self._texts, self._titles, self._pending, self._shown = {}, {}, "", 0
        while self.tabs.count():
            self.tabs.removeTab(0)
        self.tabs.hide()
        self.view.clear()
        self.changed.emit()

    def append(self, candidate: int, piece: str) -> None:
        """Add a piece to a candidate's text; it is shown within 30 ms."""
        self._want_tab(candidate)
        self._texts[candidate] = self._texts.get(candidate, "") + piece
        if candidate == self._current():
            self._pending += piece
            if not self._timer.isActive():
                self._timer.start()

    def set_text(self, candidate: int, text: str, title: str = "") -> None:
        """Show a candidate's final text."""
        self._want_tab(candidate)
        if title:
            self.tabs.setTabText(candidate, title)
        changed = self._texts.get(candidate) != text
        self._texts[candidate] = text
        if changed and candidate == self._current():
            self._show(text)
        self.changed.emit()

    def text(self) -> str:
        """Return the whole text of the candidate that is shown."""
        return self._texts.get(self._current(), "")

    def texts(self) -> dict[int, str]:
        """Return all candidates."""
        return dict(self._texts)

    def _current(self) -> int:
        return max(0, self.tabs.currentIndex())

    def _want_tab(self, candidate: int) -> None:
        while self.tabs.count() <= candidate:
            self.tabs.addTab(f"Candidate {self.tabs.count() + 1}")
        self.tabs.setVisible(self.tabs.count() > 1)

    def _on_tab_changed(self, index: int) -> None:
        if index >= 0:
            self._show(self._texts.get(index, ""))

    def _show(self, text: str) -> None:
        self._pending = ""
        self._timer.stop()
        self.view.setPlainText(for_display(text))
        self._shown = len(text)

    def _flush(self) -> None:
        piece, self._pending = self._pending, ""
        bar = self.view.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 4
        if _RUN.search(self._texts.get(self._current(), "")[-2 * MAX_RUN :]) or self._shown > MAX_SHOWN:
            self._show(self._texts.get(self._current(), ""))
        else:
            cursor = self.view.textCursor()
            cursor.movePosition(cursor.MoveOperation.End)
            cursor.insertText(piece)
            self._shown += len(piece)
        if at_end:
            bar.setValue(bar.maximum())
        self.changed.emit()


def for_display(text: str) -> str:
    """Return the text with a break in every very long unbroken run, and cut where it is too long to be laid out."""
    shown = _RUN.sub(lambda run: run.group() + "\n", text[:MAX_SHOWN])
    return shown if len(text) <= MAX_SHOWN else shown + "\n…"
