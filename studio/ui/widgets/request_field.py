"""One field of a form: title, editor with slider, reset button, and an error message below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QEvent, QObject, QRegularExpression, Qt, Signal
from PySide6.QtGui import QRegularExpressionValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.core.requests import FieldInfo
from studio.core.requests.text_lists import join_texts, split_texts
from studio.core.translation import tr
from studio.ui.widgets.content_button import open_button
from studio.ui.widgets.factory import label, name_control, restyle, row
from studio.ui.widgets.icons import set_icon

Editor = QLineEdit | QSpinBox | QDoubleSpinBox | QComboBox | QCheckBox
_LARGEST_SPIN = 2**31 - 1
SPIN_WIDTH = 108
TITLE_WIDTH = 112
TITLE_HEIGHT = 18


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


class SuggestionBox(QComboBox):
    """A list of values with their titles, and room for another value."""

    def __init__(self, titles: Mapping[str, str]) -> None:
        super().__init__()
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        for value, title in titles.items():
            self.addItem(title, value)

    @property
    def value(self) -> str:
        """The value of a title, or the text."""
        text = self.currentText().strip()
        index = self.findText(text, Qt.MatchFlag.MatchFixedString)
        return str(self.itemData(index)) if index >= 0 else text

    def set_value(self, value: str) -> None:
        """Show the title of a value, or the value."""
        index = self.findData(value)
        self.setCurrentText(self.itemText(index) if index >= 0 else value)


class Field(QWidget):
    """One field. Its reset button is visible while its value is not the model's default."""

    changed = Signal()
    reset_requested = Signal()

    def __init__(self, info: FieldInfo, guard: QObject) -> None:
        super().__init__()
        self.info = info
        self._title = label(info.title, "muted")
        self.editor = _create_editor(info)
        self.editor.installEventFilter(guard)
        self.editor.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        name_control(self.editor, info.title, info.description)
        self._title.setBuddy(self.editor)
        self._problem = label(role="error", wrap=True)
        self._problem.hide()
        self.slider = _create_slider(info, self.editor)
        if self.slider is not None:
            self.slider.installEventFilter(guard)
        self._reset: QToolButton | None = None
        """Created when it is shown for the first time: a start shows none."""
        if isinstance(self.editor, QCheckBox):  # which shows the title itself
            self._title.hide()
        self._title_row = row(self._title, None, spacing=2)
        self._lay_out()
        _changed_signal(self.editor).connect(lambda *_value: self.changed.emit())

    def _create_reset_button(self) -> QToolButton:
        result = QToolButton()
        result.setAutoRaise(True)
        result.setProperty("small", True)
        result.setFixedHeight(TITLE_HEIGHT)
        set_icon(result, "undo")
        title = self.info.title
        name_control(result, tr("Reset {title}", title=title), tr("Take the model's default again"))
        result.clicked.connect(lambda: self.reset_requested.emit())
        layout = self._title_row.layout()
        assert isinstance(layout, QHBoxLayout)
        layout.insertWidget(1, result)
        return result

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        title = self._title_row
        title.setMinimumHeight(TITLE_HEIGHT)  # so that the reset button moves nothing
        controls = [self.editor, *self._extra_buttons()]
        if isinstance(self.editor, QCheckBox):
            layout.addWidget(row(self.editor, title, None, spacing=2))
        elif self.slider is None:
            layout.addWidget(title)
            layout.addWidget(row(*controls, spacing=4))
        else:
            title.setFixedWidth(TITLE_WIDTH)
            layout.addWidget(row(title, self.slider, *controls))
        layout.addWidget(self._problem)
        layout.addStretch(1)

    def _extra_buttons(self) -> list[QWidget]:
        if self.info.takes_content:
            return [open_button(self.info, self.editor, self.set_problem)]
        if self.info.name != "seed":
            return []
        clear = QToolButton()
        set_icon(clear, "dice")
        name_control(
            clear, tr("New random seed"), tr("Clear the field; every job then draws a new seed")
        )
        clear.clicked.connect(lambda: self.set_value(None))
        return [clear]

    def value(self) -> Any:
        """Return the value for `build_request`; None if empty."""
        editor = self.editor
        if isinstance(editor, QCheckBox):
            return editor.isChecked()
        if isinstance(editor, SuggestionBox):
            return editor.value
        if isinstance(editor, QComboBox):
            return editor.currentData()
        if isinstance(editor, (QSpinBox, QDoubleSpinBox)):
            return editor.value()
        text = editor.text().strip()
        if self.info.is_list:
            return split_texts(text)
        return text if self.info.type is str and not self.info.optional else text or None

    def set_value(self, value: Any) -> None:
        """Show a value; ignore one that the editor cannot show."""
        editor = self.editor
        if isinstance(editor, QCheckBox):
            editor.setChecked(value is True)
        elif isinstance(editor, SuggestionBox):
            editor.set_value(value if isinstance(value, str) else "")
        elif isinstance(editor, QComboBox):
            # findData raises OverflowError for an int over 64 bits.
            index = editor.findData(value) if isinstance(value, str) else -1
            if index >= 0:
                editor.setCurrentIndex(index)
        elif isinstance(editor, QSpinBox) and isinstance(value, (int, float)):
            # setValue raises OverflowError for an int over 32 bits.
            editor.setValue(int(max(editor.minimum(), min(editor.maximum(), value))))
        elif isinstance(editor, QDoubleSpinBox) and isinstance(value, (int, float)):
            editor.setValue(float(max(editor.minimum(), min(editor.maximum(), value))))
        elif self.info.is_list and isinstance(value, (list, tuple)):
            assert isinstance(editor, QLineEdit)
            editor.setText(join_texts(map(str, value)))
        elif isinstance(editor, QLineEdit) and isinstance(value, (str, int, float, type(None))):
            editor.setText("" if value is None else str(value))

    def show_reset(self, visible: bool) -> None:
        """Offer to reset the field."""
        if visible and self._reset is None:
            self._reset = self._create_reset_button()
        if self._reset is not None:
            self._reset.setVisible(visible)

    @property
    def is_advanced(self) -> bool:
        """True if the field is shown on demand only."""
        return bool((self.info.meta.extra or {}).get("advanced"))

    @property
    def is_wide(self) -> bool:
        """True if the field takes both columns, for its slider or its long title."""
        return self.slider is not None or isinstance(self.editor, QCheckBox)

    def set_problem(self, message: str) -> None:
        """Mark the field as wrong and show why; an empty message removes the mark."""
        self._problem.setText(message)
        self._problem.setVisible(bool(message))
        if bool(self.editor.property("wrong")) != bool(message):
            self.editor.setProperty("wrong", bool(message))
            restyle(self.editor)


def _create_editor(info: FieldInfo) -> Editor:
    meta, extra = info.meta, info.meta.extra or {}
    if info.type is bool:
        return QCheckBox(info.title)
    if suggestions := info.suggestions:
        return SuggestionBox(suggestions)
    if info.choices:
        combo = QComboBox()
        for choice in info.choices:
            combo.addItem(info.choice_title(choice) or tr("Model's own"), choice)
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
        line.setPlaceholderText(tr("random"))
    return line


def _create_slider(info: FieldInfo, editor: Editor) -> QSlider | None:
    """Return a slider that moves with a spin box, over the values that are of use."""
    limits = (info.meta.extra or {}).get("slider")
    if limits is None or not isinstance(editor, (QSpinBox, QDoubleSpinBox)):
        return None
    step = editor.singleStep()
    low, high = round(limits[0] / step), round(limits[1] / step)
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(low, high)
    slider.setPageStep(max(1, (high - low) // 10))
    slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    title = info.title
    name_control(slider, tr("{title}, slider", title=title), info.description)
    editor.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    editor.setFixedWidth(SPIN_WIDTH)

    def follow() -> None:
        slider.blockSignals(True)
        slider.setValue(round(editor.value() / step))
        slider.blockSignals(False)

    def move(position: int) -> None:
        # A value between two positions stays until the slider moves.
        if isinstance(editor, QSpinBox):
            editor.setValue(int(position * step))
        else:
            editor.setValue(position * step)

    editor.valueChanged.connect(lambda _value: follow())
    slider.valueChanged.connect(move)
    follow()
    return slider


def _configure_spin(spin: QSpinBox | QDoubleSpinBox, info: FieldInfo) -> Editor:
    spin.setSuffix(f" {info.unit}" if info.unit else "")
    spin.setSpecialValueText(info.lowest)
    spin.lineEdit().setTextMargins(6, 0, 6, 0)
    spin.setValue(info.default)
    return spin


def _changed_signal(editor: Editor) -> Any:
    if isinstance(editor, QCheckBox):
        return editor.toggled
    if isinstance(editor, SuggestionBox):
        return editor.currentTextChanged
    if isinstance(editor, QComboBox):
        return editor.currentIndexChanged
    return editor.textChanged if isinstance(editor, QLineEdit) else editor.valueChanged
