"""Plays one video at a time: position, speed, loop, volume, and the frame to show."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Qt, QTimer, Signal

from studio.core.translation import mark
from studio.media.video_decoder.messages import Ended, Opened
from studio.ui.video.audio_track import AudioTrack
from studio.ui.video.clock import Clock
from studio.ui.video.decoder_link import DecoderLink, ShownFrame

SPEEDS = (0.25, 0.5, 1.0, 1.5, 2.0)
DAMAGED = mark("The video ends early: the rest of the file is damaged.")
_MAX_TICK = 30
"""Milliseconds; the position moves at least as often."""


class PlayerState(enum.Enum):
    """What the player is doing."""

    EMPTY = "empty"
    LOADING = "loading"
    PAUSED = "paused"
    PLAYING = "playing"
    FAILED = "failed"


class VideoPlayer(QObject):
    """Decodes in a child process, which ends with `clear`; a timer shows the frames when due.

    Audio is the clock while it plays; without audio or a device, the system's clock is.
    """

    opened = Signal()
    """The video can be played: `info` is known."""
    state_changed = Signal(object)
    """PlayerState."""
    frame_shown = Signal(object)
    """ShownFrame."""
    position_changed = Signal(float)
    """Seconds from the start."""
    settings_changed = Signal()
    """Speed, loop, volume or mute; or the audio device failed."""
    failed = Signal(str, str, bool)
    """(What happened, what to do, whether PyAV is missing.)"""

    def __init__(
        self, parent: QObject | None = None, *, backends: Sequence[str] | None = None
    ) -> None:
        super().__init__(parent)
        self.path: Path | None = None
        self.info: Opened | None = None
        self.speed = 1.0
        self.is_looping = False
        self.is_damaged = False
        """True if the end was reached early because the rest cannot be decoded."""
        self.length = 0.0
        """In seconds; 0 while unknown."""
        self.frame: ShownFrame | None = None
        """The frame that is shown."""
        self._state = PlayerState.EMPTY
        self._box = QSize(640, 360)
        self._frames: deque[ShownFrame] = deque()
        self._decoder = DecoderLink(self)
        self._next_seek: float | None = None
        self._is_stepping_back = False
        self._is_at_end = False
        """The decoder sent all frames."""
        self._last_tick = 0.0
        """Position at the last tick of the timer."""
        self._steps = 0
        """Frames to step on as soon as they arrive."""
        self._clock = Clock()
        self.audio = AudioTrack(self, backends)
        self.audio.changed.connect(self._on_audio_changed)
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_tick)
        self._connect_decoder()

    def _connect_decoder(self) -> None:
        decoder = self._decoder
        decoder.opened.connect(self._on_opened)
        decoder.seek_answered.connect(self._on_seek_answered)
        decoder.frame_received.connect(self._on_frame)
        decoder.audio_received.connect(self.audio.append)
        decoder.audio_ended.connect(self.audio.complete)
        decoder.frames_ended.connect(self._on_frames_ended)
        decoder.failed.connect(self._on_failed)

    # What is played
    # ----------------------------------------------------------------------

    @property
    def state(self) -> PlayerState:
        """The current state."""
        return self._state

    @property
    def is_playing(self) -> bool:
        """True while it plays, or waits for the first frame to do so."""
        return self._state is PlayerState.PLAYING

    @property
    def decoder_pid(self) -> int:
        """Id of the decoder's process; 0 without one."""
        return self._decoder.pid

    @property
    def position(self) -> float:
        """Seconds from the start."""
        if self._next_seek is not None:
            return self._next_seek
        if self.audio.is_running and not self._decoder.is_seeking:
            return self._limit(self.audio.position)
        return self._limit(self._clock.position)

    def load(self, path: Path) -> None:
        """Open a video and show its first frame."""
        self.clear()
        self.path = path
        self._decoder.open(path)
        self._set_state(PlayerState.LOADING)

    def clear(self) -> None:
        """End the decoder, and show nothing."""
        self._end_decoder()
        self.path = self.info = self.frame = None
        self.length = 0.0
        self.is_damaged = False
        self.audio.reset()
        self._clock.set_position(0.0)
        self._set_state(PlayerState.EMPTY)

    def close(self) -> None:
        """End the decoder and close the audio device; the player cannot be used again."""
        self._end_decoder()
        self.audio.close()

    def _end_decoder(self) -> None:
        self._timer.stop()
        self._clock.stop()
        self.audio.stop()
        self._frames.clear()
        self._is_at_end = False
        self._next_seek = None
        self._steps = 0
        self._decoder.close()

    # Controls
    # ----------------------------------------------------------------------

    def play(self) -> None:
        """Play from the current position, or from the start if it is at the end."""
        if self._state is not PlayerState.PAUSED:
            return
        self._set_state(PlayerState.PLAYING)
        if self.is_over:
            self.seek(0.0)
        elif self.audio.needs_seek:
            self.seek(self.position)
        elif not self._decoder.is_seeking:
            self._run_clock()

    def pause(self) -> None:
        """Stop and keep the position."""
        if self._state is PlayerState.PLAYING:
            self._stop_clock()
            self._set_state(PlayerState.PAUSED)

    def toggle(self) -> None:
        """Play, or pause."""
        if self._state is PlayerState.PLAYING:
            self.pause()
        else:
            self.play()

    @property
    def is_over(self) -> bool:
        """True if the last frame was shown for its time."""
        return self._is_at_end and not self._frames and self.position >= self.length - 0.001

    def seek(self, seconds: float) -> None:
        """Show the frame at another position, without starting or stopping."""
        if self.info is None:
            return
        self._steps = 0
        self._is_stepping_back = False
        self._go_to(self._limit(seconds))
        self.position_changed.emit(self.position)

    def _go_to(self, seconds: float) -> None:
        self._next_seek = seconds
        if not self._decoder.is_seeking:
            self._send_seek()

    def step(self, frames: int) -> None:
        """Pause, and show the next (1) or the previous (-1) frame."""
        self.pause()
        if self._state is not PlayerState.PAUSED or self.frame is None:
            return
        if frames > 0:
            self._steps += frames
            self._step_on()
        elif not self._decoder.is_seeking and self.frame.seconds > 0:
            self.seek(max(0.0, self.frame.seconds - 0.001))
            self._is_stepping_back = True

    def set_speed(self, speed: float) -> None:
        """Play faster or slower, at the same pitch."""
        if speed != self.speed:
            self.speed = speed
            self._clock.set_speed(speed)
            self._restart_audio()
            self.settings_changed.emit()

    def set_looping(self, loops: bool) -> None:
        """Start again at the end."""
        self.is_looping = loops
        self.settings_changed.emit()

    def set_volume(self, volume: float) -> None:
        """Set the volume, 0 to 1."""
        self.audio.set_volume(volume)
        if volume > 0 and self.audio.is_muted:
            self.set_muted(False)
        self.settings_changed.emit()

    def set_muted(self, muted: bool) -> None:
        """Play without audio."""
        if muted != self.audio.is_muted:
            self.audio.is_muted = muted
            self._restart_audio()
            self.settings_changed.emit()

    def set_box(self, pixels: QSize) -> None:
        """Scale frames to fit into this many device pixels."""
        if pixels == self._box or pixels.isEmpty():
            return
        self._box = pixels
        if self.info is not None:
            self._decoder.resize(pixels)
            if not self.is_playing and self._next_seek is None:
                self._go_to(self._clock.position)  # decodes the frame again, at its new size

    # The clock
    # ----------------------------------------------------------------------

    def _limit(self, seconds: float) -> float:
        seconds = max(0.0, seconds)
        return min(seconds, self.length) if self.length else seconds

    def _run_clock(self) -> None:
        """Start the clock, and the timer that shows frames."""
        self._last_tick = self._clock.position
        self.audio.start()
        self._clock.start()
        self._timer.start(0)

    def _stop_clock(self) -> None:
        self._clock.set_position(self.position)
        self._clock.stop()
        self.audio.stop()
        self._timer.stop()
        self.position_changed.emit(self.position)

    def _restart_audio(self) -> None:
        """Let the decoder send audio from here on as the settings now are, or no more."""
        if self.info is not None and self.info.has_audio and self._state is PlayerState.PLAYING:
            self.seek(self.position)
        elif self.info is not None and self.info.has_audio:
            self.audio.needs_seek = True

    def _on_tick(self) -> None:
        if not self.is_playing or self._decoder.is_seeking:
            return
        now, shown = self.position, 0
        while self._frames and self._frames[0].seconds <= now:
            frame = self._frames.popleft()
            shown += 1
            if not self._frames or self._frames[0].seconds > now:
                self._show(frame)
        self._allow(shown, now)
        if self._is_at_end and not self._frames and (self.length - now) < 0.001:
            self._on_over()
            return
        if not self._frames and not self._is_at_end and not self.audio.is_running:
            self._clock.set_position(self._last_tick)  # wait for the decoder
            now = self._last_tick
        self._last_tick = now
        self.position_changed.emit(now)
        self._timer.start(self._milliseconds_to_next(now))

    def _milliseconds_to_next(self, now: float) -> int:
        if not self._frames:
            return _MAX_TICK // 3
        wait = (self._frames[0].seconds - now) / self.speed * 1000
        return max(1, min(_MAX_TICK, round(wait)))

    def _allow(self, frames: int, now: float) -> None:
        self._decoder.allow(frames, self.audio.take_allowance(), now)

    def _on_over(self) -> None:
        if self.is_looping and self.length > 0:
            self.seek(0.0)
        else:
            self.pause()

    def _on_audio_changed(self) -> None:
        """Go on with the system's clock: the audio device failed."""
        if self.is_playing and not self._decoder.is_seeking:
            self._clock.set_position(self.audio.position)
            self._clock.start()
        self.settings_changed.emit()

    # The decoder
    # ----------------------------------------------------------------------

    def _send_seek(self) -> None:
        assert self._next_seek is not None
        seconds, self._next_seek = self._next_seek, None
        self._frames.clear()
        self._is_at_end = False
        self._timer.stop()
        self._clock.stop()
        self._clock.set_position(seconds)
        has_audio = self.info is not None and self.info.has_audio
        self._decoder.seek(seconds, self.audio.prepare(seconds, self.speed, has_audio), self.speed)

    def _on_opened(self, info: Opened) -> None:
        self.info = info
        self.length = info.length
        self._decoder.resize(self._box)
        if self._state is PlayerState.LOADING:
            self._set_state(PlayerState.PAUSED)
        self.opened.emit()
        if self._next_seek is None:
            self.seek(0.0)

    def _on_seek_answered(self, frame: ShownFrame | None) -> None:
        if frame is not None:
            if self._is_stepping_back:
                self._clock.set_position(frame.seconds)
                self.position_changed.emit(self.position)
            self._show(frame)
        if self._next_seek is not None:
            self._send_seek()
            return
        self._allow(1, self.position)
        if self.is_playing:
            self._run_clock()

    def _on_frame(self, frame: ShownFrame) -> None:
        self._frames.append(frame)
        if self._steps:
            self._step_on()

    def _on_frames_ended(self, message: Ended) -> None:
        self._is_at_end = True
        if not self.length or message.is_damaged or message.seconds > self.length:
            self.length = message.seconds
        if message.is_damaged != self.is_damaged:
            self.is_damaged = message.is_damaged
            self.settings_changed.emit()
        self._steps = 0

    def _step_on(self) -> None:
        while self._steps and self._frames and not self._decoder.is_seeking:
            self._steps -= 1
            frame = self._frames.popleft()
            self._clock.set_position(frame.seconds)
            self._show(frame)
            self.audio.needs_seek = True
            self._allow(1, frame.seconds)
            self.position_changed.emit(self.position)
        if self._is_at_end and not self._frames:
            self._steps = 0

    def _show(self, frame: ShownFrame) -> None:
        self.frame = frame
        self.frame_shown.emit(frame)

    def _on_failed(self, message: str, cure: str, is_decoder_missing: bool) -> None:
        self._end_decoder()
        self.info = None
        self._set_state(PlayerState.FAILED)
        self.failed.emit(message, cure, is_decoder_missing)

    def _set_state(self, state: PlayerState) -> None:
        if state is not self._state:
            self._state = state
            self.state_changed.emit(state)
