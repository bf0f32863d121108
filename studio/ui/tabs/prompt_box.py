"""The prompt of a form: its editor, history, height, problem and alternatives."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from studio.core.errors import Problem
from studio.core.translation import tr
from studio.ui.app_state import AppState
from studio.ui.tabs.alternatives_row import AlternativesRow
from studio.ui.tabs.prompt_history import PromptHistory, PromptList
from studio.ui.widgets.factory import label, name_control, restyle, row, text_editor
from studio.ui.widgets.icons import set_icon
from studio.ui.widgets.resize_handle import ResizeHandle

HEIGHT = 110
MIN_HEIGHT = 60


class PromptBox(QWidget):
    """The editor with what belongs to it. `menu`: a widget in its title line."""

    def __init__(self, shared: AppState, kind: str, menu: QWidget) -> None:
        super().__init__()
        self._shared = shared
        self._kind = kind
        self.editor = text_editor(tr("Prompt"), tr("What to generate, in your own words."), HEIGHT)
        self.history = PromptHistory(shared, kind, self.editor)
        self.history_button = QToolButton()
        self.history_button.setProperty("flat", True)
        set_icon(self.history_button, "history")
        name_control(
            self.history_button,
            tr("Earlier prompts"),
            tr("Find an earlier prompt; Ctrl+Up and Ctrl+Down step through them"),
        )
        self.history_button.clicked.connect(self.show_history)
        self.handle = ResizeHandle(self.editor, MIN_HEIGHT)
        height = shared.settings.prompt_heights.get(kind)
        if height:
            self.handle.set_height(height)
        self.handle.height_changed.connect(self._on_height_changed)
        self._problem = label(role="error", wrap=True)
        self._problem.hide()
        self.alternatives = AlternativesRow(shared, kind)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self._title = row(label(tr("Prompt"), "muted"), None, self.history_button, menu, spacing=0)
        layout.addWidget(self._title)
        layout.addSpacing(6)
        for widget in (self.editor, self.handle, self._problem, self.alternatives):
            layout.addWidget(widget)

    def add_to_title(self, control: QWidget) -> None:
        """Add a control to the title line, before the menu."""
        layout = self._title.layout()
        assert isinstance(layout, QHBoxLayout)
        layout.insertWidget(layout.count() - 1, control)

    def show_history(self) -> None:
        """Open the list of earlier prompts."""
        PromptList(self._shared, self._kind, self.editor).open_at(self.history_button)

    def select(self, part: str) -> None:
        """Select a part of the text, for the user to overwrite."""
        text = self.editor.toPlainText()
        start = text.find(part) if part else -1
        if start < 0:
            return
        self.editor.select_text(
            _utf16_length(text[:start]), _utf16_length(text[: start + len(part)])
        )

    def show_problem(self, problems: Iterable[Problem]) -> None:
        """Mark the prompt as wrong and show why, if one of the problems is its."""
        message = next((problem.message for problem in problems if problem.field == "prompt"), "")
        if not self.editor.toPlainText().strip():
            message = ""
        elif message[:1].islower():
            message = tr("The prompt {problem}", problem=message)
        self._problem.setText(message)
        self._problem.setVisible(bool(message))
        if bool(self.editor.property("wrong")) != bool(message):
            self.editor.setProperty("wrong", bool(message))
            restyle(self.editor)

    def _on_height_changed(self, height: int) -> None:
        self._shared.change_settings(prompt_heights={self._kind: height})


def _utf16_length(text: str) -> int:
    """Return the length as Qt counts it."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2
