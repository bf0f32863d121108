"""The controls below a video: play, position, step, speed, loop, volume and full screen."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import (
    QComboBox,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.core.translation import tr
from studio.ui.audio.seconds import format_seconds
from studio.ui.video.player import SPEEDS, VideoPlayer
from studio.ui.widgets.factory import label, name_control, row
from studio.ui.widgets.icons import set_icon

_VOLUME_WIDTH = 72
_SLIDER_STEPS_PER_SECOND = 1000


class VideoControls(QWidget):
    """Shows and changes the state of a player. `is_compact`: for a narrow place."""

    full_screen_requested = Signal()

    def __init__(self, player: VideoPlayer, *, is_compact: bool = False) -> None:
        super().__init__()
        self._player = player
        self.position = PositionSlider()
        self.play_button = _tool(tr("Play"), tr("Play (Space)"), "play", player.toggle)
        self.back_button = _tool(
            tr("Previous frame"), tr("One frame back (,)"), "frame-back", lambda: player.step(-1)
        )
        self.forward_button = _tool(
            tr("Next frame"), tr("One frame forward (.)"), "frame-forward", lambda: player.step(1)
        )
        self.loop_button = _tool(
            tr("Loop"), tr("Start again at the end (L)"), "loop", self.toggle_loop
        )
        self.loop_button.setCheckable(True)
        self.mute_button = _tool(tr("Mute"), tr("Mute (M)"), "volume", self.toggle_mute)
        self.volume = _volume_slider(player)
        self.speed = _speed_box(player)
        self.full_screen_button = _tool(
            tr("Full screen"),
            tr("Full screen (F11)"),
            "full-screen",
            self.full_screen_requested.emit,
        )
        self.time = label("", "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.position)
        steps = row(self.back_button, self.forward_button, spacing=2)
        layout.addWidget(
            row(
                self.play_button,
                steps,
                self.time,
                None,
                self.speed,
                self.loop_button,
                self.mute_button,
                self.volume,
                self.full_screen_button,
                spacing=4,
            )
        )
        for control in (self.volume, self.speed, steps):
            control.setHidden(is_compact)  # in the layout: without a parent it would be a window
        self.position.moved.connect(player.seek)
        player.state_changed.connect(self.show_state)
        player.settings_changed.connect(self.show_state)
        player.opened.connect(self.show_state)
        player.position_changed.connect(self._show_position)
        self.show_state()

    def toggle_loop(self) -> None:
        """Start again at the end, or no longer."""
        self._player.set_looping(not self._player.is_looping)

    def toggle_mute(self) -> None:
        """Play without audio, or with it again."""
        self._player.set_muted(not self._player.audio.is_muted)

    def show_state(self, _state: object = None) -> None:
        """Show the state of the player."""
        player = self._player
        is_open = player.info is not None
        playing = player.is_playing
        set_icon(self.play_button, "pause" if playing else "play")
        name_control(
            self.play_button,
            *((tr("Pause"), tr("Pause (Space)")) if playing else (tr("Play"), tr("Play (Space)"))),
        )
        for control in (
            self.play_button,
            self.back_button,
            self.forward_button,
            self.full_screen_button,
        ):
            control.setEnabled(is_open)
        self.position.setEnabled(is_open and player.length > 0)
        self.loop_button.setChecked(player.is_looping)
        self.speed.setCurrentIndex(SPEEDS.index(player.speed))
        self._show_audio()
        self._show_position(player.position)

    def _show_audio(self) -> None:
        audio, info = self._player.audio, self._player.info
        has_audio = info is not None and info.has_audio
        silent = audio.is_muted or bool(audio.reason) or not has_audio
        set_icon(self.mute_button, "mute" if silent else "volume")
        tip = tr("Play with audio (M)") if audio.is_muted else tr("Mute (M)")
        if not has_audio:
            tip = tr("This video has no audio")
        elif audio.reason:
            tip = tr("{reason} The video plays without audio.", reason=audio.reason)
        name_control(self.mute_button, tr("Play with audio") if audio.is_muted else tr("Mute"), tip)
        self.mute_button.setEnabled(has_audio and not audio.reason)
        self.volume.setEnabled(has_audio and not audio.reason)
        if not self.volume.isSliderDown():
            self.volume.blockSignals(True)
            self.volume.setValue(0 if audio.is_muted else round(audio.volume * 100))
            self.volume.blockSignals(False)

    def _show_position(self, seconds: float) -> None:
        player = self._player
        if player.info is None:
            self.time.setText("")
            self.position.show_position(0.0, 0.0)
            return
        at = format_seconds(seconds)
        if not player.is_playing:
            at += f".{int(seconds * 100 + 1e-6) % 100:02}"
        text = f"{at} / {format_seconds(player.length)}" if player.length else at
        if text != self.time.text():
            self.time.setText(text)
        self.position.show_position(seconds, player.length)


class PositionSlider(QSlider):
    """A slider for the position; a click moves it to the place of the mouse."""

    moved = Signal(float)
    """Seconds, when the user moved it."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        name_control(self, tr("Position"), tr("Drag to another position. ← →: one second"))
        self.setSingleStep(_SLIDER_STEPS_PER_SECOND)
        self.setPageStep(5 * _SLIDER_STEPS_PER_SECOND)
        self.setRange(0, 0)
        self.valueChanged.connect(lambda value: self.moved.emit(value / _SLIDER_STEPS_PER_SECOND))

    def show_position(self, seconds: float, length: float) -> None:
        """Show a position, unless the user holds the slider."""
        self.blockSignals(True)
        self.setMaximum(round(min(length, 10**6) * _SLIDER_STEPS_PER_SECOND))
        if not self.isSliderDown():
            self.setValue(round(min(seconds, 10**6) * _SLIDER_STEPS_PER_SECOND))
        self.blockSignals(False)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102  Qt's name
        if event.button() == Qt.MouseButton.LeftButton:
            self.setValue(self._value_at(event.position().x()))
        super().mousePressEvent(event)

    def _value_at(self, x: float) -> int:
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        handle = self.style().subControlRect(
            QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self
        )
        span = self.width() - handle.width()
        return QStyle.sliderValueFromPosition(
            self.minimum(), self.maximum(), round(x - handle.width() / 2), span
        )


def _tool(name: str, tip: str, icon_name: str, on_clicked: Callable[[], object]) -> QToolButton:
    result = QToolButton()
    name_control(result, name, tip)
    set_icon(result, icon_name)
    result.clicked.connect(lambda _checked=False: on_clicked())
    return result


def _volume_slider(player: VideoPlayer) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, 100)
    slider.setFixedWidth(_VOLUME_WIDTH)
    name_control(slider, tr("Volume"), tr("Volume (↑ ↓ in the video)"))
    slider.valueChanged.connect(lambda value: player.set_volume(value / 100))
    return slider


def _speed_box(player: VideoPlayer) -> QComboBox:
    box = QComboBox()
    for speed in SPEEDS:
        box.addItem(f"{speed:g} ×", speed)
    name_control(box, tr("Speed"), tr("Speed of playback; the pitch of the audio stays"))
    box.activated.connect(lambda index: player.set_speed(SPEEDS[index]))
    return box
