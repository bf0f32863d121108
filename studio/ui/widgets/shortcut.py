"""Shortcuts that act where the focus is, not in the whole window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget


def shortcut_within(widget: QWidget, keys: str, slot: Callable[[], object]) -> QShortcut:
    """Call `slot` when the keys are pressed in the widget or one of its children."""
    shortcut = QShortcut(QKeySequence(keys), widget, slot)
    # PySide6 ignores `context` as an argument next to a slot: the whole window would have the keys.
    shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
    return shortcut
