"""The waveform of audio, with a cursor that mouse and keys can move."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.core.translation import tr
from studio.ui.audio.seconds import format_seconds

if TYPE_CHECKING:
    from studio.ui.audio.playback_buffer import PlaybackBuffer

KEY_SECONDS = 5.0
_CURSOR_WIDTH = 2
_MARGIN = 12
_RADIUS = 8.0


class Waveform(QWidget):
    """Draws a buffer's peaks and emits requests to seek; the player moves the cursor."""

    seek_requested = Signal(float)
    """Seconds from the start."""
    toggle_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buffer: PlaybackBuffer | None = None
        self._position = 0.0
        self._rendered: dict[str, QPixmap] = {}
        self._rendered_for: tuple[object, ...] = ()
        self.placeholder = tr("Your audio appears here")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMaximumHeight(320)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(tr("Waveform"))
        self.setToolTip(
            tr(
                "Click or drag to move the position. Space: play or pause. ← →: 5 seconds back or "
                "forward. Home, End: start or end"
            )
        )
        self._update_description()

    def sizeHint(self) -> QSize:  # noqa: D102  Qt's name
        return QSize(480, 80)

    def minimumSizeHint(self) -> QSize:  # noqa: D102  Qt's name
        return QSize(120, 48)

    def set_buffer(self, buffer: PlaybackBuffer | None) -> None:
        """Show another buffer, or none."""
        self._buffer = buffer
        self._position = 0.0
        self._update_description()
        self.update()

    def extend(self) -> None:
        """Update after samples were appended."""
        self._update_description()
        self.update()

    def set_position(self, seconds: float) -> None:
        """Move the cursor."""
        before, self._position = self._cursor_x(), seconds
        after = self._cursor_x()
        if before != after:
            left, right = min(before, after), max(before, after)
            self.update(
                QRect(
                    int(left) - _CURSOR_WIDTH,
                    0,
                    int(right - left) + 2 * _CURSOR_WIDTH + 1,
                    self.height(),
                )
            )

    @property
    def length(self) -> float:
        """Length of the audio in seconds."""
        return self._buffer.frames / self._buffer.sampling_rate if self._buffer else 0.0

    def _cursor_x(self) -> float:
        return self.width() * min(1.0, self._position / self.length) if self.length else 0.0

    def _update_description(self) -> None:
        self.setAccessibleDescription(
            tr(
                "{position} of {length}",
                position=format_seconds(self._position),
                length=format_seconds(self.length),
            )
        )

    # Input
    # ----------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102  Qt's name
        if event.button() == Qt.MouseButton.LeftButton:
            self._seek_to_pixel(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102  Qt's name
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._seek_to_pixel(event.position().x())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102  Qt's name
        targets = {
            Qt.Key.Key_Left: self._position - KEY_SECONDS,
            Qt.Key.Key_Right: self._position + KEY_SECONDS,
            Qt.Key.Key_Home: 0.0,
            Qt.Key.Key_End: self.length,
        }
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Space and self._buffer:
            self.toggle_requested.emit()
        elif key in targets and self._buffer:
            self._seek(targets[key])
        else:
            super().keyPressEvent(event)

    def _seek_to_pixel(self, x: float) -> None:
        if self._buffer:
            self._seek(x / max(1, self.width()) * self.length)

    def _seek(self, seconds: float) -> None:
        self.seek_requested.emit(max(0.0, min(seconds, self.length)))
        self._update_description()

    # Painting
    # ----------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102  Qt's name
        painter = QPainter(self)
        palette = self.palette()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(
            palette.color(QPalette.ColorRole.Accent if self.hasFocus() else QPalette.ColorRole.Mid)
        )
        painter.setBrush(palette.color(QPalette.ColorRole.Base))
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS
        )
        if not self.length:
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.placeholder)
        else:
            self._render_if_changed()
            x = round(self._cursor_x())
            for name, left, width in (("played", 0, x), ("rest", x, self.width() - x)):
                painter.save()
                painter.setClipRect(QRect(left, 0, width, self.height()).intersected(event.rect()))
                painter.drawPixmap(0, 0, self._rendered[name])
                painter.restore()
            cursor = QRect(x - _CURSOR_WIDTH // 2, 1, _CURSOR_WIDTH, self.height() - 2)
            painter.fillRect(cursor, palette.color(QPalette.ColorRole.Text))
        painter.end()

    def _render_if_changed(self) -> None:
        """Render the curve once in each color, so that moving the cursor only copies pixels."""
        assert self._buffer is not None
        played = self.palette().color(QPalette.ColorRole.Accent)
        rest = self.palette().color(QPalette.ColorRole.PlaceholderText)
        state = (
            id(self._buffer),
            self._buffer.frames,
            self.size().toTuple(),
            self.devicePixelRatioF(),
            played.rgb(),
            rest.rgb(),
        )
        if state == self._rendered_for:
            return
        self._rendered_for = state
        curve = self._curve()
        self._rendered = {"played": self._render(curve, played), "rest": self._render(curve, rest)}

    def _curve(self) -> QPolygonF:
        """Return the outline: the highest samples left to right, then the lowest right to left."""
        import numpy as np  # the buffer needs it, too

        assert self._buffer is not None
        lowest, highest = self._buffer.peaks.columns(self.width())
        middle = self.height() / 2
        scale = middle - _MARGIN
        top = np.minimum(middle - highest * scale, middle - 0.5)  # silence is a thin line
        bottom = np.maximum(middle - lowest * scale, middle + 0.5)
        points = [QPointF(x + 0.5, y) for x, y in enumerate(top.tolist())]
        points += [QPointF(x + 0.5, y) for x, y in reversed(list(enumerate(bottom.tolist())))]
        return QPolygonF(points)

    def _render(self, curve: QPolygonF, color: QColor) -> QPixmap:
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(color, 0.5))
        painter.setBrush(color)
        painter.drawPolygon(curve)
        painter.drawLine(QLineF(0, self.height() / 2, self.width(), self.height() / 2))
        painter.end()
        return pixmap
