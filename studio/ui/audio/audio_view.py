"""The audio player of a tab: waveform, play button and time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from studio.core.errors import StudioError
from studio.core.events import AudioChunk
from studio.core.translation import tr
from studio.ui import background
from studio.ui.audio.player import Player, PlayerState
from studio.ui.audio.seconds import format_seconds
from studio.ui.audio.waveform import Waveform
from studio.ui.widgets.factory import label, name_control, row
from studio.ui.widgets.icons import set_icon

if TYPE_CHECKING:
    from studio.ui.audio.playback_buffer import PlaybackBuffer


class AudioView(QWidget):
    """Plays audio while it is generated (`append_chunk`), and audio files (`load`).

    `controls` are placed to the right of the time, below the waveform.
    """

    failed = Signal(str, str)
    """A file could not be read: the error and what to do about it."""

    def __init__(self, *controls: QWidget, backends: Sequence[str] | None = None) -> None:
        super().__init__()
        self.player = Player(self, backends=backends)
        self.waveform = Waveform()
        self.play_button = QToolButton()
        self._time = label("0:00 / 0:00", "muted")
        self._reason = label(role="muted", wrap=True)
        self._is_live = False
        self._requested: Path | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.waveform, 1)
        layout.addWidget(row(self.play_button, self._time, self._reason, None, *controls))
        layout.addStretch(0)
        self.play_button.clicked.connect(self.player.toggle)
        self.waveform.toggle_requested.connect(self.player.toggle)
        self.waveform.seek_requested.connect(self.player.seek)
        self.player.state_changed.connect(lambda _state: self._show_state())
        self.player.position_changed.connect(self._on_position_changed)
        self.player.length_changed.connect(self._on_length_changed)
        self._show_state()

    def clear(self) -> None:
        """Show nothing and wait for new audio; the next chunk starts it."""
        self._is_live = False
        self._requested = None
        self._set_buffer(None)

    def append_chunk(self, chunk: AudioChunk, *, play: bool = True) -> None:
        """Append a chunk of the audio that is being generated; `play` starts with the first one."""
        import numpy as np  # 0.1 s, which showing the tab does not need

        from studio.ui.audio.playback_buffer import PlaybackBuffer

        samples = np.frombuffer(chunk.pcm, "<f4")
        usable = len(samples) - len(samples) % chunk.channels
        first = not self._is_live
        if first:
            self._is_live = True
            self._set_buffer(PlaybackBuffer(chunk.sampling_rate, chunk.channels))
        self.player.append(samples[:usable].reshape(-1, chunk.channels))
        if first and play:
            self.player.play()

    @property
    def is_live(self) -> bool:
        """True while audio is still being generated."""
        return self._is_live

    def finish(self) -> None:
        """Mark the generated audio as complete."""
        self._is_live = False
        self.player.finish()

    def load(self, path: Path, *, play: bool = False) -> None:
        """Read an audio file in a background thread, then show it."""
        self._is_live = False
        self._requested = path

        def read() -> PlaybackBuffer:
            from studio.ui.audio.loader import read_audio  # imports numpy

            return read_audio(path)

        def show(buffer: PlaybackBuffer) -> None:
            if self._requested == path:  # no other file was asked for meanwhile
                self._set_buffer(buffer)
                if play:
                    self.player.play()

        background.run(self, read, show, self._on_unreadable)

    def play_from(self, seconds: float) -> None:
        """Play from a place."""
        self.player.seek(seconds)
        self.player.play()

    def close_device(self) -> None:
        """Close the audio device; for when the window closes."""
        self.player.close()

    def _set_buffer(self, buffer: PlaybackBuffer | None) -> None:
        self.waveform.set_buffer(buffer)
        self.player.load(buffer)
        self._show_state()

    def _on_unreadable(self, error: Exception) -> None:
        self._set_buffer(None)
        self.failed.emit(str(error), error.cure if isinstance(error, StudioError) else "")

    def _on_position_changed(self, seconds: float) -> None:
        self.waveform.set_position(seconds)
        self._show_time()

    def _on_length_changed(self, _seconds: float) -> None:
        self.waveform.extend()
        self._show_time()

    def _show_time(self) -> None:
        self._time.setText(
            f"{format_seconds(self.player.position)} / {format_seconds(self.player.length)}"
        )

    def _show_state(self) -> None:
        state = self.player.state
        playing = state is PlayerState.PLAYING
        set_icon(self.play_button, "pause" if playing else "play")
        self.play_button.setEnabled(state in (PlayerState.PLAYING, PlayerState.STOPPED))
        tip = self.player.reason or (
            tr("Pause (Space in the waveform)") if playing else tr("Play (Space in the waveform)")
        )
        name_control(self.play_button, tr("Pause") if playing else tr("Play"), tip)
        self._reason.setText(
            tr("{reason} The file was saved.", reason=self.player.reason)
            if state is PlayerState.UNAVAILABLE
            else ""
        )
        self._show_time()
