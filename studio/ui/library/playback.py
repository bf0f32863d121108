"""Plays the audio or video of one item in the library's side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QHideEvent, QImage, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.library.items import Item
from studio.ui.background import DelayedCall

if TYPE_CHECKING:
    from studio.ui.audio.audio_view import AudioView
    from studio.ui.video.video_view import VideoView

_AUDIO_HEIGHT = 110
_MAX_VIDEO_HEIGHT = 320
_MIN_VIDEO_HEIGHT = 80
_START_MILLISECONDS = 150
"""Until a selected video starts: its decoder is not needed for items that are passed by keys."""


class Playback(QWidget):
    """Hidden for items that cannot be played here. Audio is read when it is played first.

    A selected video plays at once, repeatedly and muted; its decoder ends with the selection.
    """

    def __init__(self) -> None:
        super().__init__()
        self._item: Item | None = None
        self._audio: AudioView | None = None
        self._video: VideoView | None = None
        self._starts = DelayedCall(self, self._start_video, _START_MILLISECONDS)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self.hide()

    @property
    def audio(self) -> AudioView | None:
        """The audio player, if it was needed."""
        return self._audio

    @property
    def video(self) -> VideoView | None:
        """The video player, if it was needed."""
        return self._video

    def show_item(self, item: Item | None) -> None:
        """Stop, and show another item."""
        if item is not None and self._item is not None and item.id == self._item.id:
            return
        self._item = item
        self._stop()
        is_audio = item is not None and item.media == "audio" and not item.missing
        is_video = item is not None and item.media == "video" and not item.missing
        self.setVisible(is_audio or is_video)
        if item is not None and is_audio:
            self._load_audio(Path(item.path))
        elif item is not None and is_video:
            self._prepare_video()

    def set_poster(self, poster: QImage) -> None:
        """Set what is shown of a video until it plays."""
        if self._video is not None:
            self._video.set_poster(poster)

    def toggle(self) -> None:
        """Play, or pause."""
        if self._video is not None and self._video.isVisible():
            self._video.player.toggle()
        elif self._audio is not None and self._audio.isVisible():
            self._audio.player.toggle()

    def play_from(self, seconds: float) -> None:
        """Play from a place on."""
        if self._video is not None and self._video.isVisible():
            self._video.player.set_muted(False)
            self._video.player.seek(seconds)
            self._video.player.play()
        elif self._audio is not None and self._audio.isVisible():
            self._audio.player.seek(seconds)
            self._audio.player.play()

    def show_full_screen(self) -> None:
        """Show the video on the full screen."""
        if self._video is not None and self._video.isVisible():
            self._video.show_full_screen()

    def close_device(self) -> None:
        """End the decoder and close the audio devices, before the window closes."""
        self._stop()
        if self._audio is not None:
            self._audio.close_device()
        if self._video is not None:
            self._video.close_player()

    def hideEvent(self, event: QHideEvent) -> None:
        """Pause a video that nobody sees."""
        super().hideEvent(event)
        if self._video is not None:
            self._video.player.pause()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the video the height of its ratio."""
        super().resizeEvent(event)
        self._fit_video()

    def _stop(self) -> None:
        self._starts.stop()
        if self._video is not None:
            self._video.clear()
            self._video.hide()
        if self._audio is not None:
            self._audio.clear()
            self._audio.hide()

    def _load_audio(self, path: Path) -> None:
        from studio.ui.audio.audio_view import AudioView  # imports numpy

        if self._audio is None:
            self._audio = AudioView()
            self._audio.setFixedHeight(_AUDIO_HEIGHT)
            self._audio.failed.connect(lambda _message, _cure: self.hide())
            self._layout.addWidget(self._audio)
        self._audio.show()
        self._audio.load(path)

    def _prepare_video(self) -> None:
        from studio.ui.video.video_view import VideoView  # imports numpy

        if self._video is None:
            self._video = VideoView(is_compact=True)
            self._video.player.set_looping(True)
            self._video.player.set_muted(True)
            self._video.player.opened.connect(self._fit_video)
            self._layout.addWidget(self._video)
        self._video.show()
        self._fit_video()
        self._starts.request()

    def _start_video(self) -> None:
        if self._item is not None and self._video is not None:
            self._video.load(Path(self._item.path), plays=self.isVisible())

    def _fit_video(self) -> None:
        if self._item is None or self._video is None:
            return
        info = self._video.player.info
        width, height = self._item.width or 16, self._item.height or 9
        if info is not None:
            width, height = info.width, info.height
        fitting = self.width() * height // max(1, width)
        canvas = self._video.canvas
        canvas.setFixedHeight(max(_MIN_VIDEO_HEIGHT, min(_MAX_VIDEO_HEIGHT, fitting)))
