"""The audio of a video that plays: device, volume, and how much the decoder may send."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from studio.core.translation import tr
from studio.ui.audio.device import AudioOutput
from studio.ui.audio.player import SILENT_DEVICE_SECONDS
from studio.ui.video.audio_stream import AudioStream

SECONDS_AHEAD = 1.5
_LEAST_ALLOWANCE = 0.2
_CHECK_MILLISECONDS = 500


class AudioTrack(QObject):
    """Silent if it is muted, if the video has no audio, or without a device (`reason`)."""

    changed = Signal()
    """The device failed."""
    _device_failed = Signal(object, str)

    def __init__(self, parent: QObject, backends: Sequence[str] | None) -> None:
        super().__init__(parent)
        self.is_muted = False
        self.volume = 1.0
        self.reason = ""
        """Why there is no audio, although the video has some."""
        self.needs_seek = False
        """What was sent does not fit the position any more."""
        self._stream: AudioStream | None = None
        self._is_started = False
        self._expected = 0.0
        """Seconds that the decoder may still send."""
        self._output = AudioOutput(
            lambda reason: self._device_failed.emit(self._stream, reason), backends
        )
        self._device_failed.connect(self._on_failed, Qt.ConnectionType.QueuedConnection)
        self._check = QTimer(self, interval=_CHECK_MILLISECONDS)
        self._check.timeout.connect(self._on_check)

    @property
    def is_running(self) -> bool:
        """True while the device plays, so that `position` is the clock."""
        return self._is_started

    @property
    def position(self) -> float:
        """Seconds from the start of the video."""
        return self._stream.position if self._stream is not None else 0.0

    def reset(self) -> None:
        """Forget the audio of the last video; a device that failed is tried again."""
        self.stop()
        self._stream = None
        self.needs_seek = False
        self.reason = ""

    def prepare(self, seconds: float, speed: float, has_audio: bool) -> float:
        """Expect audio from a position on; return how many seconds may be sent, 0 for none."""
        self.stop()
        self._stream = None
        self.needs_seek = False
        if not has_audio or self.is_muted or self.reason:
            return 0.0
        self._stream = AudioStream(seconds, speed, self.volume)
        self._expected = SECONDS_AHEAD
        return SECONDS_AHEAD

    def append(self, block: bytearray) -> None:
        """Append samples."""
        if self._stream is not None:
            before = self._stream.seconds_ahead
            self._stream.append(block)
            self._expected -= self._stream.seconds_ahead - before

    def complete(self) -> None:
        """Note that the audio ends here; the clock goes on."""
        if self._stream is not None:
            self._stream.is_complete = True

    def take_allowance(self) -> float:
        """Return how many more seconds may be sent; 0 while it is little."""
        if self._stream is None or self._stream.is_complete:
            return 0.0
        more = SECONDS_AHEAD - self._stream.seconds_ahead - self._expected
        if more < _LEAST_ALLOWANCE:
            return 0.0
        self._expected += more
        return more

    def start(self) -> None:
        """Play."""
        if self._stream is not None and not self._is_started:
            self._is_started = True
            self._stream.touch()
            self._output.play(self._stream)
            self._check.start()

    def stop(self) -> None:
        """Stop and keep the position."""
        if self._is_started:
            self._is_started = False
            self._check.stop()
            self._output.stop()
            if self._stream is not None:
                self._stream.stop()

    def set_volume(self, volume: float) -> None:
        """Set the volume, 0 to 1."""
        self.volume = volume
        if self._stream is not None:
            self._stream.volume = volume

    def close(self) -> None:
        """Close the device; it cannot be used again."""
        self.stop()
        self._output.close()

    def _on_check(self) -> None:
        stream = self._stream
        if stream is not None and stream.seconds_since_read > SILENT_DEVICE_SECONDS:
            self._on_failed(stream, tr("The audio device does not respond."))

    def _on_failed(self, stream: AudioStream | None, reason: str) -> None:
        if stream is not None and stream is self._stream:
            self.stop()
            self.reason = reason
            self.changed.emit()
            self._stream = None
