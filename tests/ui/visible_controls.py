"""Find controls of a window or dialog that a user cannot see whole.

Used by `test_fits_screens.py`, in a fresh process with a screen of the size to check.
"""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QTabBar,
    QWidget,
)

CONTROLS = (QAbstractButton, QComboBox, QLineEdit, QAbstractSpinBox, QPlainTextEdit)
IGNORED = QSizePolicy.Policy.Ignored
SLACK = 1
"""Pixels that rounding may take."""


def hidden_controls(window: QWidget) -> list[str]:
    """Describe each control that is cut off by the window or by a parent that does not scroll."""
    return [
        f"{type(control).__name__} {name_of(control)!r}: {problem}"
        for control in controls(window)
        if (problem := problem_of(control, window))
    ]


def controls(window: QWidget) -> Iterator[QWidget]:
    """Yield the visible controls that belong to a layout."""
    for control in window.findChildren(QWidget):
        parent = control.parentWidget()
        if (
            isinstance(control, CONTROLS)
            and control.isVisible()
            and control.window() is window
            and not isinstance(parent, (*CONTROLS, QAbstractItemView, QTabBar))
        ):
            yield control


def name_of(control: QWidget) -> str:
    """Return what a user calls a control."""
    text = control.text() if isinstance(control, (QAbstractButton, QLineEdit)) else ""
    return control.accessibleName() or text or control.objectName()


def problem_of(control: QWidget, window: QWidget) -> str:
    """Return why a control cannot be seen whole, even by scrolling, or ""."""
    least = min(control.minimumSizeHint().width(), control.maximumWidth())
    if control.width() + SLACK < least and control.sizePolicy().horizontalPolicy() is not IGNORED:
        return f"squeezed to {control.width()} of {least} pixels"
    scrolls_down = scrolls_across = False
    parent = control.parentWidget()
    while parent is not None:
        outer = parent.parentWidget()
        if isinstance(outer, QAbstractScrollArea) and parent is outer.viewport():
            scrolls_down = scrolls_down or outer.verticalScrollBar().maximum() > 0
            scrolls_across = scrolls_across or outer.horizontalScrollBar().maximum() > 0
        area = QRect(control.mapTo(parent, QPoint()), control.size())
        room = parent.rect().adjusted(-SLACK, -SLACK, SLACK, SLACK)
        if not scrolls_across and not (room.left() <= area.left() and area.right() <= room.right()):
            return f"cut off at the side: {area.getRect()} in {room.getRect()}"
        if not scrolls_down and not (room.top() <= area.top() and area.bottom() <= room.bottom()):
            return f"cut off above or below: {area.getRect()} in {room.getRect()}"
        if parent is window:
            break
        parent = outer
    return ""
