"""Compares audio: switches between files at the same position."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.core.translation import tr
from studio.ui import background
from studio.ui.audio.loader import read_audio
from studio.ui.audio.playback_buffer import PlaybackBuffer
from studio.ui.audio.player import Player, PlayerState
from studio.ui.audio.waveform import Waveform
from studio.ui.widgets.factory import label, name_control, row
from studio.ui.widgets.icons import set_icon

_COLUMNS = 3
_NAME_CHARACTERS = 30


class AudioComparison(QWidget):
    """One player for all files; the keys 1 to 9 switch, Space plays."""

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__()
        self.player = Player(self)
        self.buffers: list[PlaybackBuffer | None] = [None] * len(paths)
        self.current = 0
        self.waveform = Waveform()
        self.play_button = QToolButton()
        self.play_button.clicked.connect(self.player.toggle)
        self._reason = label("", "muted", wrap=True)
        self._choices = QButtonGroup(self)
        layout = QVBoxLayout(self)
        buttons = [self._choice(number, path) for number, path in enumerate(paths)]
        choices = QGridLayout()
        for number, choice in enumerate(buttons):
            choices.addWidget(choice, number // _COLUMNS, number % _COLUMNS)
        layout.addLayout(choices)
        layout.addWidget(self.waveform, 1)
        layout.addWidget(row(self.play_button, self._reason, None))
        self.waveform.toggle_requested.connect(self.player.toggle)
        self.waveform.seek_requested.connect(self.player.seek)
        self.player.position_changed.connect(self.waveform.set_position)
        self.player.state_changed.connect(self._show_state)
        self._show_state()
        for number, path in enumerate(paths):
            self._read(number, Path(path))

    def _choice(self, number: int, path: str) -> QPushButton:
        name = Path(path).name
        choice = QPushButton(f"{number + 1}  {name[:_NAME_CHARACTERS]}".replace("&", "&&"))
        choice.setCheckable(True)
        choice.setChecked(number == 0)
        name_control(
            choice,
            tr("Play number {number}: {name}", number=number + 1, name=name),
            tr("Switch to {name} ({number})", name=name, number=number + 1),
        )
        choice.clicked.connect(lambda _checked=False: self.switch_to(number))
        self._choices.addButton(choice, number)
        return choice

    def _read(self, number: int, path: Path) -> None:
        def show(buffer: PlaybackBuffer) -> None:
            self.buffers[number] = buffer
            if number == self.current:
                self._load(0.0, plays=False)

        background.run(
            self, lambda: read_audio(path), show, lambda error: self._reason.setText(str(error))
        )

    def switch_to(self, number: int) -> None:
        """Go on with another file, at the same position."""
        position, plays = self.player.position, self.player.state is PlayerState.PLAYING
        self.current = number
        self._choices.button(number).setChecked(True)
        self._load(position, plays=plays)

    def _load(self, position: float, *, plays: bool) -> None:
        buffer = self.buffers[self.current]
        self.player.load(buffer)
        self.waveform.set_buffer(buffer)
        self.player.seek(position)
        self.waveform.set_position(self.player.position)
        if plays:
            self.player.play()

    def _show_state(self) -> None:
        is_playing = self.player.state is PlayerState.PLAYING
        set_icon(self.play_button, "pause" if is_playing else "play")
        name_control(self.play_button, tr("Pause") if is_playing else tr("Play"), tr("Space"))
        self._reason.setText(self.player.reason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Switch with the keys 1 to 9."""
        number = event.key() - Qt.Key.Key_1
        if 0 <= number < len(self.buffers):
            self.switch_to(number)
        elif event.key() == Qt.Key.Key_Space:
            self.player.toggle()
        else:
            super().keyPressEvent(event)

    def close_device(self) -> None:
        """Close the audio device."""
        self.player.close()
