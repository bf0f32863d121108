"""The queue's dock; creates its panel when it is first shown, so that the window starts faster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QDockWidget, QWidget
from shiboken6 import isValid

from studio.core.translation import tr
from studio.ui.app_state import AppState
from studio.ui.desktop.screens import FittedScrollArea
from studio.ui.widgets.shortcut import shortcut_within

if TYPE_CHECKING:
    from studio.ui.queue.panel import QueuePanel


MIN_HEIGHT = 64


class QueueDock(QDockWidget):
    """Holds the `QueuePanel`."""

    edit_requested = Signal(object)
    """Job: a waiting one, to be edited in its form."""
    result_requested = Signal(str)
    """Id of the job whose result the window shows."""

    shown_changed = Signal(bool)

    def __init__(self, shared: AppState) -> None:
        super().__init__(tr("Queue"))
        self.setObjectName("queue")
        self._shared = shared
        self._panel: QueuePanel | None = None
        self._focus_before: QWidget | None = None
        """Where the focus was when the table was shown."""
        shortcut_within(self, "Esc", self.dismiss)

    def open(self) -> None:
        """Show the table and give it the focus."""
        focus = QApplication.focusWidget()
        if focus is not None and not self.isAncestorOf(focus):
            self._focus_before = focus
        self.show()
        self.panel.table.setFocus()

    def dismiss(self) -> None:
        """Hide the table; its focus goes back to where it was."""
        focus, before = QApplication.focusWidget(), self._focus_before
        has_focus = focus is not None and self.isAncestorOf(focus)
        self.hide()
        if has_focus and before is not None and isValid(before) and before.isVisible():
            before.setFocus()

    @property
    def panel(self) -> QueuePanel:
        """The panel, created on first use."""
        if self._panel is None:
            from studio.ui.queue.panel import QueuePanel

            self._panel = QueuePanel(self._shared)
            self._panel.edit_requested.connect(self.edit_requested)
            self._panel.result_requested.connect(self.result_requested)
            scroll = FittedScrollArea(self._panel, MIN_HEIGHT, grows=True)
            scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
            self.setWidget(scroll)
        return self._panel

    def cancel_waiting(self) -> None:
        """Cancel all waiting jobs."""
        self.panel.job_actions.cancel_waiting()

    def clear_finished(self) -> None:
        """Remove all jobs that are over from the list."""
        self.panel.job_actions.clear_finished()

    def showEvent(self, event: QShowEvent) -> None:
        """Create the panel."""
        self.panel.setVisible(True)
        super().showEvent(event)
        self.shown_changed.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Report that the table is hidden."""
        super().hideEvent(event)
        self.shown_changed.emit(not self.isHidden())  # minimizing the window hides it, too
