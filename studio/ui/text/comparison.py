"""A window with two texts in columns, whose different words are marked."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from studio.core.translation import tr
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.library.compare.texts import MAX_WORDS, TextComparison
from studio.ui.widgets.factory import button, label, row


def show_comparison(parent: QWidget, texts: Sequence[str], names: Sequence[str]) -> QDialog:
    """Show texts side by side."""
    dialog = QDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(tr("Compare"))
    layout = QVBoxLayout(dialog)
    layout.addWidget(TextComparison(texts, names), 1)
    note = tr("Differences are marked in the first {count:,} words.", count=MAX_WORDS)
    close = button(tr("Close"), tr("Close this window"), dialog.close)
    layout.addWidget(row(label(note, "muted"), None, close))
    resize_to_fit(dialog, 980, 620)
    dialog.show()
    return dialog
