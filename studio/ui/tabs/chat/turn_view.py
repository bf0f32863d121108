"""One turn of a chat in the window: its text and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton, QVBoxLayout

from studio.core.translation import tr
from studio.documents.chat import Turn
from studio.ui.tabs.chat.prompt_keys import SendKeys
from studio.ui.tabs.chat.turn_text import TurnText
from studio.ui.widgets.factory import button, label, name_control, row, text_editor
from studio.ui.widgets.icons import set_icon
from studio.ui.widgets.shortcut import shortcut_within
from studio.ui.widgets.soft_break_view import SoftBreakView
from studio.ui.widgets.text_view import ThoughtsView, for_display

LABEL_CHARACTERS = 8_000
"""A longer text gets a view of its own that scrolls."""
LONG_HEIGHT = 420
EDITOR_HEIGHT = 90


class TurnView(QFrame):
    """Shows one turn as plain text."""

    stepped = Signal(int)
    """Show the version before (-1) or after (1) this one."""
    compare_requested = Signal()
    """Show all versions side by side."""
    edited = Signal(str)
    """The person wants this text as a new version."""
    draft_changed = Signal(str)
    """What is in the editor; empty when it is closed."""
    regenerate_requested = Signal()
    continue_requested = Signal()
    """Let the model go on with this answer."""
    delete_requested = Signal()
    copy_requested = Signal()

    def __init__(self, turn: Turn, place: int, count: int) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self.turn, self.place, self.count = turn, place, count
        self._text = turn.text
        self._is_answer = turn.role == "assistant"
        self.thoughts = ThoughtsView()
        self.text_view = TurnText()
        self.long_view = SoftBreakView()
        self.long_view.setFixedHeight(LONG_HEIGHT)
        name_control(self.long_view, tr("Text of the turn"), tr("The whole text of this turn"))
        self.editor = text_editor(tr("Edit the turn"), tr("The new text"), EDITOR_HEIGHT)
        keys = SendKeys(self.editor, takes_escape=True)
        self.editor.textChanged.connect(self._on_typed)
        keys.sent.connect(self._save_edit)
        keys.cancelled.connect(self._cancel_edit)
        self._lay_out()
        self.setFocusProxy(self.copy_button)
        self.set_text(turn.text)

    def _lay_out(self) -> None:
        add = self._tool_button
        before = add("chevron", tr("Earlier version"), lambda: self._step(-1), "‹", "Alt+Left")
        after = add("chevron", tr("Later version"), lambda: self._step(1), "›", "Alt+Right")
        self.compare_button = add("grid", tr("Compare the versions"), self.compare_requested.emit)
        before.setEnabled(self.place > 1)
        after.setEnabled(self.place < self.count)
        self.version = label(tr("{place} of {count}", place=self.place, count=self.count), "muted")
        self.before_button, self.after_button = before, after
        self.copy_button = add("copy", tr("Copy the turn"), self.copy_requested.emit)
        self.edit_button = add("text", tr("Edit the turn"), self.begin_edit)
        self.retry_button = add("retry", tr("Regenerate the answer"), self._request_again)
        self.delete_button = add("trash", tr("Delete the turn"), self.delete_requested.emit)
        name = tr("Answer") if self._is_answer else tr("You")
        self.header = row(
            label(name, "muted"),
            None,
            before,
            self.version,
            after,
            self.compare_button,
            self.copy_button,
            self.edit_button,
            self.retry_button,
            self.delete_button,
            spacing=2,
        )
        # once they have a parent; else they would be windows for a moment
        for control in (before, self.version, after, self.compare_button):
            control.setVisible(self.count > 1)
        if self.count > 1:
            for keys, step in (("Alt+Left", -1), ("Alt+Right", 1)):
                shortcut_within(self, keys, partial(self._step, step))
        self.retry_button.setVisible(self._is_answer)
        self.edit_row = row(
            None,
            button(tr("Cancel"), tr("Leave the turn as it is (Esc)"), self._cancel_edit),
            button(tr("Save"), tr("Keep this as a new version (Enter)"), self._save_edit),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 12, 10)
        layout.setSpacing(4)
        widgets = (self.header, self.thoughts, self.text_view, self.long_view)
        for widget in (*widgets, self.editor, self.edit_row):
            layout.addWidget(widget)
        self.status = label("", "muted", wrap=True)
        self.continue_button = button(
            tr("Continue"), tr("Let the model go on with this answer"), self._request_rest
        )
        bottom = QHBoxLayout()
        bottom.addWidget(self.status, 1)
        bottom.addWidget(self.continue_button)
        layout.addLayout(bottom)
        self.status.hide()
        self.continue_button.hide()
        self.end_edit()

    def _tool_button(
        self,
        icon: str,
        name: str,
        on_clicked: Callable[[], object],
        text: str = "",
        keys: str = "",
    ) -> QToolButton:
        control = QToolButton()
        control.setAutoRaise(True)
        if text:
            control.setText(text)
        else:
            set_icon(control, icon)
        name_control(control, name, f"{name} ({keys})" if keys else name)
        control.clicked.connect(lambda _checked=False: on_clicked())
        return control

    def _step(self, step: int) -> None:
        if 1 <= self.place + step <= self.count:
            self.stepped.emit(step)

    def _request_again(self) -> None:
        self.regenerate_requested.emit()

    def _request_rest(self) -> None:
        self.continue_requested.emit()

    @property
    def text(self) -> str:
        """The whole text."""
        return self._text

    def set_text(self, text: str) -> None:
        """Replace the text."""
        self._text = text
        is_long = len(text) > LABEL_CHARACTERS
        self.long_view.setVisible(is_long)
        self.text_view.setVisible(not is_long)
        if is_long:
            self.long_view.set_text(for_display(text))
        else:
            self.text_view.set_text(text)

    def set_status(self, text: str) -> None:
        """Show why an answer ended, or what it waits for."""
        self.status.setText(text)
        self.status.setVisible(bool(text))

    def begin_edit(self, draft: str = "") -> None:
        """Show the editor in place of the text. `draft`: what was typed before."""
        if not self.editor.isHidden():
            self.editor.setFocus()
            return
        self.editor.setPlainText(draft or self._text)
        for widget in (self.text_view, self.long_view):
            widget.hide()
        self.editor.show()
        self.edit_row.show()
        if not draft:
            self.editor.setFocus()

    def end_edit(self) -> None:
        """Show the text again."""
        self.editor.hide()
        self.edit_row.hide()
        self.set_text(self._text)

    def _on_typed(self) -> None:
        if not self.editor.isHidden():
            self.draft_changed.emit(self.editor.toPlainText())

    def _cancel_edit(self) -> None:
        self.end_edit()
        self.draft_changed.emit("")
        self.edit_button.setFocus()

    def _save_edit(self) -> None:
        text = self.editor.toPlainText()
        if text.strip() and text != self._text:
            self.edited.emit(text)
        else:
            self._cancel_edit()
