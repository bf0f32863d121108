"""The dialog that changes one row of a batch; the file stays as it is."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from studio.batch.tables.columns import is_prompt
from studio.core.translation import tr
from studio.ui.desktop.screens import resize_to_fit
from studio.ui.widgets.factory import button, label, name_control, row, text_editor
from studio.ui.widgets.plain_editor import PlainEditor

PROMPT_HEIGHT = 120
SIZE = (560, 420)


class RowEditor(QDialog):
    """Shows every value of a row in an editor of its own."""

    def __init__(self, line: int, values: Mapping[str, str], problem: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Row in line {line}", line=line))
        self.setModal(True)
        resize_to_fit(self, *SIZE)
        self.editors: dict[str, QLineEdit | PlainEditor] = {}
        content = QWidget()
        grid = QGridLayout(content)
        for number, (name, value) in enumerate(values.items()):
            title = label(name, "muted")
            editor = self.editors[name] = _create_editor(name, value)
            title.setBuddy(editor)
            grid.addWidget(title, number, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(editor, number, 1)
        grid.setRowStretch(len(values), 1)
        scroll = QScrollArea()
        scroll.setWidget(content)
        scroll.setWidgetResizable(True)
        layout = QVBoxLayout(self)
        if problem:
            layout.addWidget(label(problem, "error", wrap=True))
        layout.addWidget(scroll, 1)
        layout.addWidget(label(tr("Only this run changes; the file stays as it is."), "muted"))
        self.accept_button = button(tr("Change"), tr("Use these values"), self.accept, primary=True)
        self.accept_button.setDefault(True)
        cancel = button(tr("Cancel"), tr("Keep the row as it was"), self.reject)
        layout.addWidget(row(None, cancel, self.accept_button))

    def values(self) -> dict[str, str]:
        """Return the values, without empty ones that the row did not have."""
        return {
            name: editor.text() if isinstance(editor, QLineEdit) else editor.toPlainText()
            for name, editor in self.editors.items()
        }


def _create_editor(name: str, value: str) -> QLineEdit | PlainEditor:
    if is_prompt(name) or "\n" in value:
        area = text_editor(name, "", PROMPT_HEIGHT)
        area.setPlainText(value)
        return area
    line = QLineEdit(value)
    name_control(line, name, "")
    return line
