"""The duration of a video in a form: seconds, as frames that the model can make."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QWidget

from studio.core.translation import tr
from studio.ui.widgets.factory import label, name_control
from studio.ui.widgets.request_field import SPIN_WIDTH, WheelGuard

MAX_SECONDS = 600.0


class Duration(QWidget):
    """Seconds, whose arrows step from one number of frames that the model can make to the next."""

    frames_requested = Signal(int)
    """The user chose a duration of this many frames."""

    def __init__(self) -> None:
        super().__init__()
        self._frame_step, self._max_frames, self._rate = 1, 0, 16
        self.seconds = QDoubleSpinBox()
        self.seconds.setDecimals(2)
        self.seconds.setRange(0.02, MAX_SECONDS)
        self.seconds.setSuffix(f" {tr('s', context='seconds')}")
        self.seconds.setKeyboardTracking(False)
        self.seconds.setFixedWidth(SPIN_WIDTH)
        self.seconds.lineEdit().setTextMargins(6, 0, 6, 0)
        self.seconds.installEventFilter(WheelGuard(self))
        name_control(
            self.seconds, tr("Duration"), tr("Seconds; sets the frames that the model can make")
        )
        title = label(tr("Duration"), "muted")
        title.setBuddy(self.seconds)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(title)
        layout.addStretch(1)
        layout.addWidget(self.seconds)
        self.seconds.valueChanged.connect(self._on_changed)

    def offer(self, frame_step: int, max_frames: int) -> None:
        """Set what the model makes: a multiple of `frame_step` and one more; 0 for no limit."""
        self._frame_step, self._max_frames = max(1, frame_step), max_frames

    def show_frames(self, count: int, rate: int) -> None:
        """Show the duration of a number of frames at a frame rate."""
        self._rate = max(1, rate)
        self.seconds.blockSignals(True)
        self.seconds.setSingleStep(self._frame_step / self._rate)
        if not self.seconds.hasFocus() or self.frames_of(self.seconds.value()) != count:
            self.seconds.setValue(count / self._rate)
        self.seconds.blockSignals(False)

    def frames_of(self, seconds: float) -> int:
        """Return the number of frames that is nearest to a duration."""
        step = self._frame_step
        count = max(0, round((seconds * self._rate - 1) / step)) * step + 1
        if self._max_frames and count > self._max_frames:
            count = (self._max_frames - 1) // step * step + 1
        return count

    def _on_changed(self, seconds: float) -> None:
        self.frames_requested.emit(self.frames_of(seconds))
