"""A form built from a request's fields, with the limits and titles that the CLI has too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QEvent, QObject, QRegularExpression, Qt, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.core.errors import Problem
from studio.core.requests import FieldInfo, Request, fields
from studio.ui.widgets.factory import label, name_control, restyle, row
from studio.ui.widgets.icons import set_icon

COLUMNS = 2
Editor = QLineEdit | QSpinBox | QDoubleSpinBox | QComboBox
_LARGEST_SPIN = 2**31 - 1


class WheelGuard(QObject):
    """Event filter: the mouse wheel changes a field only if it has the focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ignore wheel events of fields without the focus, so that the form scrolls."""
        if (
            event.type() == QEvent.Type.Wheel
            and isinstance(watched, QWidget)
            and not watched.hasFocus()
        ):
            event.ignore()
            return True
        return False


class Field(QWidget):
    """One field: title, editor, and an error message below."""

    changed = Signal()

    def __init__(self, info: FieldInfo, guard: QObject) -> None:
        super().__init__()
        self.info = info
        self._title = label(info.meta.title or info.name, "muted")
        self.editor = _create_editor(info)
        self.editor.installEventFilter(guard)
        self.editor.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        name_control(self.editor, info.meta.title or info.name, info.meta.description or "")
        self._title.setBuddy(self.editor)
        self._problem = label(role="error", wrap=True)
        self._problem.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self._title)
        layout.addWidget(row(self.editor, *self._extra_buttons(), spacing=4))
        layout.addWidget(self._problem)
        layout.addStretch(1)
        _changed_signal(self.editor).connect(lambda *_value: self.changed.emit())

    def _extra_buttons(self) -> list[QWidget]:
        if self.info.name != "seed":
            return []
        clear = QToolButton()
        set_icon(clear, "dice")
        name_control(clear, "New random seed", "Clear the field; every job then draws a new seed")
        clear.clicked.connect(lambda: self.set_value(None))
        return [clear]

    def value(self) -> Any:
        """Return the value for `build_request`; None if empty."""
        editor = self.editor
        if isinstance(editor, QComboBox):
            return editor.currentData()
        if isinstance(editor, (QSpinBox, QDoubleSpinBox)):
            return editor.value()
        text = editor.text().strip()
        return text if self.info.type is str and not self.info.optional else text or None

    def set_value(self, value: Any) -> None:
        """Show a value; ignore one that the editor cannot show."""
        editor = self.editor
        if isinstance(editor, QComboBox):
            # findData raises OverflowError for an int over 64 bits.
            index = editor.findData(value) if isinstance(value, str) else -1
            if index >= 0:
                editor.setCurrentIndex(index)
        elif isinstance(editor, QSpinBox) and isinstance(value, (int, float)):
            # setValue raises OverflowError for an int over 32 bits.
            editor.setValue(int(max(editor.minimum(), min(editor.maximum(), value))))
        elif isinstance(editor, QDoubleSpinBox) and isinstance(value, (int, float)):
            editor.setValue(float(max(editor.minimum(), min(editor.maximum(), value))))
        elif isinstance(editor, QLineEdit) and isinstance(value, (str, int, float, type(None))):
            editor.setText("" if value is None else str(value))

    def set_problem(self, message: str) -> None:
        """Mark the field as wrong and show why; an empty message removes the mark."""
        self._problem.setText(message)
        self._problem.setVisible(bool(message))
        if bool(self.editor.property("wrong")) != bool(message):
            self.editor.setProperty("wrong", bool(message))
            restyle(self.editor)


def _create_editor(info: FieldInfo) -> Editor:
    meta, extra = info.meta, info.meta.extra or {}
    if info.choices:
        combo = QComboBox()
        for choice in info.choices:
            combo.addItem(choice or "Model's own", choice)
        return combo
    whole = info.type is int and not info.optional and (meta.le or 0) <= _LARGEST_SPIN
    if whole:
        spin = QSpinBox()
        spin.setRange(int(meta.ge or 0), int(meta.le if meta.le is not None else _LARGEST_SPIN))
        spin.setSingleStep(int(extra.get("step", 1)))
        return _configure_spin(spin, info)
    if info.type is float and not info.optional:
        double = QDoubleSpinBox()
        double.setDecimals(2)
        low = meta.ge if meta.ge is not None else (meta.gt or 0) + 0.01
        double.setRange(float(low), float(meta.le if meta.le is not None else 1e9))
        double.setSingleStep(float(extra.get("step", 0.1)))
        return _configure_spin(double, info)
    line = QLineEdit()
    if info.type is int:
        line.setValidator(QRegularExpressionValidator(QRegularExpression("[0-9]{0,10}"), line))
        line.setPlaceholderText("random")
    return line


def _configure_spin(spin: QSpinBox | QDoubleSpinBox, info: FieldInfo) -> Editor:
    unit = str((info.meta.extra or {}).get("unit", ""))
    spin.setSuffix(f" {unit}" if unit else "")
    spin.setSpecialValueText(str((info.meta.extra or {}).get("lowest", "")))
    spin.lineEdit().setTextMargins(6, 0, 6, 0)
    spin.setValue(info.default)
    return spin


def _changed_signal(editor: Editor) -> Any:
    if isinstance(editor, QComboBox):
        return editor.currentIndexChanged
    return editor.textChanged if isinstance(editor, QLineEdit) else editor.valueChanged


class RequestForm(QWidget):
    """The fields of a request type in two columns, without those in `skip`."""

    changed = Signal()

    def __init__(self, request_type: type[Request], skip: Iterable[str] = ()) -> None:
        super().__init__()
        skipped = set(skip)
        self._guard = WheelGuard(self)
        self._edited: set[str] = set()
        self._applying_defaults = False
        self.fields: dict[str, Field] = {}
        self._unused: frozenset[str] = frozenset()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(10)
        for info in fields(request_type):
            if info.name in skipped:
                continue
            field = Field(info, self._guard)
            self.fields[info.name] = field
            field.changed.connect(lambda name=info.name: self._on_field_changed(name))
        for column in range(COLUMNS):
            self._grid.setColumnStretch(column, 1)
        self._arrange()

    def _arrange(self) -> None:
        """Lay out the fields that the model uses; hide the others."""
        for field in self.fields.values():
            self._grid.removeWidget(field)
        used = [field for name, field in self.fields.items() if name not in self._unused]
        for index, field in enumerate(used):
            self._grid.addWidget(field, index // COLUMNS, index % COLUMNS)
        for name, field in self.fields.items():
            field.setVisible(name not in self._unused)

    def hide_fields(self, unused: Iterable[str]) -> None:
        """Hide the fields that the model does not use; they keep the request's defaults."""
        if frozenset(unused) != self._unused:
            self._unused = frozenset(unused)
            self._arrange()

    def values(self) -> dict[str, Any]:
        """Return the values of all fields for `build_request`."""
        return {
            name: field.info.default if name in self._unused else field.value()
            for name, field in self.fields.items()
        }

    def set_values(self, values: dict[str, Any]) -> None:
        """Set fields as a user's edit does; ignore unknown names."""
        for name, value in values.items():
            if name in self.fields:
                self.fields[name].set_value(value)

    def set_defaults(self, values: dict[str, Any]) -> None:
        """Set a model's defaults in the fields that the user has not edited."""
        self._applying_defaults = True
        for name, field in self.fields.items():
            if name not in self._edited:
                field.set_value(values.get(name, field.info.default))
        self._applying_defaults = False
        self.changed.emit()

    def set_problems(self, problems: Iterable[Problem]) -> list[Problem]:
        """Mark wrong fields; return the problems of fields that are not in this form."""
        by_name = {problem.field: problem.message for problem in problems}
        for name, field in self.fields.items():
            field.set_problem(by_name.pop(name, ""))
        return [Problem(name, message) for name, message in by_name.items()]

    def is_edited(self, name: str) -> bool:
        """True if the user changed the field."""
        return name in self._edited

    def reset_edited(self) -> None:
        """Let every field take the model's defaults again."""
        self._edited.clear()

    def _on_field_changed(self, name: str) -> None:
        if not self._applying_defaults:
            self._edited.add(name)
            self.changed.emit()
