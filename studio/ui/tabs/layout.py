"""The layout of a tab: the form on the left, the result on the right."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QSplitter, QVBoxLayout, QWidget

FORM_WIDTH = 400
MIN_FORM_WIDTH = 300
RESULT_WIDTH = 880


def column(
    *widgets: QWidget, margins: tuple[int, int, int, int] = (0, 0, 0, 0), spacing: int = 0
) -> tuple[QWidget, QVBoxLayout]:
    """Return a widget that holds others one below the other, and its layout."""
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(*margins)
    layout.setSpacing(spacing)
    for widget in widgets:
        layout.addWidget(widget)
    return holder, layout


def form_side(top: QWidget, form: Sequence[QWidget], bottom: Sequence[QWidget]) -> QWidget:
    """Return the left side: `form` scrolls between `top` and `bottom`."""
    content, layout = column(*form, margins=(16, 12, 16, 12), spacing=8)
    layout.addStretch(1)
    scroll = QScrollArea()
    scroll.setWidget(content)
    scroll.setWidgetResizable(True)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    side, outer = column(top)
    outer.addWidget(scroll, 1)
    for widget in bottom:
        outer.addWidget(widget)
    side.setMinimumWidth(MIN_FORM_WIDTH)
    return side


def lay_out(tab: QWidget, left: QWidget, right: QWidget) -> None:
    """Put both sides into a tab, with a splitter between them."""
    splitter = QSplitter(Qt.Orientation.Horizontal)
    splitter.addWidget(left)
    splitter.addWidget(right)
    splitter.setSizes([FORM_WIDTH, RESULT_WIDTH])
    splitter.setStretchFactor(1, 1)
    splitter.setChildrenCollapsible(False)
    layout = QVBoxLayout(tab)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(splitter)


def below_advice(advice: QLabel, bottom: QWidget) -> QWidget:
    """Return advice about the prompt above the bottom of a form.

    Outside the part that scrolls, where a wrapped line would move the fields during typing.
    """
    advice.setContentsMargins(16, 4, 16, 0)
    return column(advice, bottom)[0]
