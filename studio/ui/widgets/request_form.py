"""A form built from a request's fields, with the limits and titles that the CLI has too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from studio.core.errors import Problem
from studio.core.requests import Request, fields
from studio.core.translation import tr
from studio.ui.widgets.factory import button, name_control, row
from studio.ui.widgets.request_field import Field, WheelGuard

COLUMNS = 2


class RequestForm(QWidget):
    """The fields of a request type, without those in `skip`.

    The main ones are always visible, the advanced ones on demand. A field that has no effect with
    the model or the other values is hidden.
    """

    changed = Signal()
    expanded_changed = Signal(bool)
    """The user showed or hid the advanced fields."""
    was_reset = Signal(object)
    """All fields were reset; with a function that takes it back."""

    def __init__(
        self, request_type: type[Request], skip: Iterable[str] = (), *, expanded: bool = False
    ) -> None:
        super().__init__()
        skipped = set(skip)
        self._request_type = request_type
        self._guard = WheelGuard(self)
        self._edited: set[str] = set()
        self._applying_defaults = False
        self._defaults: dict[str, Any] = {}
        self.fields: dict[str, Field] = {}
        self._unused: frozenset[str] = frozenset()
        """Fields that the model does not use."""
        self._ineffective: frozenset[str] = frozenset()
        """Fields that have no effect with the other values."""
        # The seed comes last: what a person changes first stands first.
        infos = sorted(fields(request_type), key=lambda info: info.name == "seed")
        for info in infos:
            if info.name in skipped:
                continue
            field = Field(info, self._guard)
            self.fields[info.name] = field
            field.changed.connect(lambda name=info.name: self._on_field_changed(name))
            field.reset_requested.connect(lambda name=info.name: self.reset([name]))
            self._defaults[info.name] = info.default
        self.advanced_button = self._create_advanced_button()
        self.reset_button = self._create_reset_button()
        self._main, self._main_grid = _grid()
        self._advanced, self._advanced_grid = _grid()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self._main)
        layout.addWidget(row(self.advanced_button, None, self.reset_button))
        layout.addWidget(self._advanced)
        self.advanced_button.setChecked(expanded)
        self._arrange()

    def _create_advanced_button(self) -> QToolButton:
        result = QToolButton()
        result.setCheckable(True)
        result.setProperty("flat", True)
        result.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        name_control(
            result, tr("Advanced"), tr("Show or hide the settings that are seldom changed")
        )
        result.toggled.connect(self._show_advanced)
        result.clicked.connect(lambda expanded: self.expanded_changed.emit(expanded))
        return result

    def _create_reset_button(self) -> QPushButton:
        result = button(
            tr("Reset all"), tr("Take the model's defaults for all settings"), self.reset_all
        )
        result.setProperty("flat", True)
        return result

    # Layout
    # ----------------------------------------------------------------------

    def _arrange(self) -> None:
        """Lay out the fields that have an effect; hide the others."""
        hidden = self._unused | self._ineffective
        parts: dict[bool, list[Field]] = {False: [], True: []}
        for name, field in self.fields.items():
            if name not in hidden:
                parts[field.is_advanced].append(field)
            else:
                if field.parentWidget() is None:
                    field.setParent(self)  # a widget without a parent would be a window
                field.hide()
        _place(self._main_grid, self._main, parts[False])
        _place(self._advanced_grid, self._advanced, parts[True])
        self.advanced_button.setVisible(bool(parts[True]))
        self._show_advanced(self.advanced_button.isChecked())

    def _show_advanced(self, expanded: bool) -> None:
        self._advanced.setVisible(expanded)
        self.advanced_button.setArrowType(
            Qt.ArrowType.DownArrow if expanded else Qt.ArrowType.RightArrow
        )
        self._show_edited()

    def _show_edited(self) -> None:
        """Offer resets, and count the changed fields that are out of sight."""
        changed = {name for name in self.fields if self.is_changed(name)}
        for name, field in self.fields.items():
            field.show_reset(name in changed)
        self.reset_button.setVisible(bool(changed))
        advanced = sum(self.fields[name].is_advanced for name in changed)
        self.advanced_button.setText(
            tr("Advanced ({count} changed)", count=advanced)
            if advanced and not self._advanced.isVisibleTo(self)
            else tr("Advanced")
        )

    def is_changed(self, name: str) -> bool:
        """True if the user's value has an effect and differs from the model's default."""
        return (
            name in self._edited
            and name not in self._unused | self._ineffective
            and self.fields[name].value() != self._defaults[name]
        )

    def changed_values(self) -> dict[str, Any]:
        """Return the values that differ from the model's defaults."""
        return {name: field.value() for name, field in self.fields.items() if self.is_changed(name)}

    def hide_fields(self, unused: Iterable[str]) -> None:
        """Hide the fields that the model does not use; they keep the request's defaults."""
        if frozenset(unused) != self._unused:
            self._unused = frozenset(unused)
            self._arrange()

    # Values
    # ----------------------------------------------------------------------

    def values(self) -> dict[str, Any]:
        """Return the values of all fields for `build_request`."""
        return {
            name: field.info.default if name in self._unused else field.value()
            for name, field in self.fields.items()
        }

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Set fields as a user's edit does; ignore unknown names."""
        for name, value in values.items():
            if name in self.fields:
                self.fields[name].set_value(value)

    def set_defaults(self, values: Mapping[str, Any]) -> None:
        """Set a model's defaults in the fields that the user has not edited."""
        self._defaults = {
            name: values.get(name, field.info.default) for name, field in self.fields.items()
        }
        self._apply_defaults(name for name in self.fields if name not in self._edited)

    def reset(self, names: Iterable[str]) -> None:
        """Take the model's defaults again in these fields."""
        chosen = list(names)
        self._edited.difference_update(chosen)
        self._apply_defaults(chosen)

    def reset_all(self) -> None:
        """Take the model's defaults again in all fields; `was_reset` offers to undo it."""
        before = {name: self.fields[name].value() for name in self._edited}
        self.reset(self.fields)
        self.was_reset.emit(partial(self.set_values, before))

    def _apply_defaults(self, names: Iterable[str]) -> None:
        self._applying_defaults = True
        for name in names:
            self.fields[name].set_value(self._defaults[name])
        self._applying_defaults = False
        self._on_changed()

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
        """Let every field take the model's defaults again, when they are set the next time."""
        self._edited.clear()

    def _on_field_changed(self, name: str) -> None:
        if not self._applying_defaults:
            self._edited.add(name)
            self._on_changed()

    def _on_changed(self) -> None:
        ineffective = self._request_type.unused_with(self.values()) & self.fields.keys()
        if ineffective != self._ineffective:
            self._ineffective = frozenset(ineffective)
            self._arrange()
        else:
            self._show_edited()
        self.changed.emit()


def _grid() -> tuple[QWidget, QGridLayout]:
    holder = QWidget()
    grid = QGridLayout(holder)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(10)
    for column in range(COLUMNS):
        grid.setColumnStretch(column, 1)
    return holder, grid


def _place(grid: QGridLayout, holder: QWidget, shown: Sequence[Field]) -> None:
    """Put fields into a grid; one with a slider takes a line of its own."""
    while grid.count():
        grid.takeAt(0)
    line = column = 0
    for field in shown:
        if field.is_wide and column:
            line, column = line + 1, 0
        if field.parentWidget() is not holder:  # a new parent takes the focus away
            field.setParent(holder)
        grid.addWidget(field, line, column, 1, COLUMNS if field.is_wide else 1)
        field.show()
        column += COLUMNS if field.is_wide else 1
        if column >= COLUMNS:
            line, column = line + 1, 0
