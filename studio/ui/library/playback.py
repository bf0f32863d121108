"""Plays the audio or animation of one item in the library's side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QMovie
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from studio.library.items import Item
from studio.ui.widgets.factory import name_control

if TYPE_CHECKING:
    from studio.ui.audio.audio_view import AudioView

_AUDIO_HEIGHT = 110
_MOVIE_SIDE = 300


class Playback(QWidget):
    """Hidden for items that cannot be played here. Audio is read when it is played first."""

    def __init__(self) -> None:
        super().__init__()
        self._item: Item | None = None
        self._audio: AudioView | None = None
        self._movie: QMovie | None = None
        self._screen = QLabel()
        self._screen.setAlignment(Qt.AlignmentFlag.AlignCenter)
        name_control(self._screen, "Video", "The animation")
        self._screen.hide()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self._screen)
        self.hide()

    @property
    def audio(self) -> AudioView | None:
        """The audio player, if it was needed."""
        return self._audio

    @property
    def movie(self) -> QMovie | None:
        """The animation that is shown."""
        return self._movie

    def show_item(self, item: Item | None) -> None:
        """Stop, and show another item."""
        if item is not None and self._item is not None and item.id == self._item.id:
            return
        self._item = item
        self._stop()
        is_audio = item is not None and item.media == "audio" and not item.missing
        is_movie = item is not None and item.media == "video" and _is_webp(item)
        self.setVisible(is_audio or is_movie)
        if item is not None and is_audio:
            self._load_audio(Path(item.path))
        elif item is not None and is_movie:
            self._show_movie(item)

    def toggle(self) -> None:
        """Play, or pause."""
        if self._movie is not None:
            self._movie.setPaused(self._movie.state() is QMovie.MovieState.Running)
        elif self._audio is not None and self._audio.isVisible():
            self._audio.player.toggle()

    def close_device(self) -> None:
        """Close the audio device, before the window closes."""
        self._stop()
        if self._audio is not None:
            self._audio.close_device()

    def _stop(self) -> None:
        if self._movie is not None:
            self._movie.stop()
            self._movie.deleteLater()
            self._movie = None
        self._screen.hide()
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

    def _show_movie(self, item: Item) -> None:
        self._movie = QMovie(item.path, parent=self)
        side = QSize(_MOVIE_SIDE, _MOVIE_SIDE)
        size = QSize(max(1, item.width), max(1, item.height))
        self._movie.setScaledSize(size.scaled(side, Qt.AspectRatioMode.KeepAspectRatio))
        self._screen.setMovie(self._movie)
        self._screen.show()
        self._movie.start()


def _is_webp(item: Item) -> bool:
    return not item.missing and item.program == "Studio" and item.path.lower().endswith(".webp")
