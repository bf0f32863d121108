"""The line of chips below an image prompt: its weights, adapters and BREAK."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.core.requests.prompt_syntax.edit import (
    STEP_SIZE,
    Edited,
    step_weight,
    with_weight,
    without_mark,
    words_of_mark,
)
from studio.core.requests.prompt_syntax.weights import Mark, PromptError, as_words, read_prompt
from studio.core.translation import tr
from studio.models.card import ModelCard
from studio.preflight.adapters import FindCard, find_tagged
from studio.preflight.prompt_syntax import read_for
from studio.ui.widgets.factory import button, label, name_control
from studio.ui.widgets.flow_layout import FlowLayout
from studio.ui.widgets.long_text_editor import LongTextEditor
from studio.ui.widgets.shortcut import shortcut_within

MAX_CHIPS = 24
MAX_CHARACTERS = 20_000
"""A longer text is no prompt of an image; it gets no chips."""
_SHOWN = 28
"""Characters of a chip."""


class PromptMarks(QWidget):
    """A chip for each weight and tag; hidden without any. Changes the text of an editor.

    Alt+Up and Alt+Down in the editor change the weight of the words at the cursor.
    """

    def __init__(self, editor: LongTextEditor, find_card: FindCard) -> None:
        super().__init__()
        self._editor = editor
        self._find_card = find_card
        self._card: ModelCard | None = None
        self._shown: tuple[str, ModelCard | None] = ("", None)
        self._chips = QWidget()
        self._flow = FlowLayout(self._chips)
        self.words_button = button(
            tr("Use as plain words"),
            tr("Remove the weights and BREAK, and keep the words"),
            self._use_words,
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._chips)
        layout.addWidget(self.words_button)
        editor.textChanged.connect(self._update)
        for keys, steps in (("Alt+Up", 1), ("Alt+Down", -1)):
            shortcut_within(editor, keys, partial(self.step, steps))
        self.hide()

    def show_for(self, card: ModelCard | None) -> None:
        """Show which of the marks this model understands."""
        self._card = card
        self._update()

    def step(self, steps: int) -> None:
        """Change the weight of the words at the cursor by steps of 0.1."""
        text, cursor = self._editor.toPlainText(), self._editor.textCursor()
        start = _letters(text, cursor.selectionStart())
        end = _letters(text, cursor.selectionEnd())
        edited = step_weight(text, start, end, steps)
        if edited is not None:
            self._apply(edited)

    def chips(self) -> list[Chip]:
        """Return the chips that are shown."""
        items = (self._flow.itemAt(index) for index in range(self._flow.count()))
        widgets = (item.widget() for item in items if item is not None)
        return [widget for widget in widgets if isinstance(widget, Chip)]

    def _update(self) -> None:
        text = self._editor.toPlainText()
        if (text, self._card) == self._shown:
            return
        self._shown = (text, self._card)
        marks, is_refused = self._read(text)
        self._clear()
        for mark in marks[:MAX_CHIPS]:
            self._flow.addWidget(self._chip(mark))
        if len(marks) > MAX_CHIPS:
            self._flow.addWidget(label(f"+{len(marks) - MAX_CHIPS}", "muted"))
        self._chips.setVisible(bool(marks))
        self.words_button.setVisible(is_refused)
        self.setVisible(bool(marks) or is_refused)
        self._chips.updateGeometry()

    def _read(self, text: str) -> tuple[list[Mark], bool]:
        """Return the marks of a prompt, and whether the model refuses it."""
        if len(text) > MAX_CHARACTERS or not text.strip():
            return [], False
        try:
            if self._card is not None:
                return list(read_for(text, self._card).marks), False
            return list(read_prompt(text).marks), False
        except PromptError:
            pass
        try:
            return list(read_prompt(text).marks), True
        except PromptError:
            return [], True

    def _clear(self) -> None:
        while self._flow.count():
            item = self._flow.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def _chip(self, mark: Mark) -> Chip:
        shown, tip, is_missing = words_of_mark(mark), mark.text, False
        if mark.kind == "adapter":
            card = self._adapter(mark.text)
            is_missing = card is None
            shown = card.title if card is not None else mark.text
            tip = (
                tr("{name} is not installed.", name=mark.text)
                if is_missing
                else tr("The adapter {title}", title=shown)
            )
        return Chip(
            mark,
            " ".join(shown.split()),
            tip,
            self._change,
            self._remove,
            is_missing=is_missing,
        )

    def _adapter(self, name: str) -> ModelCard | None:
        try:
            return find_tagged(self._find_card, name)
        except StudioError:
            return None

    def _change(self, mark: Mark, steps: int) -> None:
        weight = mark.weight + steps * STEP_SIZE
        self._apply(with_weight(self._shown[0], mark, weight))

    def _remove(self, mark: Mark) -> None:
        self._editor.replace_text(without_mark(self._shown[0], mark))

    def _use_words(self) -> None:
        self._editor.replace_text(as_words(self._editor.toPlainText()))
        self._editor.setFocus()

    def _apply(self, edited: Edited) -> None:
        self._editor.replace_text(edited.prompt)
        self._editor.select_text(
            _utf16(edited.prompt[: edited.start]), _utf16(edited.prompt[: edited.end])
        )


class Chip(QFrame):
    """A weight or tag with buttons that change and remove it."""

    def __init__(
        self,
        mark: Mark,
        shown: str,
        tip: str,
        change: Callable[[Mark, int], None],
        remove: Callable[[Mark], None],
        *,
        is_missing: bool,
    ) -> None:
        super().__init__()
        self.setProperty("role", "chip")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 1, 2, 1)
        layout.setSpacing(1)
        short = shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"
        self.title = label(short, "error" if is_missing else "")
        name_control(self.title, shown, tip)
        layout.addWidget(self.title)
        if mark.kind != "break":
            self.less = self._tool("−", tr("Less {words}", words=short), partial(change, mark, -1))
            self.weight = label(f"{mark.weight:.2f}".rstrip("0").rstrip("."), "muted")
            self.more = self._tool("+", tr("More {words}", words=short), partial(change, mark, 1))
            for widget in (self.less, self.weight, self.more):
                layout.addWidget(widget)
        self.remove = self._tool("×", tr("Remove {title}", title=short), partial(remove, mark))
        layout.addWidget(self.remove)

    def _tool(self, text: str, name: str, slot: Callable[[], None]) -> QToolButton:
        tool = QToolButton()
        tool.setProperty("small", True)
        tool.setText(text)
        name_control(tool, name, name)
        tool.clicked.connect(lambda _checked=False: slot())
        return tool


def _utf16(text: str) -> int:
    """Return the length as Qt counts it."""
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2


def _letters(text: str, place: int) -> int:
    """Return how many letters come before a place that Qt counts."""
    data = text.encode("utf-16-le", errors="surrogatepass")[: 2 * place]
    return len(data.decode("utf-16-le", errors="replace"))
