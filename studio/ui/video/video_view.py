"""A video with its controls: plays in place, and on the full screen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.core.translation import tr, tr_marked
from studio.ui.desktop.folders import open_file
from studio.ui.video.canvas import VideoCanvas
from studio.ui.video.controls import VideoControls
from studio.ui.video.decoder_link import CRASHED
from studio.ui.video.keys import PlayerKeys
from studio.ui.video.player import DAMAGED, PlayerState, VideoPlayer
from studio.ui.widgets.factory import Notice, button
from studio.ui.widgets.full_screen import FullScreenWindow


class VideoScreen(QWidget):
    """Canvas, controls and keys of a player, which several of these may share."""

    full_screen_requested = Signal()

    def __init__(self, player: VideoPlayer, *, is_compact: bool = False) -> None:
        super().__init__()
        self.player = player
        self.canvas = VideoCanvas()
        self.controls = VideoControls(player, is_compact=is_compact)
        self._keys = PlayerKeys(player, self.controls, self.full_screen_requested.emit)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(6)
        self._layout.addWidget(self.canvas, 1)
        self._layout.addWidget(self.controls)
        self.setFocusProxy(self.canvas)
        self.canvas.clicked.connect(self._on_clicked)
        self.canvas.double_clicked.connect(self._on_double_clicked)
        self.controls.full_screen_requested.connect(self.full_screen_requested)
        player.frame_shown.connect(self.canvas.show_frame)
        player.opened.connect(self._on_opened)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Play, step, seek and more; see `PlayerKeys`."""
        if not self._keys.act(event):
            super().keyPressEvent(event)

    def _on_clicked(self) -> None:
        self.player.toggle()

    def _on_double_clicked(self) -> None:
        self.full_screen_requested.emit()

    def _on_opened(self) -> None:
        info = self.player.info
        if info is not None:
            self.canvas.set_ratio(QSize(info.width, info.height))


class VideoView(VideoScreen):
    """Plays a video file; without a decoder, shows its poster and a way to open it elsewhere."""

    def __init__(self, *, is_compact: bool = False, backends: Sequence[str] | None = None) -> None:
        super().__init__(VideoPlayer(backends=backends), is_compact=is_compact)
        self.player.setParent(self)
        self.notice = Notice()
        self.full_screen: FullScreenVideo | None = None
        self._plays = False
        self._layout.addWidget(self.notice)
        self.canvas.box_changed.connect(self._on_box_changed)
        self.player.opened.connect(self._on_ready)
        self.player.failed.connect(self._on_failed)
        self.player.settings_changed.connect(self._show_damage)
        self.player.state_changed.connect(self._show_damage)
        self.full_screen_requested.connect(self.show_full_screen)

    def load(self, path: Path, *, plays: bool = False) -> None:
        """Show another video; `plays` starts it as soon as it can be played."""
        self.notice.clear()
        self.canvas.show_frame(None)
        self.controls.show()
        self._plays = plays
        self.player.set_box(self.canvas.box)
        self.player.load(path)

    def clear(self) -> None:
        """Show nothing, and end the decoder."""
        if self.full_screen is not None:
            self.full_screen.close()
        self.player.clear()
        self.notice.clear()
        self.canvas.show_frame(None)
        self.canvas.set_poster(QImage())

    def set_poster(self, poster: QImage, ratio: QSize | None = None) -> None:
        """Set what is shown before the first frame, or without a decoder; see `VideoCanvas`."""
        self.canvas.set_poster(poster, ratio)

    def close_player(self) -> None:
        """End the decoder and close the audio device, before the window closes."""
        if self.full_screen is not None:
            self.full_screen.close()
        self.player.close()

    def show_full_screen(self) -> None:
        """Show the video on the full screen, until Esc."""
        if self.full_screen is None and self.player.info is not None:
            self.full_screen = FullScreenVideo(self.player, self)
            self.full_screen.closed.connect(self._on_full_screen_closed)
            self.full_screen.showFullScreen()

    def _on_full_screen_closed(self) -> None:
        self.full_screen = None
        self.player.set_box(self.canvas.box)

    def _on_box_changed(self, box: QSize) -> None:
        if self.full_screen is None:
            self.player.set_box(box)

    def _on_ready(self) -> None:
        if self._plays:
            self.player.play()

    def _on_failed(self, message: str, cure: str, is_decoder_missing: bool) -> None:
        if self.full_screen is not None:
            self.full_screen.close()
        path = self.player.path
        buttons = []
        if cure == tr_marked(CRASHED) and path is not None:
            again = button(tr("Try again"), tr("Play the video again"), lambda: self.load(path))
            buttons.append(again)
        if path is not None:
            buttons.append(
                button(
                    tr("Open in player"),
                    tr("Open the video in another program"),
                    lambda: open_file(path),
                )
            )
        self.controls.setHidden(is_decoder_missing)
        self.notice.show_message(
            message, cure, buttons, role="banner" if is_decoder_missing else ""
        )

    def _show_damage(self, _state: object = None) -> None:
        if self.player.is_damaged and self.player.state is not PlayerState.FAILED:
            self.notice.show_message(tr_marked(DAMAGED))


class FullScreenVideo(FullScreenWindow):
    """Shows a player that another view shares."""

    def __init__(self, player: VideoPlayer, parent: QWidget) -> None:
        super().__init__(parent)
        self.video_screen = VideoScreen(player)
        self.column.setContentsMargins(0, 0, 0, 8)
        self.column.addWidget(self.video_screen)
        self.video_screen.controls.setContentsMargins(12, 0, 12, 0)
        if player.info is not None:
            self.video_screen.canvas.set_ratio(QSize(player.info.width, player.info.height))
        self.video_screen.canvas.show_frame(player.frame)
        self.video_screen.canvas.box_changed.connect(player.set_box)
        self.video_screen.full_screen_requested.connect(self.close)
        self.video_screen.setFocus()
