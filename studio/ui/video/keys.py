"""The keys of a video player."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from studio.ui.video.controls import VideoControls
from studio.ui.video.player import VideoPlayer

_SECONDS = 1.0
_VOLUME = 0.1


class PlayerKeys:
    """Space plays, `,` and `.` step; see the description of `VideoCanvas`."""

    def __init__(
        self, player: VideoPlayer, controls: VideoControls, show_full_screen: Callable[[], object]
    ) -> None:
        self._player = player
        key = Qt.Key
        self._actions: dict[int, Callable[[], object]] = {
            key.Key_Space: player.toggle,
            key.Key_Comma: lambda: player.step(-1),
            key.Key_Period: lambda: player.step(1),
            key.Key_Left: lambda: player.seek(player.position - _SECONDS),
            key.Key_Right: lambda: player.seek(player.position + _SECONDS),
            key.Key_Up: lambda: self._change_volume(_VOLUME),
            key.Key_Down: lambda: self._change_volume(-_VOLUME),
            key.Key_Home: lambda: player.seek(0.0),
            key.Key_End: lambda: player.seek(player.length),
            key.Key_L: controls.toggle_loop,
            key.Key_M: controls.toggle_mute,
            key.Key_F11: show_full_screen,
        }

    def act(self, event: QKeyEvent) -> bool:
        """Do what a key stands for; False for any other key."""
        action = self._actions.get(event.key())
        if action is None or event.modifiers() != Qt.KeyboardModifier.NoModifier:
            return False
        action()
        return True

    def _change_volume(self, by: float) -> None:
        self._player.set_volume(max(0.0, min(1.0, self._player.audio.volume + by)))
