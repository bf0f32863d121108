"""The queue's dock. What is in it is made when it is shown first, so that the window is there
sooner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDockWidget

from studio.ui.app_state import AppState
from studio.ui.desktop.screens import Scroll

if TYPE_CHECKING:
    from studio.ui.queue.panel import QueuePanel


LEAST_HEIGHT = 64


class QueueDock(QDockWidget):
    """Holds the `QueuePanel`."""

    edit_wanted = Signal(object)
    """Job: a waiting one that the person wants to change."""

    def __init__(self, shared: AppState) -> None:
        super().__init__("Queue")
        self.setObjectName("queue")
        self._shared = shared
        self._panel: QueuePanel | None = None

    @property
    def panel(self) -> QueuePanel:
        """The table and its buttons."""
        if self._panel is None:
            from studio.ui.queue.panel import QueuePanel

            self._panel = QueuePanel(self._shared)
            self._panel.edit_wanted.connect(self.edit_wanted)
            scroll = Scroll(self._panel, LEAST_HEIGHT, grows=True)
            scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
            self.setWidget(scroll)
        return self._panel

    def showEvent(self, event: QShowEvent) -> None:
        """Make what is in it."""
        self.panel.setVisible(True)
        super().showEvent(event)
