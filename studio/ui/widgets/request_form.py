"""A form built from a request's fields: the same limits, titles and descriptions that the command
line and batch files have.
"""

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
    """Scrolling past a field must not change it: the wheel turns only the field that has the
    focus.
    """

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Pass a wheel's turn on where the field has not the focus."""
        if (
            event.type() == QEvent.Type.Wheel
            and isinstance(watched, QWidget)
            and not watched.hasFocus()
        ):
            event.ignore()
            return True
        return False


class Field(QWidget):
    """One field: its title, its editor, and under it what is wrong."""

    changed = Signal()

    def __init__(self, info: FieldInfo, guard: QObject) -> None:
        super().__init__()
        self.info = info
        self._title = label(info.meta.title or info.name, "muted")
        self.editor = _make_editor(info)
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
        layout.addWidget(row(self.editor, *self._extras(), spacing=4))
        layout.addWidget(self._problem)
        layout.addStretch(1)
        _changed_signal(self.editor).connect(lambda *_value: self.changed.emit())

    def _extras(self) -> list[QWidget]:
        if self.info.name != "seed":
            return []
        clear = QToolButton()
        set_icon(clear, "dice")
        name_control(clear, "Draw a new seed", "Empty the field, so that each job draws a new seed")
        clear.clicked.connect(lambda: self.set_value(None))
        return [clear]

    def value(self) -> Any:
        """Return what `build_request` reads; None for empty."""
        editor = self.editor
        if isinstance(editor, QComboBox):
            return editor.currentData()
        if isinstance(editor, (QSpinBox, QDoubleSpinBox)):
            return editor.value()
        text = editor.text().strip()
        return text if self.info.type is str and not self.info.optional else text or None

    def set_value(self, value: Any) -> None:
        """Show a value; one that cannot be shown is passed over."""
        editor = self.editor
        if isinstance(editor, QComboBox):
            index = (
                editor.findData(value) if isinstance(value, str) else -1
            )  # a number over 64 bits raises OverflowError
            if index >= 0:
                editor.setCurrentIndex(index)
        elif isinstance(editor, QSpinBox) and isinstance(value, (int, float)):
            editor.setValue(
                int(max(editor.minimum(), min(editor.maximum(), value)))
            )  # more than 32 bits raise OverflowError
        elif isinstance(editor, QDoubleSpinBox) and isinstance(value, (int, float)):
            editor.setValue(float(max(editor.minimum(), min(editor.maximum(), value))))
        elif isinstance(editor, QLineEdit) and isinstance(value, (str, int, float, type(None))):
            editor.setText("" if value is None else str(value))

    def set_problem(self, message: str) -> None:
        """Mark the field and say why; an empty message takes the mark away."""
        self._problem.setText(message)
        self._problem.setVisible(bool(message))
        if bool(self.editor.property("wrong")) != bool(message):
            self.editor.setProperty("wrong", bool(message))
            restyle(self.editor)


def _make_editor(info: FieldInfo) -> Editor:
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
        return _dress_spin(spin, info)
    if info.type is float and not info.optional:
        double = QDoubleSpinBox()
        double.setDecimals(2)
        low = meta.ge if meta.ge is not None else (meta.gt or 0) + 0.01
        double.setRange(float(low), float(meta.le if meta.le is not None else 1e9))
        double.setSingleStep(float(extra.get("step", 0.1)))
        return _dress_spin(double, info)
    line = QLineEdit()
    if info.type is int:
        line.setValidator(QRegularExpressionValidator(QRegularExpression("[0-9]{0,10}"), line))
        line.setPlaceholderText("random")
    return line


def _dress_spin(spin: QSpinBox | QDoubleSpinBox, info: FieldInfo) -> Editor:
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
    """The fields of a kind of request, in two columns, without those that a tab shows in its own
    way (`skip`).
    """

    changed = Signal()

    def __init__(self, request_type: type[Request], skip: Iterable[str] = ()) -> None:
        super().__init__()
        left_out = set(skip)
        self._guard = WheelGuard(self)
        self._touched: set[str] = set()
        self._setting = False
        self.fields: dict[str, Field] = {}
        self._unused: frozenset[str] = frozenset()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(10)
        for info in fields(request_type):
            if info.name in left_out:
                continue
            field = Field(info, self._guard)
            self.fields[info.name] = field
            field.changed.connect(lambda name=info.name: self._on_field_changed(name))
        for column in range(COLUMNS):
            self._grid.setColumnStretch(column, 1)
        self._arrange()

    def _arrange(self) -> None:
        """Put the fields that are used beside each other, and hide the others."""
        for field in self.fields.values():
            self._grid.removeWidget(field)
        used = [field for name, field in self.fields.items() if name not in self._unused]
        for number, field in enumerate(used):
            self._grid.addWidget(field, number // COLUMNS, number % COLUMNS)
        for name, field in self.fields.items():
            field.setVisible(name not in self._unused)

    def leave_out(self, unused: Iterable[str]) -> None:
        """Hide the fields that the chosen model passes over; their values are then the defaults,
        whatever they were.
        """
        if frozenset(unused) != self._unused:
            self._unused = frozenset(unused)
            self._arrange()

    def values(self) -> dict[str, Any]:
        """Return all values as loose values for `build_request`."""
        return {
            name: field.info.default if name in self._unused else field.value()
            for name, field in self.fields.items()
        }

    def set_values(self, values: dict[str, Any]) -> None:
        """Show these values, as if the person had typed them."""
        for name, value in values.items():
            if name in self.fields:
                self.fields[name].set_value(value)

    def set_defaults(self, values: dict[str, Any]) -> None:
        """Show another model's defaults in the fields that the person has not changed."""
        self._setting = True
        for name, field in self.fields.items():
            if name not in self._touched:
                field.set_value(values.get(name, field.info.default))
        self._setting = False
        self.changed.emit()

    def set_problems(self, problems: Iterable[Problem]) -> list[Problem]:
        """Mark the fields that are wrong; return the problems of fields that are not in this
        form.
        """
        by_name = {problem.field: problem.message for problem in problems}
        for name, field in self.fields.items():
            field.set_problem(by_name.pop(name, ""))
        return [Problem(name, message) for name, message in by_name.items()]

    def forget_touches(self) -> None:
        """From now on every field takes a model's defaults again."""
        self._touched.clear()

    def _on_field_changed(self, name: str) -> None:
        if not self._setting:
            self._touched.add(name)
            self.changed.emit()
