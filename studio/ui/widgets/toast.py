"""Toasts: short confirmations at the bottom of the window, each with a button if it leads on."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QEnterEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFrame,
    QHBoxLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from studio.core.translation import tr
from studio.ui.widgets.factory import button, label, name_control, shorten_for_label

MAX_SHOWN = 3
"""The others wait."""
BASE_MS = 5_000
CHARACTER_MS = 60
BUTTON_MS = 4_000
AFTER_HOVER_MS = 2_000
WIDTH = 380
MARGIN = 12


@dataclass(frozen=True)
class Toast:
    """A confirmation, such as "Saved story.txt", with the action "Show"."""

    text: str
    button: str = ""
    """Title of the button; empty for none."""
    action: Callable[[], object] | None = None
    """Called when the button is clicked."""

    @property
    def milliseconds(self) -> int:
        """How long it is shown: longer for a long text, and for a decision."""
        return BASE_MS + CHARACTER_MS * len(self.text) + (BUTTON_MS if self.button else 0)


class ToastFrame(QFrame):
    """One toast; closes after a while, except under the mouse or with the keyboard focus."""

    closed = Signal(bool)
    """Whether it has the focus."""

    def __init__(self, toast: Toast) -> None:
        super().__init__()
        self.toast = toast
        self.setProperty("role", "toast")
        self.setAccessibleName(toast.text)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_timeout)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 8, 8, 8)
        layout.setSpacing(10)
        layout.addWidget(label(shorten_for_label(toast.text), wrap=True), 1)
        close = QToolButton()
        close.setText("×")
        name_control(close, tr("Close"), tr("Close this message (Esc)"))
        close.clicked.connect(self.dismiss)
        self.first_button: QAbstractButton = close
        """Gets the focus from `Toasts.take_focus`."""
        if toast.button:
            self.first_button = button(toast.button, toast.button, self._on_clicked)
            layout.addWidget(self.first_button)
        layout.addWidget(close)
        for control in (self.first_button, close):
            control.installEventFilter(self)

    def count_down(self, milliseconds: int = 0) -> None:
        """Close after a while: `milliseconds`, or as long as the text takes to read."""
        self._timer.start(milliseconds or self.toast.milliseconds)

    @property
    def is_counting_down(self) -> bool:
        """False while the toast stays, because the user is at it."""
        return self._timer.isActive()

    def dismiss(self) -> None:
        """Close the toast."""
        self._timer.stop()
        focus = QApplication.focusWidget()
        self.closed.emit(focus is not None and self.isAncestorOf(focus))

    def _on_timeout(self) -> None:
        """Close, unless the user cannot have seen the toast."""
        window = self.window()
        if QApplication.activeModalWidget() is not None or window.isMinimized():
            self.count_down()
        else:
            self.dismiss()

    def _on_clicked(self) -> None:
        self.dismiss()
        if self.toast.action is not None:
            self.toast.action()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Stay while the mouse is over it."""
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Count down again."""
        if self.isVisible():
            self.count_down(AFTER_HOVER_MS)
        super().leaveEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay while one of its buttons has the focus; close with Esc."""
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            if event.type() == QEvent.Type.KeyPress:
                self.dismiss()
            event.accept()  # Esc stops the job elsewhere
            return True
        if event.type() == QEvent.Type.FocusIn:
            self._timer.stop()
        elif event.type() == QEvent.Type.FocusOut:
            self.count_down(AFTER_HOVER_MS)
        return super().eventFilter(watched, event)


class Toasts(QWidget):
    """The toasts over a widget's bottom, the latest below; they never take the focus themselves."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._below = parent
        self._waiting: list[Toast] = []
        self._frames: list[ToastFrame] = []
        self._focus_before: QWidget | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        parent.installEventFilter(self)
        self.hide()

    @property
    def shown(self) -> list[ToastFrame]:
        """The toasts that are shown, the oldest first."""
        return list(self._frames)

    def add(self, toast: Toast) -> None:
        """Show a toast, or let it wait until there is room. A repeated one is shown for longer."""
        repeated = next((frame for frame in self._frames if frame.toast == toast), None)
        if repeated is not None:
            repeated.count_down()
        else:
            self._waiting.append(toast)
            self._show_waiting()

    def remove(self, toast: Toast) -> None:
        """Close a toast before its time, or do not show it if it still waits."""
        self._waiting = [waiting for waiting in self._waiting if waiting != toast]
        for frame in self.shown:
            if frame.toast == toast:
                frame.dismiss()

    def take_focus(self) -> None:
        """Move the keyboard focus to the button of the latest toast."""
        if not self._frames:
            return
        before = QApplication.focusWidget()
        if before is not None and not self.isAncestorOf(before):
            self._focus_before = before
        self._frames[-1].first_button.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _show_waiting(self) -> None:
        while self._waiting and len(self._frames) < MAX_SHOWN:
            frame = ToastFrame(self._waiting.pop(0))
            frame.closed.connect(functools.partial(self._on_closed, frame))
            self._frames.append(frame)
            self._column.addWidget(frame)
            frame.show()
            frame.count_down()
            _announce(frame)
        self.setVisible(bool(self._frames))
        self._place()

    def _on_closed(self, frame: ToastFrame, with_focus: bool) -> None:
        if frame not in self._frames:
            return
        self._frames.remove(frame)
        if with_focus and self._focus_before is not None and isValid(self._focus_before):
            self._focus_before.setFocus()
        self._column.removeWidget(frame)
        frame.hide()
        frame.deleteLater()
        self._show_waiting()

    def _place(self) -> None:
        """Put the toasts at the bottom right, where they do not cover the form's buttons."""
        area = self._below.rect()
        width = min(WIDTH, area.width() - 2 * MARGIN)
        self.setFixedWidth(width)
        height = self._column.heightForWidth(width)
        self.setGeometry(
            area.width() - width - MARGIN, area.height() - height - MARGIN, width, height
        )
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the bottom when the window is resized."""
        if event.type() == QEvent.Type.Resize and self._frames:
            self._place()
        return super().eventFilter(watched, event)


def _announce(frame: ToastFrame) -> None:
    """Let a screen reader read the toast."""
    text = frame.toast.text + (f" {frame.toast.button}: F8." if frame.toast.button else "")
    QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(frame, text))
