"""The base of the batch dialog's pages: titled fields in a grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QWidget,
)

from studio.ui.widgets.factory import label, name_control


class Page(QWidget):
    """A page of titled fields; its `options` are arguments of `read_batch`."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.grid = QGridLayout(self)
        self.grid.setContentsMargins(10, 8, 10, 10)
        self.grid.setHorizontalSpacing(12)
        self.grid.setVerticalSpacing(3)
        # Keep free space at the bottom.
        self.grid.setRowStretch(9, 1)

    def add(
        self, title: str, widget: QWidget, line: int, column: int, columns: int = 1, rows: int = 1
    ) -> None:
        """Place a field with its title above it, into a cell of the page."""
        name = label(title, "muted")
        name.setBuddy(widget)
        self.grid.addWidget(name, 2 * line, column, 1, columns)
        self.grid.addWidget(widget, 2 * line + 1, column, 2 * rows - 1, columns)

    def emit_changed_on(self, *signals: Any) -> None:
        """Emit `changed` on each of these signals."""
        for signal in signals:
            signal.connect(lambda *_values: self.changed.emit())


def combo_box(entries: Mapping[str, str], name: str, tip: str) -> QComboBox:
    """Create a combo box of value → title."""
    box = QComboBox()
    for value, title in entries.items():
        box.addItem(title, value)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    name_control(box, name, tip)
    return box
