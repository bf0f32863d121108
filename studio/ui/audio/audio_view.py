"""A sound on the screen: its waveform, play and pause, and the time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from studio.core.events import AudioChunk
from studio.ui import background
from studio.ui.audio.loader import read_tape
from studio.ui.audio.playback_buffer import PlaybackBuffer
from studio.ui.audio.player import Player, PlayerState
from studio.ui.audio.waveform import Waveform, format_seconds
from studio.ui.widgets.factory import label, name_control, row
from studio.ui.widgets.icons import set_icon


class AudioView(QWidget):
    """Plays what is being made (`hear`), and files (`load`). `controls` stand to the right under
    the waveform.
    """

    failed = Signal(str, str)
    """A file could not be read: what happened, and what to do."""

    def __init__(self, *controls: QWidget, backends: Sequence[str] | None = None) -> None:
        super().__init__()
        self.player = Player(self, backends=backends)
        self.waveform = Waveform()
        self.play_button = QToolButton()
        self._time = label("0:00 / 0:00", "muted")
        self._reason = label(role="muted", wrap=True)
        self._live = False
        self._wanted: Path | None = None
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

    def begin(self) -> None:
        """Wait for a new sound: the next chunk that is heard starts it."""
        self._live = False
        self._wanted = None
        self._take(None)

    def hear(self, chunk: AudioChunk, *, play: bool = True) -> None:
        """Take the next piece of the sound that is being made; with `play` the first one begins to
        play.
        """
        samples = np.frombuffer(chunk.pcm, "<f4")
        usable = len(samples) - len(samples) % chunk.channels
        first = not self._live
        if first:
            self._live = True
            self._take(PlaybackBuffer(chunk.sampling_rate, chunk.channels))
        self.player.append(samples[:usable].reshape(-1, chunk.channels))
        if first and play:
            self.player.play()

    @property
    def is_live(self) -> bool:
        """True while a sound is heard as it is made."""
        return self._live

    def finish(self) -> None:
        """The sound that was heard is complete, or ends here."""
        self._live = False
        self.player.finish()

    def load(self, path: Path, *, play: bool = False) -> None:
        """Show a sound file, soon."""
        self._live = False
        self._wanted = path

        def show(tape: PlaybackBuffer) -> None:
            if self._wanted == path:  # nothing else was asked for meanwhile
                self._take(tape)
                if play:
                    self.player.play()

        background.run(self, lambda: read_tape(path), show, self._on_unreadable)

    def clear(self) -> None:
        """Show nothing."""
        self.begin()

    def close_device(self) -> None:
        """Let go of the sound device; when the window closes."""
        self.player.close()

    def _take(self, tape: PlaybackBuffer | None) -> None:
        self.waveform.set_tape(tape)
        self.player.load(tape)
        self._show_state()

    def _on_unreadable(self, error: Exception) -> None:
        self._take(None)
        self.failed.emit(str(error), str(getattr(error, "cure", "")))

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
            "Pause (Space in the waveform)" if playing else "Play (Space in the waveform)"
        )
        name_control(self.play_button, "Pause" if playing else "Play", tip)
        self._reason.setText(
            f"{self.player.reason} The file is saved." if state is PlayerState.UNAVAILABLE else ""
        )
        self._show_time()
