"""The button that takes the value of a field from a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QLineEdit, QToolButton, QWidget

from studio.core.requests import FieldInfo
from studio.core.requests.json_schema import read_schema
from studio.core.requests.prompt_syntax.pronunciations import read_pronunciations
from studio.core.translation import tr
from studio.ui import background
from studio.ui.widgets.factory import name_control
from studio.ui.widgets.icons import set_icon

_LINE_BREAKS = dict.fromkeys(map(ord, "\r\n\t"), " ")
"""A line shows none, and JSON has none inside its texts."""


def open_button(
    info: FieldInfo, editor: QWidget, show_problem: Callable[[str], None]
) -> QToolButton:
    """Return a button that reads a file into the line of a field.

    The file holds JSON or pronunciations; `show_problem` gets why it cannot be read.
    """
    assert isinstance(editor, QLineEdit)
    title, is_json = info.title, (info.meta.extra or {}).get("content") is True
    tip = tr("Take it from a JSON file") if is_json else tr("Take it from a text file")
    read_file = read_schema if is_json else read_pronunciations
    button = QToolButton()
    set_icon(button, "folder")
    name_control(button, tr("Open a file for {title}", title=title), tip)

    def ask() -> None:
        text = tr("Text ({patterns})", patterns="*.txt *.csv *.tsv")
        patterns = tr("JSON ({patterns})", patterns="*.json") if is_json else text
        patterns = f"{patterns};;{tr('All (*)')}"
        name, _filter = QFileDialog.getOpenFileName(
            button.window(), title, str(Path.home()), patterns
        )
        if name:
            background.run(button, lambda: read_file(name, Path()), read, failed)

    def read(text: object) -> None:
        show_problem("")
        joined = str(text) if is_json else "; ".join(filter(None, str(text).splitlines()))
        editor.setText(joined.translate(_LINE_BREAKS))

    def failed(error: Exception) -> None:
        if not isinstance(error, (OSError, ValueError)):
            raise error
        reason = (error.strerror if isinstance(error, OSError) else None) or tr("it is not UTF-8")
        show_problem(tr("The file cannot be read: {reason}", reason=reason))

    button.clicked.connect(ask)
    return button
