"""Keys of the prompt and of edited turns in a chat: Enter sends, Shift+Enter begins a line."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent

from studio.ui.widgets.plain_editor import PlainEditor

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_MODIFIERS = (
    Qt.KeyboardModifier.ShiftModifier
    | Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
)


class SendKeys(QObject):
    """Watches an editor while `is_on` returns True."""

    sent = Signal()
    """Enter."""
    edit_requested = Signal()
    """Up in an empty editor."""
    cancelled = Signal()
    """Escape."""

    def __init__(
        self,
        editor: PlainEditor,
        is_on: Callable[[], bool] = lambda: True,
        *,
        takes_escape: bool = False,
    ) -> None:
        super().__init__(editor)
        self._editor = editor
        self._is_on = is_on
        self._takes_escape = takes_escape
        editor.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the keys from the editor. An input method keeps its own Enter."""
        if not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        is_escape = self._takes_escape and event.key() == Qt.Key.Key_Escape
        if event.type() is QEvent.Type.ShortcutOverride and is_escape:
            event.accept()  # else the window's shortcut gets it
            return True
        if event.type() is not QEvent.Type.KeyPress:
            return super().eventFilter(watched, event)
        if event.modifiers() & _MODIFIERS or not self._is_on():
            return super().eventFilter(watched, event)
        if event.key() in _ENTER:
            self.sent.emit()
            return True
        if event.key() == Qt.Key.Key_Up and not self._editor.toPlainText():
            self.edit_requested.emit()
            return True
        if is_escape:
            self.cancelled.emit()
            return True
        return super().eventFilter(watched, event)
