"""What the window's *Undo* takes back: changes of the library and of its files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from studio.core.translation import tr
from studio.library.faults import explain
from studio.ui import background
from studio.ui.widgets.factory import show_message
from studio.ui.widgets.toast import Toast

MAX_UNDO = 100


class Undo(msgspec.Struct, frozen=True):
    """How to take an action back."""

    title: str
    """After "Undo"."""
    call: Callable[[], object]
    """Called in another thread, except for an action that runs by itself."""
    runs_by_itself: bool = False
    """`call` only starts work that reports its end, so it is called in the GUI thread."""
    is_seen: Callable[[], bool] = lambda: False
    """Whether a part of the window other than the library shows what would change."""
    done: Callable[[], object] = lambda: None
    """Called in the GUI thread after `call`."""
    summary: Callable[[Any], str] = lambda _result: ""
    """Returns the toast for the result of `call`; empty for the usual one."""
    failed: Callable[[], object] = lambda: None
    """Called in the GUI thread when `call` failed, perhaps after it did a part."""


class UndoSteps(QObject):
    """What can be taken back, the last step at the end; one list for the whole window."""

    changed = Signal()
    """Another step can be undone, or none, or it is shown elsewhere."""
    ended = Signal()
    """An undo is done, or failed."""
    place_added = Signal(object)
    """QWidget in which the window's shortcut of *Undo* takes the last step back."""
    toast_posted = Signal(object)
    toast_withdrawn = Signal(object)
    """Toast that is no longer true."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._steps: list[tuple[Undo, Toast | None]] = []

    @property
    def last(self) -> Undo | None:
        """The step that Ctrl+Z takes back."""
        return self._steps[-1][0] if self._steps else None

    def add(self, step: Undo, message: str = "") -> None:
        """Add a step, with a toast that offers to take it back, if it has a message."""
        toast = Toast(message, tr("Undo"), lambda: self.undo_step(step)) if message else None
        if toast is not None:
            self.toast_posted.emit(toast)
        self._steps = [*self._steps, (step, toast)][-MAX_UNDO:]
        self.changed.emit()

    def undo(self) -> None:
        """Take the last step back."""
        if self.last is not None:
            self.undo_step(self.last)

    def undo_step(self, step: Undo) -> None:
        """Take this step back, which may not be the last one if its toast asks for it."""
        if not self._take(step):
            return
        if step.runs_by_itself:
            step.call()
            return

        def done(result: object) -> None:
            step.done()
            self.ended.emit()
            message = step.summary(result) or tr("Undone: {step}", step=step.title)
            self.toast_posted.emit(Toast(message))

        def failed(error: Exception) -> None:
            step.failed()
            self.ended.emit()
            known = explain(error)
            show_message(None, tr("Library"), f"{known.message}\n{known.cure}".strip())

        background.run(self, step.call, done, failed)

    def add_place(self, widget: QWidget) -> None:
        """Let the shortcut of *Undo* work in a widget."""
        self.place_added.emit(widget)

    def _take(self, step: Undo) -> bool:
        """Take out a step and close its toast; return False if it is no longer here."""
        toasts = [toast for known, toast in self._steps if known is step]
        self._steps = [pair for pair in self._steps if pair[0] is not step]
        for toast in toasts:
            if toast is not None:
                self.toast_withdrawn.emit(toast)
        self.changed.emit()
        return bool(toasts)
