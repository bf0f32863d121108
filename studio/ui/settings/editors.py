"""The controls of the settings window: one per kind of value, with the same few methods."""

from __future__ import annotations

import contextlib
import threading
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from studio.core.settings_catalog.setting import Setting
from studio.core.translation import tr, tr_marked
from studio.ui.models.hardware_probe import HardwareProbe
from studio.ui.widgets.factory import button, name_control, restyle
from studio.ui.widgets.request_field import WheelGuard

WIDTH = 240


class SettingEditor(QWidget):
    """Shows and edits the value of one setting."""

    edited = Signal(object)
    """The value that the user entered; a text may be invalid."""

    def __init__(self, setting: Setting, control: QWidget, *more: QWidget) -> None:
        super().__init__()
        self.setting = setting
        self.control = control
        """The widget that gets the focus."""
        name_control(control, tr_marked(setting.title), tr_marked(setting.description))
        control.installEventFilter(WheelGuard(control))
        self.setFocusProxy(control)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(control, 1)
        for widget in more:
            layout.addWidget(widget)

    @abstractmethod
    def show_value(self, value: Any) -> None:
        """Show a value that is set; `edited` is not emitted."""

    def set_wrong(self, wrong: bool) -> None:
        """Mark the control as wrong."""
        if bool(self.control.property("wrong")) != wrong:
            self.control.setProperty("wrong", wrong)
            restyle(self.control)


class SwitchEditor(SettingEditor):
    """On or off."""

    def __init__(self, setting: Setting) -> None:
        self._box = QCheckBox(tr("On"))
        super().__init__(setting, self._box)
        self._box.toggled.connect(self.edited.emit)

    def show_value(self, value: bool) -> None:
        """See `SettingEditor`."""
        self._box.blockSignals(True)
        self._box.setChecked(value)
        self._box.blockSignals(False)


class ChoiceEditor(SettingEditor):
    """One of a few values."""

    def __init__(self, setting: Setting) -> None:
        self._box = QComboBox()
        super().__init__(setting, self._box)
        for value, title in setting.choices:
            self._box.addItem(tr_marked(title), value)
        self._box.activated.connect(lambda _index: self.edited.emit(self._box.currentData()))

    def show_value(self, value: str) -> None:
        """See `SettingEditor`."""
        self._box.setCurrentIndex(self._box.findData(value))


class NumberEditor(SettingEditor):
    """A number within limits."""

    def __init__(self, setting: Setting) -> None:
        self._box = QSpinBox() if setting.is_whole else QDoubleSpinBox()
        super().__init__(setting, self._box)
        low, high = setting.limits
        if isinstance(self._box, QSpinBox):
            self._box.setRange(int(low), int(high))
        else:
            self._box.setRange(low, high)
            self._box.setDecimals(1)
        if setting.key == "text_size":
            self._box.setSingleStep(10)
        self._box.setSuffix(f" {tr_marked(setting.unit)}" if setting.unit else "")
        self._box.setSpecialValueText(tr_marked(setting.lowest))
        self._box.setKeyboardTracking(False)
        self._box.lineEdit().setTextMargins(6, 0, 6, 0)
        self._box.valueChanged.connect(self.edited.emit)

    def show_value(self, value: float) -> None:
        """See `SettingEditor`."""
        self._box.blockSignals(True)
        self._box.setValue(value)  # type: ignore[arg-type]  # a whole number for QSpinBox
        self._box.blockSignals(False)


class TextEditor(SettingEditor):
    """A line of text."""

    def __init__(self, setting: Setting, *more: QWidget) -> None:
        self._line = QLineEdit()
        self._line.setPlaceholderText(tr_marked(setting.placeholder))
        self._shown = ""
        super().__init__(setting, self._line, *more)
        self._line.editingFinished.connect(self._on_finished)

    def show_value(self, value: str) -> None:
        """See `SettingEditor`."""
        self._shown = value
        self._line.setText(value)

    def _on_finished(self) -> None:
        if self._line.text().strip() != self._shown:
            self.edited.emit(self._line.text().strip())


class FolderEditor(TextEditor):
    """The path of a folder, typed or chosen."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting, button(tr("Choose…"), tr("Choose a folder"), self._choose))

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, tr_marked(self.setting.title), self._line.text()
        )
        if folder:
            self._line.setText(folder)
            self._on_finished()


class GpuEditor(SettingEditor):
    """One of the computer's GPUs, which a child process lists."""

    def __init__(self, setting: Setting) -> None:
        self._box = QComboBox()
        super().__init__(setting, self._box)
        self._number = 0
        self._probe: HardwareProbe | None = None
        self._box.activated.connect(lambda _index: self.edited.emit(self._box.currentData()))
        self._list()

    def show_value(self, value: int) -> None:
        """See `SettingEditor`."""
        self._number = value
        self._list()

    def list_gpus(self) -> None:
        """List the GPUs with their names; takes some seconds the first time."""
        if self._probe is None:
            self._probe = HardwareProbe(self, self._number)
            self._probe.detected.connect(self._list)
            self._probe.start()
            self._list()

    def stop(self) -> None:
        """End the child process."""
        if self._probe is not None:
            self._probe.stop()

    def _list(self) -> None:
        machine = self._probe.machine if self._probe is not None else None
        titles = list(machine.gpus) if machine is not None else []
        self._box.clear()
        for number, title in enumerate(titles):
            self._box.addItem(f"{number}: {title}" if len(titles) > 1 else title, number)
        if not titles:
            is_known = machine is not None and machine.probed
            self._box.addItem(tr("No GPU was found") if is_known else tr("First GPU"), 0)
        if self._box.findData(self._number) < 0:
            self._box.addItem(
                tr("{number}: missing", number=self._number) if titles else f"GPU {self._number}"
            )
            self._box.setItemData(self._box.count() - 1, self._number)
        self._box.setCurrentIndex(self._box.findData(self._number))


class AudioDeviceEditor(SettingEditor):
    """One of the computer's audio devices."""

    listed = Signal(object)
    """list[str]: their names."""

    def __init__(self, setting: Setting) -> None:
        self._box = QComboBox()
        super().__init__(setting, self._box)
        self._name = ""
        self._names: list[str] = []
        self._is_listing = False
        self._box.activated.connect(lambda _index: self.edited.emit(self._box.currentData()))
        self.listed.connect(self._on_listed)
        self._fill()

    def show_value(self, value: str) -> None:
        """See `SettingEditor`."""
        self._name = value
        self._fill()

    def list_devices(self) -> None:
        """List the devices in a daemon thread: a broken audio server hangs."""
        if not self._is_listing:
            self._is_listing = True
            threading.Thread(target=self._list, name="audio devices", daemon=True).start()

    def _list(self) -> None:
        from studio.ui.audio.device import device_names

        names = device_names()
        with contextlib.suppress(RuntimeError):  # the window was closed
            self.listed.emit(names)

    def _on_listed(self, names: list[str]) -> None:
        self._names = names
        self._fill()

    def _fill(self) -> None:
        self._box.clear()
        self._box.addItem(tr_marked(self.setting.placeholder), "")
        for name in dict.fromkeys(self._names):
            self._box.addItem(name, name)
        if self._name and self._name not in self._names:
            self._box.addItem(tr("{name}: missing", name=self._name), self._name)
        self._box.setCurrentIndex(max(0, self._box.findData(self._name)))


EDITORS: dict[str, Callable[[Setting], SettingEditor]] = {
    "switch": SwitchEditor,
    "choice": ChoiceEditor,
    "number": NumberEditor,
    "text": TextEditor,
    "folder": FolderEditor,
    "gpu": GpuEditor,
    "audio device": AudioDeviceEditor,
}
"""Kind of editor in the catalog → its class."""
