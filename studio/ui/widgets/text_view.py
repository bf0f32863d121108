"""Generated text: plain, appended as it arrives, one tab a candidate.

The thoughts of a reasoning model are folded into a line above its answer.
"""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QStackedWidget,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.core.translation import tr
from studio.ui.widgets.factory import name_control
from studio.ui.widgets.soft_break_view import SoftBreakView

FLUSH_MS = 30
THOUGHTS_HEIGHT = 160
MAX_SHOWN = 240_000
"""Characters; below the limit of `PlainEditor`."""


class TextView(QWidget):
    """The texts of a job's candidates."""

    changed = Signal()
    """The text that is shown changed."""
    updated = Signal()
    """Any text or title changed, or which candidates there are."""

    def __init__(self, view: SoftBreakView | None = None) -> None:
        super().__init__()
        self._texts: dict[int, str] = {}
        self._thoughts: dict[int, str] = {}
        self._titles: dict[int, str] = {}
        self._pending = ""
        self._is_over = False
        self._kept: frozenset[int] = frozenset()
        self._shown = 0
        self._has_own_page = False
        self.tabs = QTabBar()
        self.tabs.setExpanding(False)
        name_control(
            self.tabs, tr("Candidates"), tr("The results of this prompt, the best one first")
        )
        self.tabs.currentChanged.connect(self._on_tab_changed)
        self.view = view or SoftBreakView()
        self.view.setPlaceholderText(tr("Your text appears here"))
        name_control(self.view, tr("Result"), tr("The generated text"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self.bar = QHBoxLayout()
        self.bar.addWidget(self.tabs, 1)
        layout.addLayout(self.bar)
        self._column = layout
        self.thoughts = ThoughtsView()
        layout.addWidget(self.thoughts)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.view)
        layout.addWidget(self._pages, 1)
        self.tabs.hide()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(FLUSH_MS)
        self._timer.timeout.connect(self._flush)

    def clear(self) -> None:
        """Remove all texts."""
        self._texts, self._titles, self._thoughts, self._pending, self._shown = {}, {}, {}, "", 0
        self._is_over, self._kept = False, frozenset()
        self.thoughts.clear()
        while self.tabs.count():
            self.tabs.removeTab(0)
        self.tabs.hide()
        self.view.set_text("")
        self.changed.emit()
        self.updated.emit()

    def append(self, candidate: int, piece: str) -> None:
        """Append to a candidate's text; shown within 30 ms."""
        self._ensure_tab(candidate)
        self._texts[candidate] = self._texts.get(candidate, "") + piece
        self.updated.emit()
        if candidate == self._current_candidate():
            self._pending += piece
            if not self._timer.isActive():
                self._timer.start()

    def append_thought(self, candidate: int, piece: str, *, takes_text: bool = False) -> None:
        """Append to a candidate's thoughts; `takes_text` moves its text so far there first."""
        self._ensure_tab(candidate)
        if takes_text:
            piece = self._texts.pop(candidate, "") + piece
            if candidate == self._current_candidate():
                self._show("")
        self._thoughts[candidate] = self._thoughts.get(candidate, "") + piece
        if candidate == self._current_candidate() and not self._timer.isActive():
            self._timer.start()

    def keep_only(self, candidates: Collection[int]) -> None:
        """End the job: hide the other candidates and the "Thinking…" status."""
        self._is_over = True
        self._kept = frozenset(candidates)
        self._show_tabs()
        if candidates and self._current_candidate() not in candidates:
            self.tabs.setCurrentIndex(min(candidates))
        self._show_thoughts()
        self.updated.emit()

    def _show_tabs(self) -> None:
        for index in range(self.tabs.count()):
            self.tabs.setTabVisible(index, not self._kept or index in self._kept)
        has_several = self.tabs.count() > 1 and len(self._kept) != 1
        self.tabs.setVisible(has_several and not self._has_own_page)

    def set_text(self, candidate: int, text: str, title: str = "") -> None:
        """Set a candidate's final text and its tab's title."""
        self._ensure_tab(candidate)
        if title:
            self.tabs.setTabText(candidate, title)
        changed = self._texts.get(candidate) != text
        self._texts[candidate] = text
        if changed and candidate == self._current_candidate():
            self._show(text)
        self.changed.emit()
        self.updated.emit()

    def add_legend(self, legend: QWidget) -> None:
        """Add a widget between the tabs and the text."""
        self._column.insertWidget(1, legend)

    def show_page(self, page: QWidget | None) -> None:
        """Show another page with all candidates instead of the tabs; None returns to them."""
        if page is not None and self._pages.indexOf(page) < 0:
            self._pages.addWidget(page)
        self._has_own_page = page is not None
        self._pages.setCurrentWidget(page or self.view)
        self._show_tabs()

    def add_candidate(self, title: str) -> int:
        """Add an empty tab to those that are shown and select it; return its number."""
        number = self.tabs.count()
        self._is_over = False
        if self._kept:
            self._kept |= {number}
        self._ensure_tab(number)
        self.tabs.setTabText(number, title)
        self.tabs.setCurrentIndex(number)
        self.updated.emit()
        return number

    def candidates(self) -> list[int]:
        """Return the candidates that can be chosen."""
        return [
            number for number in range(self.tabs.count()) if not self._kept or number in self._kept
        ]

    def text(self) -> str:
        """Return the whole text of the selected candidate."""
        return self._texts.get(self._current_candidate(), "")

    def texts(self) -> dict[int, str]:
        """Return the texts of all candidates."""
        return dict(self._texts)

    def _current_candidate(self) -> int:
        return max(0, self.tabs.currentIndex())

    def _ensure_tab(self, candidate: int) -> None:
        while self.tabs.count() <= candidate:
            self.tabs.addTab(tr("Candidate {number}", number=self.tabs.count() + 1))
        self._show_tabs()

    def _on_tab_changed(self, index: int) -> None:
        if index >= 0:
            self._show(self._texts.get(index, ""))

    def _show(self, text: str) -> None:
        self._pending = ""
        self._timer.stop()
        self.view.set_text(for_display(text))
        self._shown = len(text)
        self._show_thoughts()

    def _show_thoughts(self) -> None:
        current = self._current_candidate()
        is_thinking = not self._is_over and not self._texts.get(current, "").strip()
        self.thoughts.show_text(self._thoughts.get(current, ""), is_thinking=is_thinking)

    def _flush(self) -> None:
        piece, self._pending = self._pending, ""
        self._show_thoughts()
        bar = self.view.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 4
        if self._shown <= MAX_SHOWN < self._shown + len(piece):
            self._show(self._texts.get(self._current_candidate(), ""))
        elif self._shown <= MAX_SHOWN:
            self.view.append_text(piece)
            self._shown += len(piece)
        if at_end:
            bar.setValue(bar.maximum())
        self.changed.emit()


class ThoughtsView(QWidget):
    """A reasoning model's thoughts: one line that a click unfolds; hidden when empty."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self._filled = ""
        """What the view shows."""
        self.toggle = QToolButton()
        self.toggle.setCheckable(True)
        self.toggle.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        name_control(
            self.toggle,
            tr("Thoughts"),
            tr("Show or hide what the model thought before its answer. It is not saved."),
        )
        self.toggle.toggled.connect(self._on_toggled)
        self.view = SoftBreakView()
        self.view.setMaximumHeight(THOUGHTS_HEIGHT)
        name_control(self.view, tr("Thoughts text"), tr("What the model thought before its answer"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.toggle)
        layout.addWidget(self.view)
        self.clear()

    def clear(self) -> None:
        """Remove the text and hide the view."""
        self._text = ""
        self.toggle.setChecked(False)
        self._on_toggled(False)
        self._filled = ""
        self.view.set_text("")
        self.hide()

    def show_text(self, text: str, *, is_thinking: bool) -> None:
        """Show thoughts; `is_thinking`: the answer has not started yet."""
        words = len(text.split())
        self.toggle.setText(
            tr("Thinking… ({count:,} words)", count=words)
            if is_thinking
            else tr("Thoughts ({count:,} words)", count=words)
        )
        self.setVisible(bool(text.strip()))
        if text != self._text:
            self._text = text
            if self.toggle.isChecked():
                self._fill()

    def text(self) -> str:
        """Return the thoughts."""
        return self._text

    def _on_toggled(self, is_unfolded: bool) -> None:
        self.toggle.setArrowType(Qt.ArrowType.DownArrow if is_unfolded else Qt.ArrowType.RightArrow)
        self.view.setVisible(is_unfolded)
        if is_unfolded:
            self._fill()

    def _fill(self) -> None:
        shown = for_display(self._text)
        before, self._filled = self._filled, shown
        if before and shown.startswith(before):
            self.view.append_text(shown[len(before) :])
        else:
            self.view.set_text(shown)


def for_display(text: str) -> str:
    """Cut a text that is too long to lay out."""
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "\n…"
