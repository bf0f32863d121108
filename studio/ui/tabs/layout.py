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
    layout = _vertical(holder, margins, spacing)
    for widget in widgets:
        layout.addWidget(widget)
    return holder, layout


def _vertical(
    holder: QWidget, margins: tuple[int, int, int, int] = (0, 0, 0, 0), spacing: int = 0
) -> QVBoxLayout:
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(*margins)
    layout.setSpacing(spacing)
    return layout


def form_side(
    parent: QWidget, top: QWidget, form: Sequence[QWidget], bottom: Sequence[QWidget]
) -> QWidget:
    """Return the left side: `form` scrolls between `top` and `bottom`.

    The outer widgets get their parents first. When a widget gets another parent, Qt computes the
    style of everything in it again (see `theme.add_style_sheet`).
    """
    side = QWidget(parent)
    side.setMinimumWidth(MIN_FORM_WIDTH)
    outer = _vertical(side)
    outer.addWidget(top)
    scroll = QScrollArea()
    outer.addWidget(scroll, 1)
    scroll.setWidgetResizable(True)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    content = QWidget()
    scroll.setWidget(content)
    layout = _vertical(content, (16, 12, 16, 12), 8)
    for widget in form:
        layout.addWidget(widget)
    layout.addStretch(1)
    for widget in bottom:
        outer.addWidget(widget)
    return side


def add_splitter(tab: QWidget) -> QSplitter:
    """Add the splitter to a tab; `place_sides` completes it."""
    splitter = QSplitter(Qt.Orientation.Horizontal)
    _vertical(tab).addWidget(splitter)
    return splitter


def place_sides(splitter: QSplitter, left: QWidget, right: QWidget) -> None:
    """Put both sides of a tab into its splitter."""
    splitter.addWidget(left)
    splitter.addWidget(right)
    splitter.setSizes([FORM_WIDTH, RESULT_WIDTH])
    splitter.setStretchFactor(1, 1)
    splitter.setChildrenCollapsible(False)


def below_advice(advice: QLabel, bottom: QWidget) -> QWidget:
    """Return advice about the prompt above the bottom of a form.

    Outside the part that scrolls, where a wrapped line would move the fields during typing.
    """
    advice.setContentsMargins(16, 4, 16, 0)
    return column(advice, bottom)[0]
