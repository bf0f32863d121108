"""Plays audio, also while it is still being generated, and reports the position."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from studio.core.translation import tr
from studio.ui.audio.device import AudioOutput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studio.ui.audio.playback_buffer import PlaybackBuffer

TICK_MILLISECONDS = 30
SILENT_DEVICE_SECONDS = 3.0
"""A device that asks for no samples for this long is gone (unplugged, or its server hangs)."""


class PlayerState(enum.Enum):
    """What the player is doing."""

    EMPTY = "empty"
    STOPPED = "stopped"
    PLAYING = "playing"
    UNAVAILABLE = "unavailable"
    """Audio is loaded but no device works; `Player.reason` is why. `load` tries again."""


class Player(QObject):
    """Plays one buffer at a time. The device has its own threads; a timer polls its position."""

    state_changed = Signal(object)
    """PlayerState."""
    position_changed = Signal(float)
    """Seconds from the start, counted in frames that the device read."""
    length_changed = Signal(float)
    """Seconds of audio so far."""
    _device_failed = Signal(object, str)

    def __init__(
        self, parent: QObject | None = None, *, backends: Sequence[str] | None = None
    ) -> None:
        super().__init__(parent)
        self.reason = ""
        self._buffer: PlaybackBuffer | None = None
        self._state = PlayerState.EMPTY
        self._last_position = -1.0
        self._output = AudioOutput(self._on_output_failed, backends)
        self._timer = QTimer(self, interval=TICK_MILLISECONDS)
        self._timer.timeout.connect(self._on_tick)
        # Emitted in the device's thread; queued, so that the slot runs in this one.
        self._device_failed.connect(self._on_device_failed, Qt.ConnectionType.QueuedConnection)

    @property
    def state(self) -> PlayerState:
        """The current state."""
        return self._state

    @property
    def buffer(self) -> PlaybackBuffer | None:
        """The loaded samples, if any."""
        return self._buffer

    @property
    def position(self) -> float:
        """Seconds from the start."""
        return self._buffer.position / self._buffer.sampling_rate if self._buffer else 0.0

    @property
    def length(self) -> float:
        """Seconds of audio so far."""
        return self._buffer.frames / self._buffer.sampling_rate if self._buffer else 0.0

    def load(self, buffer: PlaybackBuffer | None) -> None:
        """Stop, and load other audio or none."""
        self._stop_output()
        self._buffer = buffer
        self.reason = ""
        self._set_state(PlayerState.STOPPED if buffer else PlayerState.EMPTY)
        self.length_changed.emit(self.length)
        self._emit_position()

    def append(self, samples: NDArray[Any]) -> None:
        """Append generated samples, frames × channels, float32 or int16."""
        if self._buffer is not None:
            self._buffer.append(samples)
            self.length_changed.emit(self.length)

    def finish(self) -> None:
        """Mark the audio as complete: nothing more will be appended."""
        if self._buffer is not None:
            self._buffer.complete = True

    def play(self) -> None:
        """Play from the current position, or from the start if it is at the end."""
        if self._buffer is None or self._state in (PlayerState.PLAYING, PlayerState.UNAVAILABLE):
            return
        if self._buffer.at_end:
            self._buffer.seek(0)
        self._buffer.touch()
        self._output.play(self._buffer)
        self._timer.start()
        self._set_state(PlayerState.PLAYING)

    def pause(self) -> None:
        """Stop and keep the position."""
        if self._state is PlayerState.PLAYING:
            self._stop_output()
            self._set_state(PlayerState.STOPPED)
            self._emit_position()

    def toggle(self) -> None:
        """Play, or pause."""
        if self._state is PlayerState.PLAYING:
            self.pause()
        else:
            self.play()

    def seek(self, seconds: float) -> None:
        """Move to another position without starting or stopping."""
        if self._buffer is not None:
            self._buffer.seek(round(seconds * self._buffer.sampling_rate))
            self._emit_position()

    def close(self) -> None:
        """Close the device; the player cannot be used again."""
        self._timer.stop()
        self._output.close()

    def _stop_output(self) -> None:
        self._timer.stop()
        self._output.stop()

    def _on_tick(self) -> None:
        if self._buffer is None:
            return
        self._emit_position()
        if self._buffer.at_end:
            self._stop_output()
            self._set_state(PlayerState.STOPPED)
        elif self._buffer.seconds_since_read > SILENT_DEVICE_SECONDS:
            self._on_device_failed(self._buffer, tr("The audio device does not respond."))

    def _on_output_failed(self, reason: str) -> None:
        self._device_failed.emit(self._buffer, reason)  # runs in the device's thread

    def _on_device_failed(self, buffer: PlaybackBuffer | None, reason: str) -> None:
        if buffer is not self._buffer or self._state is not PlayerState.PLAYING:
            return
        self._stop_output()
        self.reason = reason
        self._set_state(PlayerState.UNAVAILABLE)

    def _emit_position(self) -> None:
        if self.position != self._last_position:
            self._last_position = self.position
            self.position_changed.emit(self._last_position)

    def _set_state(self, state: PlayerState) -> None:
        if state is not self._state:
            self._state = state
            self.state_changed.emit(state)
