"""Plays the video under the mouse in its place: muted, repeatedly, after a short pause."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Signal
from PySide6.QtGui import QMouseEvent, QPixmap
from PySide6.QtWidgets import QStyle, QWidget

from studio.library.items import Item
from studio.ui import background
from studio.ui.background import DelayedCall

if TYPE_CHECKING:
    from studio.ui.video.decoder_link import ShownFrame
    from studio.ui.video.player import VideoPlayer

PAUSE_MS = 400
"""Until a video plays; the mouse passes over many."""
_STOPPING = frozenset(
    {
        QEvent.Type.Leave,
        QEvent.Type.Hide,
        QEvent.Type.Wheel,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.ContextMenu,
    }
)


class HoverPlayback(QObject):
    """Follows the mouse over a view; at most one decoder runs, and none without the mouse."""

    frame_changed = Signal(object)
    """Id of the item whose frame is to be painted, or no longer."""
    moved = Signal(object)
    """QPoint of the mouse in the viewport."""

    def __init__(self, viewport: QWidget) -> None:
        super().__init__(viewport)
        self._viewport = viewport
        self._item: Item | None = None
        self._size = QSize()
        self._place: QPoint | None = None
        """Where the mouse is; None while it is elsewhere."""
        self._player: VideoPlayer | None = None
        self._pixmap: QPixmap | None = None
        self._is_closed = False
        self._start_soon = DelayedCall(self, self._start, PAUSE_MS)
        viewport.setMouseTracking(True)
        viewport.installEventFilter(self)

    @property
    def player(self) -> VideoPlayer | None:
        """The player, if it was needed."""
        return self._player

    def pixmap(self, item_id: int) -> QPixmap | None:
        """Return the frame of an item that plays, else None."""
        is_shown = self._item is not None and self._item.id == item_id
        return self._pixmap if is_shown else None

    def follow(self) -> None:
        """Look again what is under the mouse, because items moved."""
        if self._place is not None:
            self.moved.emit(self._place)

    def point_at(self, item: Item | None, size: QSize) -> None:
        """Set the item under the mouse, and the size of its tile in device-independent pixels."""
        if item is not None and self._item is not None and item.id == self._item.id:
            return
        self.stop()
        if item is None or item.media != "video" or item.missing or self._is_motion_reduced():
            return
        self._item = item
        self._size = size
        self._start_soon.request()

    def stop(self) -> None:
        """End the decoder, and show the thumbnail."""
        self._start_soon.stop()
        item, self._item, self._pixmap = self._item, None, None
        if self._player is not None:
            self._player.clear()
        if item is not None:
            self.frame_changed.emit(item.id)

    def close_player(self) -> None:
        """End the decoder, before the window closes."""
        self._is_closed = True
        self.stop()
        if self._player is not None:
            self._player.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the mouse; anything else that it does stops the video."""
        if event.type() in _STOPPING:
            self._place = None
            self.stop()
        elif isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseMove:
            self._place = event.position().toPoint()
            self.moved.emit(self._place)
        return super().eventFilter(watched, event)

    def _is_motion_reduced(self) -> bool:
        """Return whether the desktop's settings switch animations off."""
        hint = QStyle.StyleHint.SH_Widget_Animation_Duration
        return self._viewport.style().styleHint(hint, None, self._viewport) == 0

    def _start(self) -> None:
        item = self._item
        if item is None or self._is_closed:
            return

        def import_player() -> type[VideoPlayer]:
            from studio.ui.video.player import VideoPlayer  # imports numpy

            return VideoPlayer

        background.run(self, import_player, lambda player_type: self._play(item, player_type))

    def _play(self, item: Item, player_type: type[VideoPlayer]) -> None:
        if self._item is not item or self._is_closed:  # the mouse went on meanwhile
            return
        if self._player is None:
            self._player = player_type(self)
            self._player.set_muted(True)
            self._player.set_looping(True)
            self._player.opened.connect(self._player.play)
            self._player.frame_shown.connect(self._on_frame)
        self._player.set_box(self._size * self._viewport.devicePixelRatioF())
        self._player.load(Path(item.path))

    def _on_frame(self, frame: ShownFrame) -> None:
        if self._item is None:
            return
        image, tile = frame.image, self._size * self._viewport.devicePixelRatioF()
        self._pixmap = QPixmap.fromImage(image)
        # A frame is never decoded larger than the video; the tile's ratio enlarges a small one.
        scale = max(image.width() / tile.width(), image.height() / tile.height())
        self._pixmap.setDevicePixelRatio(scale * self._viewport.devicePixelRatioF())
        self.frame_changed.emit(self._item.id)
