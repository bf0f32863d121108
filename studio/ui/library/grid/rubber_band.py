"""The rectangle that selects the items of the library it touches."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QTimer, Signal
from PySide6.QtWidgets import QAbstractScrollArea, QRubberBand

_SCROLL_MS = 30
_MAX_STEP = 60
"""Pixels that one step scrolls at most."""


class RubberBand(QRubberBand):
    """Follows the mouse; scrolls while the mouse is above or below the view."""

    changed = Signal(QRect)
    """The rectangle in coordinates of the content."""

    def __init__(self, view: QAbstractScrollArea) -> None:
        super().__init__(QRubberBand.Shape.Rectangle, view.viewport())
        self._view = view
        self._origin = QPoint()
        self._mouse = QPoint()
        self._timer = QTimer(self)
        self._timer.setInterval(_SCROLL_MS)
        self._timer.timeout.connect(self._scroll)
        view.verticalScrollBar().valueChanged.connect(self._update)

    @property
    def is_active(self) -> bool:
        """True between `start` and `stop`."""
        return self._timer.isActive()

    def start(self, place: QPoint) -> None:
        """Begin at a place of the viewport."""
        self._origin = self._content(place)
        self._mouse = place
        self._timer.start()

    def move_mouse(self, place: QPoint) -> None:
        """Extend to a place of the viewport, which may be outside."""
        self._mouse = place
        self._update()

    def stop(self) -> None:
        """Hide the rectangle."""
        self._timer.stop()
        self.hide()

    def _content(self, place: QPoint) -> QPoint:
        return place + QPoint(0, self._view.verticalScrollBar().value())

    def _update(self) -> None:
        if not self.is_active:
            return
        area = QRect(self._origin, self._content(self._mouse)).normalized()
        self.setGeometry(area.translated(0, -self._view.verticalScrollBar().value()))
        self.show()
        self.changed.emit(area)

    def _scroll(self) -> None:
        below = self._mouse.y() - self._view.viewport().height()
        distance = max(0, below) + min(0, self._mouse.y())
        if distance:
            bar = self._view.verticalScrollBar()
            bar.setValue(bar.value() + max(-_MAX_STEP, min(_MAX_STEP, distance)))
