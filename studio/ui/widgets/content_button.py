"""The button that takes the value of a field from a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QLineEdit, QToolButton, QWidget

from studio.core.requests.json_schema import read_schema
from studio.core.translation import tr
from studio.ui import background
from studio.ui.widgets.factory import name_control
from studio.ui.widgets.icons import set_icon

_LINE_BREAKS = dict.fromkeys(map(ord, "\r\n\t"), " ")
"""A line shows none, and JSON has none inside its texts."""


def open_button(title: str, editor: QWidget, show_problem: Callable[[str], None]) -> QToolButton:
    """Return a button that reads a file of JSON into a line; `show_problem` gets why it cannot."""
    assert isinstance(editor, QLineEdit)
    button = QToolButton()
    set_icon(button, "folder")
    name_control(button, tr("Open a file for {title}", title=title), tr("Take it from a JSON file"))

    def ask() -> None:
        patterns = f"{tr('JSON ({patterns})', patterns='*.json')};;{tr('All (*)')}"
        name, _filter = QFileDialog.getOpenFileName(
            button.window(), title, str(Path.home()), patterns
        )
        if name:
            background.run(button, lambda: read_schema(name, Path()), read, failed)

    def read(text: object) -> None:
        show_problem("")
        editor.setText(str(text).translate(_LINE_BREAKS))

    def failed(error: Exception) -> None:
        if not isinstance(error, (OSError, ValueError)):
            raise error
        reason = (error.strerror if isinstance(error, OSError) else None) or tr("it is not UTF-8")
        show_problem(tr("The file cannot be read: {reason}", reason=reason))

    button.clicked.connect(ask)
    return button
