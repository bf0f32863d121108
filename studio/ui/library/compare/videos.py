"""Compares videos: side by side, at the same position."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from studio.core.file_names import one_line
from studio.core.translation import tr
from studio.ui.video.canvas import VideoCanvas
from studio.ui.video.controls import VideoControls
from studio.ui.video.keys import PlayerKeys
from studio.ui.video.player import PlayerState, VideoPlayer
from studio.ui.widgets.elided_label import ElidedLabel
from studio.ui.widgets.factory import label

_PLAYING_TOLERANCE = 0.12
"""Seconds that videos may be apart while they play: less than a correction would disturb."""
_PAUSED_TOLERANCE = 0.0005


class VideoComparison(QWidget):
    """The first video leads and has audio; the others follow its position."""

    def __init__(self, paths: Sequence[str], *, backends: Sequence[str] | None = None) -> None:
        super().__init__()
        self.players = [VideoPlayer(self, backends=backends) for _path in paths]
        self.leader, *self._followers = self.players
        self.canvases = [VideoCanvas() for _path in paths]
        self.controls = VideoControls(self.leader)
        self.controls.full_screen_button.hide()
        self._keys = PlayerKeys(self.leader, self.controls, lambda: None)
        self._reason = label("", "muted", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._make_grid(paths), 1)
        layout.addWidget(self._reason)
        layout.addWidget(self.controls)
        self._reason.hide()
        self.setFocusProxy(self.canvases[0])
        for player in self._followers:
            player.set_muted(True)
        self.leader.position_changed.connect(self._follow)
        self.leader.state_changed.connect(self._on_state_changed)
        self.leader.settings_changed.connect(self._on_settings_changed)
        for player, path in zip(self.players, paths, strict=True):
            player.load(Path(path))

    def _make_grid(self, paths: Sequence[str]) -> QGridLayout:
        grid = QGridLayout()
        columns = math.ceil(math.sqrt(len(paths)))
        for number, path in enumerate(paths):
            at, column = 2 * (number // columns), number % columns
            canvas, player = self.canvases[number], self.players[number]
            name = one_line(Path(path).name)
            title = ElidedLabel(tr("Video {number}", number=number + 1))
            title.set_whole(f"{number + 1}  {name}")
            canvas.setAccessibleName(tr("Video {number}: {name}", number=number + 1, name=name))
            grid.addWidget(title, at, column)
            grid.addWidget(canvas, at + 1, column)
            grid.setRowStretch(at + 1, 1)
            grid.setColumnStretch(column, 1)
            self._connect(player, canvas, name)
        return grid

    def _connect(self, player: VideoPlayer, canvas: VideoCanvas, name: str) -> None:
        def on_opened() -> None:
            if player.info is not None:
                canvas.set_ratio(QSize(player.info.width, player.info.height))
                self._follow()

        player.frame_shown.connect(canvas.show_frame)
        player.opened.connect(on_opened)
        player.failed.connect(lambda message, cure, _missing: self._on_failed(name, message, cure))
        canvas.box_changed.connect(player.set_box)
        canvas.clicked.connect(self.leader.toggle)

    def close_players(self) -> None:
        """End the decoders and close the audio devices."""
        for player in self.players:
            player.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Play, step and seek all; see `PlayerKeys`."""
        if not self._keys.act(event):
            super().keyPressEvent(event)

    def _follow(self, _seconds: float = 0.0) -> None:
        """Bring the others to the position of the first one."""
        plays, seconds = self.leader.is_playing, self.leader.position
        tolerance = _PLAYING_TOLERANCE if plays else _PAUSED_TOLERANCE
        for player in self._followers:
            if player.info is None:
                continue
            target = min(seconds, player.length) if player.length else seconds
            if abs(player.position - target) > tolerance:
                player.seek(target)
            if plays and player.state is PlayerState.PAUSED and target == seconds:
                player.play()

    def _on_state_changed(self, state: PlayerState) -> None:
        if state is not PlayerState.PLAYING:
            for player in self._followers:
                player.pause()
            self._follow()

    def _on_settings_changed(self) -> None:
        for player in self._followers:
            player.set_speed(self.leader.speed)

    def _on_failed(self, name: str, message: str, cure: str) -> None:
        text = message if name in message else f"{name}: {message}"
        self._reason.setText(f"{self._reason.text()}\n{text} {cure}".strip())
        self._reason.show()
