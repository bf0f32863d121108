"""Plays a sound, also while it is still being made, and says where it is."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from studio.ui.audio.device import Output
from studio.ui.audio.playback_buffer import PlaybackBuffer

TICK_MILLISECONDS = 30
SILENT_DEVICE_SECONDS = 3.0
"""A device that asks for no samples for this long is gone (unplugged, or its server hangs)."""


class PlayerState(enum.Enum):
    """What the player does."""

    EMPTY = "empty"
    STOPPED = "stopped"
    PLAYING = "playing"
    UNAVAILABLE = "unavailable"
    """There is a sound and no device; `Player.reason` says why. A new sound tries again."""


class Player(QObject):
    """One sound at a time. The device works in threads of its own and never calls Qt; a timer looks
    how far it is.
    """

    state_changed = Signal(object)
    """PlayerState."""
    position_changed = Signal(float)
    """Seconds from the start, by the frames that the device really took."""
    length_changed = Signal(float)
    """Seconds that are there so far."""
    _device_failed = Signal(object, str)

    def __init__(
        self, parent: QObject | None = None, *, backends: Sequence[str] | None = None
    ) -> None:
        super().__init__(parent)
        self.reason = ""
        self._tape: PlaybackBuffer | None = None
        self._state = PlayerState.EMPTY
        self._told = -1.0
        self._output = Output(self._on_output_failed, backends)
        self._timer = QTimer(self, interval=TICK_MILLISECONDS)
        self._timer.timeout.connect(self._on_tick)
        # The output's thread emits it, so that the slot runs in this one.
        self._device_failed.connect(self._on_device_failed, Qt.ConnectionType.QueuedConnection)

    @property
    def state(self) -> PlayerState:
        """What it does now."""
        return self._state

    @property
    def tape(self) -> PlaybackBuffer | None:
        """The samples; None while there are none."""
        return self._tape

    @property
    def position(self) -> float:
        """Seconds from the start."""
        return self._tape.place / self._tape.sampling_rate if self._tape else 0.0

    @property
    def length(self) -> float:
        """Seconds that are there so far."""
        return self._tape.frames / self._tape.sampling_rate if self._tape else 0.0

    def load(self, tape: PlaybackBuffer | None) -> None:
        """Take another sound, or None; what played ends."""
        self._halt()
        self._tape = tape
        self.reason = ""
        self._set_state(PlayerState.STOPPED if tape else PlayerState.EMPTY)
        self.length_changed.emit(self.length)
        self._tell_position()

    def append(self, samples: NDArray[Any]) -> None:
        """Add the next samples (frames × channels, float32 or int16) of the sound that is being
        made.
        """
        if self._tape is not None:
            self._tape.append(samples)
            self.length_changed.emit(self.length)

    def finish(self) -> None:
        """Say that nothing more will be appended."""
        if self._tape is not None:
            self._tape.complete = True

    def play(self) -> None:
        """Play on, from the start again where the end was reached."""
        if self._tape is None or self._state in (PlayerState.PLAYING, PlayerState.UNAVAILABLE):
            return
        if self._tape.at_end:
            self._tape.seek(0)
        self._tape.touch()
        self._output.play(self._tape)
        self._timer.start()
        self._set_state(PlayerState.PLAYING)

    def pause(self) -> None:
        """Stop where it is."""
        if self._state is PlayerState.PLAYING:
            self._halt()
            self._set_state(PlayerState.STOPPED)
            self._tell_position()

    def toggle(self) -> None:
        """Play, or pause."""
        if self._state is PlayerState.PLAYING:
            self.pause()
        else:
            self.play()

    def seek(self, seconds: float) -> None:
        """Go to another place; it plays on where it played."""
        if self._tape is not None:
            self._tape.seek(round(seconds * self._tape.sampling_rate))
            self._tell_position()

    def close(self) -> None:
        """Let go of the device; the player is not used again."""
        self._timer.stop()
        self._output.close()

    def _halt(self) -> None:
        self._timer.stop()
        self._output.stop()

    def _on_tick(self) -> None:
        if self._tape is None:
            return
        self._tell_position()
        if self._tape.at_end:
            self._halt()
            self._set_state(PlayerState.STOPPED)
        elif self._tape.seconds_since_taken > SILENT_DEVICE_SECONDS:
            self._on_device_failed(self._tape, "The sound device does not answer.")

    def _on_output_failed(self, reason: str) -> None:
        self._device_failed.emit(self._tape, reason)  # in the output's thread

    def _on_device_failed(self, tape: PlaybackBuffer | None, reason: str) -> None:
        if tape is not self._tape or self._state is not PlayerState.PLAYING:
            return
        self._halt()
        self.reason = reason
        self._set_state(PlayerState.UNAVAILABLE)

    def _tell_position(self) -> None:
        if self.position != self._told:
            self._told = self.position
            self.position_changed.emit(self._told)

    def _set_state(self, state: PlayerState) -> None:
        if state is not self._state:
            self._state = state
            self.state_changed.emit(state)
