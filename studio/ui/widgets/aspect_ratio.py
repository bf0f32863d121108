"""Chooses an aspect ratio, and swaps width and height."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QToolButton, QVBoxLayout, QWidget

from studio.core.translation import tr
from studio.ui.widgets.factory import label, name_control, row
from studio.ui.widgets.icons import set_icon

RATIOS = ((1, 1), (5, 4), (4, 3), (3, 2), (16, 9), (21, 9), (4, 5), (3, 4), (2, 3), (9, 16))
TOLERANCE = 0.03
"""Sizes are multiples of 8 or more, so that few have exactly the ratio."""


class AspectRatio(QWidget):
    """A list of ratios with the one of the current size, and a button that swaps the sides."""

    ratio_requested = Signal(int, int)
    """The user chose width : height."""
    swap_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.list = QComboBox()
        name_control(
            self.list, tr("Aspect ratio"), tr("Width to height; keeps the number of pixels")
        )
        self.list.addItem(tr("Custom"), None)
        for width, height in RATIOS:
            self.list.addItem(f"{width}:{height}", (width, height))
        self.swap = QToolButton()
        set_icon(self.swap, "swap")
        name_control(
            self.swap, tr("Swap width and height"), tr("Turn portrait into landscape, or back")
        )
        title = label(tr("Aspect ratio"), "muted")
        title.setBuddy(self.list)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(row(title, None, self.list, self.swap))
        self.list.activated.connect(self._on_activated)
        self.swap.clicked.connect(self.swap_requested.emit)

    def show_size(self, width: int, height: int) -> None:
        """Show the ratio of a size; "Custom" if the list lacks it."""
        ratio = width / max(1, height)
        found = [
            number
            for number, (wide, high) in enumerate(RATIOS, 1)
            if abs(ratio / (wide / high) - 1) <= TOLERANCE
        ]
        self.list.setCurrentIndex(found[0] if found else 0)
        self.swap.setEnabled(width != height)

    def _on_activated(self, number: int) -> None:
        if number > 0:
            self.ratio_requested.emit(*RATIOS[number - 1])
