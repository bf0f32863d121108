"""Paints the frame of a video, in the middle and with its ratio."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.core.translation import tr
from studio.ui.background import DelayedCall
from studio.ui.video.decoder_link import ShownFrame
from studio.ui.widgets.factory import name_control

KEYS = frozenset(
    {
        Qt.Key.Key_Space,
        Qt.Key.Key_Comma,
        Qt.Key.Key_Period,
        Qt.Key.Key_Left,
        Qt.Key.Key_Right,
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
        Qt.Key.Key_L,
        Qt.Key.Key_M,
        Qt.Key.Key_F11,
    }
)
"""Keys that `PlayerKeys` acts on."""
_RESIZE_MILLISECONDS = 80


class VideoCanvas(QWidget):
    """Shows a frame, or an image in its place until the first one arrives."""

    clicked = Signal()
    double_clicked = Signal()
    box_changed = Signal(QSize)
    """Device pixels of this widget, some time after it was resized."""

    def __init__(self) -> None:
        super().__init__()
        self._poster = QImage()
        self._poster_ratio = QSize()
        self._frame: ShownFrame | None = None
        self._ratio = QSize(16, 9)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(80, 45)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        name_control(
            self,
            tr("Video"),
            tr(
                "Space: play or pause. , and .: one frame back or forward. ← →: one second. "
                "Home, End: start or end. M: mute. L: loop. F11: full screen"
            ),
        )
        self._resized = DelayedCall(self, self._on_resized, _RESIZE_MILLISECONDS)

    @property
    def image(self) -> QImage:
        """The image that is shown; null without one."""
        return self._frame.image if self._frame is not None else self._poster

    @property
    def box(self) -> QSize:
        """Size in device pixels."""
        return self.size() * self.devicePixelRatioF()

    def set_poster(self, poster: QImage, ratio: QSize | None = None) -> None:
        """Set what is shown before the first frame; `ratio`: if it is not that of the poster."""
        self._poster, self._poster_ratio = poster, ratio or poster.size()
        self.update()

    def set_ratio(self, size: QSize) -> None:
        """Set the ratio of the video."""
        self._ratio = size
        self.update()

    def show_frame(self, frame: ShownFrame | None) -> None:
        """Show a frame; None for the poster."""
        self._frame = frame
        self.update()

    def image_rect(self) -> QRect:
        """Return where the image is, in logical pixels."""
        if self.image.isNull():
            return QRect()
        ratio = self._ratio if self._frame is not None else self._poster_ratio
        size = ratio.scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        corner = QPoint((self.width() - size.width()) // 2, (self.height() - size.height()) // 2)
        return QRect(corner, size)

    def event(self, event: QEvent) -> bool:
        """Keep the keys of the player from the window's shortcuts."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            is_plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
            if is_plain and event.key() in KEYS:
                event.accept()
                return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102  Qt's name
        image = self.image
        if image.isNull():
            return
        painter = QPainter(self)
        target, pixels = self.image_rect(), self.devicePixelRatioF()
        missing = target.size() * pixels - image.size()
        if max(abs(missing.width()), abs(missing.height())) <= 2:
            # Decoded for this size: copy the pixels without scaling.
            target.setSize(image.size() / pixels)
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(target, image)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102  Qt's name
        super().resizeEvent(event)
        self._resized.request()

    def _on_resized(self) -> None:
        self.box_changed.emit(self.box)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102  Qt's name
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: D102  Qt's name
        if event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit()
