"""The fields of a guided task's form: texts, choices and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from studio.core.translation import mark, tr, tr_marked
from studio.ui.widgets.factory import button, label, name_control, restyle, row, text_editor

if TYPE_CHECKING:
    from studio.text_tasks.task import TaskField as Definition

LINE_CHARACTERS = 500
"""Texts of at most so many characters are entered on one line."""
MAIN_HEIGHT = 110
HEIGHT = 56
MAX_EDITED = 50_000
"""Characters; a longer text is not put into the editor, but kept as it is."""


class TaskField(QWidget):
    """A field with its title and problem."""

    changed = Signal()

    def __init__(self, definition: Definition, editor: QWidget, *, title_first: bool) -> None:
        super().__init__()
        self.definition = definition
        self.editor = editor
        title = tr_marked(definition.title)
        name_control(editor, title, tr_marked(definition.description) or title)
        self._title = label(title, "muted", wrap=True)
        self._title.setBuddy(editor)
        self._problem = label(role="error", wrap=True)
        self._problem.hide()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(3)
        if title_first:
            self.column.addWidget(self._title)
            self.column.addWidget(editor)
        else:
            self.column.addWidget(row(self._title, editor))
        self.column.addWidget(self._problem)

    def value(self) -> str:
        """Return what the user entered; empty for the default."""
        raise NotImplementedError

    def set_value(self, value: str) -> None:
        """Show a value; ignore an invalid one."""
        raise NotImplementedError

    def show_problem(self, message: str) -> None:
        """Mark the field as wrong and show why; an empty message removes the mark."""
        self._problem.setText(message)
        self._problem.setVisible(bool(message))
        if bool(self.editor.property("wrong")) != bool(message):
            self.editor.setProperty("wrong", bool(message))
            restyle(self.editor)


class LineField(TaskField):
    """A short text."""

    def __init__(self, definition: Definition) -> None:
        self._line = QLineEdit()
        super().__init__(definition, self._line, title_first=True)
        self._line.setPlaceholderText(tr_marked(definition.description))
        self._line.textChanged.connect(lambda _text: self.changed.emit())

    def value(self) -> str:
        """See `TaskField`."""
        return self._line.text()

    def set_value(self, value: str) -> None:
        """See `TaskField`."""
        self._line.setText(value)


class TextField(TaskField):
    """A long text. A very long one is held without being edited, and its name is shown."""

    def __init__(self, definition: Definition, *, is_main: bool) -> None:
        height = MAIN_HEIGHT if is_main else HEIGHT
        self.text_editor = text_editor("", tr_marked(definition.description), height)
        super().__init__(definition, self.text_editor, title_first=True)
        self._held = ""
        self._held_label = label(wrap=True)
        remove = button(
            tr("Remove"), tr("Take the document out of the form"), lambda: self.set_value("")
        )
        self._held_row = row(self._held_label, None, remove)
        self._held_row.hide()
        self.column.insertWidget(2, self._held_row)
        self.text_editor.textChanged.connect(self.changed)

    def value(self) -> str:
        """See `TaskField`."""
        return self._held or self.text_editor.toPlainText()

    def set_value(self, value: str) -> None:
        """See `TaskField`."""
        self.hold(value, "")

    def hold(self, text: str, name: str) -> None:
        """Take a text of any length; `name` describes where it comes from."""
        self._held = text if len(text) > MAX_EDITED else ""
        is_held = bool(self._held)
        self._held_row.setVisible(is_held)
        self.text_editor.setVisible(not is_held)
        if is_held:
            count = tr("{count:,} characters", count=len(text))
            self._held_label.setText(f"{name} · {count}" if name else count)
            self.changed.emit()
        elif text != self.text_editor.toPlainText():
            self.text_editor.replace_text(text)
        else:
            self.changed.emit()


class ChoiceField(TaskField):
    """One of several values."""

    def __init__(self, definition: Definition) -> None:
        self._combo = QComboBox()
        super().__init__(definition, self._combo, title_first=False)
        for choice in definition.choices:
            self._combo.addItem(tr_marked(choice, "choice"), choice)
        self.set_value(str(definition.default))
        self._combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._combo.currentIndexChanged.connect(lambda _index: self.changed.emit())

    def value(self) -> str:
        """See `TaskField`."""
        return str(self._combo.currentData())

    def set_value(self, value: str) -> None:
        """See `TaskField`."""
        index = self._combo.findData(value or str(self.definition.default))
        if index >= 0:
            self._combo.setCurrentIndex(index)


class NumberField(TaskField):
    """A whole number, which follows a choice that sets it until the user enters one."""

    def __init__(self, definition: Definition) -> None:
        self._spin = QSpinBox()
        super().__init__(definition, self._spin, title_first=False)
        self._spin.setRange(definition.at_least or 0, definition.at_most or 0)
        self._spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._spin.lineEdit().setTextMargins(6, 0, 6, 0)
        self._preset = int(definition.default)
        self._spin.setValue(self._preset)
        self._spin.valueChanged.connect(lambda _value: self.changed.emit())

    def value(self) -> str:
        """See `TaskField`."""
        number = self._spin.value()
        return "" if number == self._preset else str(number)

    def set_value(self, value: str) -> None:
        """See `TaskField`."""
        self._spin.setValue(int(value) if value.isdecimal() else self._preset)

    def follow(self, number: int | None) -> None:
        """Show the number that a choice sets, or the default, unless the user entered one."""
        is_entered = bool(self.value())
        self._preset = int(self.definition.default) if number is None else number
        if not is_entered:
            self._spin.setValue(self._preset)


class StepField(TaskField):
    """What the model writes of a story. Its parts are written again in the story's own view."""

    def __init__(self, definition: Definition) -> None:
        self._combo = QComboBox()
        super().__init__(definition, self._combo, title_first=False)
        self._title.setText(tr("Write"))
        name_control(
            self._combo,
            tr("Write"),
            tr("Begin with the outline, to edit it before the scenes are written"),
        )
        for step, title in _STEPS.items():
            self._combo.addItem(tr_marked(title), step)
        self._combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._combo.currentIndexChanged.connect(lambda _index: self.changed.emit())

    def value(self) -> str:
        """See `TaskField`."""
        return str(self._combo.currentData())

    def set_value(self, value: str) -> None:
        """See `TaskField`. A single part that a job wrote is no value of the form."""
        self._combo.setCurrentIndex(max(0, self._combo.findData(value)))


_STEPS = {"outline": mark("The outline only"), "all": mark("Everything that is missing")}


def create_field(definition: Definition, guard: QObject, *, is_main: bool) -> TaskField:
    """Create the field of a definition. `guard` keeps the wheel from changing it."""
    field: TaskField
    if definition.type == "choice":
        field = ChoiceField(definition)
    elif definition.type == "number":
        field = NumberField(definition)
    elif definition.name == "step":
        field = StepField(definition)
    elif not is_main and 0 < (definition.at_most or 0) <= LINE_CHARACTERS:
        field = LineField(definition)
    else:
        field = TextField(definition, is_main=is_main)
    field.editor.installEventFilter(guard)
    return field
