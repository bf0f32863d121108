"""Draws results in lists: images as thumbnails, texts as cards, audio as outlines."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPalette, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from studio.core.jobs import JobState
from studio.ui.audio.seconds import format_seconds
from studio.ui.stage.result_item import ResultItem
from studio.ui.stage.result_model import ITEM, Index, centered, title_of
from studio.ui.stage.thumbnail_loader import Thumbnail, ThumbnailLoader

_MARGIN = 4
_PADDING = 8
_RADIUS = 6
_STATES = {
    JobState.QUEUED: "Waiting",
    JobState.RUNNING: "Running…",
    JobState.FAILED: "Failed",
    JobState.CANCELLED: "Cancelled",
}


class ResultDelegate(QStyledItemDelegate):
    """Draws items of one size; with `titles`, the prompt of each is below its result."""

    def __init__(
        self, parent: QObject, loader: ThumbnailLoader, size: QSize, *, titles: bool
    ) -> None:
        super().__init__(parent)
        self._loader = loader
        self.size = size
        self._titles = titles

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Qt's override."""
        return self.size

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw an item."""
        item: ResultItem = index.data(ITEM)
        painter.save()
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        area = option.rect.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        painter.setPen(option.palette.color(QPalette.ColorRole.Mid))
        painter.setBrush(option.palette.base())
        painter.drawRoundedRect(area, _RADIUS, _RADIUS)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(option.palette.color(QPalette.ColorRole.Highlight), 2.5))
            painter.drawRoundedRect(area, _RADIUS, _RADIUS)
        content = area.adjusted(3, 3, -3, -3)
        if self._titles:
            content = self._draw_title(painter, option.palette, item, content)
        painter.setClipRect(content)
        if item.path:
            self._draw_result(painter, option.palette, item, content)
        if item.state is not JobState.COMPLETED:
            self._draw_state(painter, option.palette, item, content)
        painter.restore()

    def _draw_title(
        self, painter: QPainter, palette: QPalette, item: ResultItem, area: QRect
    ) -> QRect:
        """Draw row and prompt in a line at the bottom; return the space above it."""
        height = painter.fontMetrics().height() + 6
        line = QRect(area.left() + 5, area.bottom() - height, area.width() - 10, height)
        row = f"{item.row} · " if item.row else ""
        count = f" ({item.count})" if item.count > 1 else ""
        text = f"{row}{' '.join(item.prompt.split())}"
        width = line.width() - painter.fontMetrics().horizontalAdvance(count)
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, width)
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(line, int(Qt.AlignmentFlag.AlignVCenter), shown + count)
        return area.adjusted(0, 0, 0, -height)

    def _draw_result(
        self, painter: QPainter, palette: QPalette, item: ResultItem, area: QRect
    ) -> None:
        thumbnail = self._loader.thumbnail(item.path, item.media)
        if thumbnail is None:
            return
        if thumbnail.pixmap is not None:
            painter.drawPixmap(centered(thumbnail.pixmap.size(), area), thumbnail.pixmap)
        elif thumbnail.outline:
            self._draw_outline(painter, palette, item, thumbnail, area)
        else:
            self._draw_text(painter, palette, thumbnail.excerpt or title_of(item), area)

    def _draw_text(self, painter: QPainter, palette: QPalette, text: str, area: QRect) -> None:
        if not self._titles:
            font = QFont(painter.font())
            font.setPixelSize(9)
            painter.setFont(font)
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        padding = _PADDING if self._titles else 3
        inner = area.adjusted(padding, padding, -padding, -padding)
        flags = int(Qt.AlignmentFlag.AlignTop) | int(Qt.TextFlag.TextWrapAnywhere)
        painter.drawText(inner, flags, " ".join(text.split()) if not self._titles else text)

    def _draw_outline(
        self,
        painter: QPainter,
        palette: QPalette,
        item: ResultItem,
        thumbnail: Thumbnail,
        area: QRect,
    ) -> None:
        """Draw bars, and the duration below them if there is space."""
        text = format_seconds(item.duration) if item.duration else ""
        height = painter.fontMetrics().height() if text else 0
        bars = area.adjusted(4, 4, -4, -4 - height)
        step = bars.width() / len(thumbnail.outline)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(QPalette.ColorRole.Highlight))
        for number, level in enumerate(thumbnail.outline):
            length = max(2, round(level * bars.height()))
            left = bars.left() + round(number * step)
            top = bars.top() + (bars.height() - length) // 2
            painter.drawRect(left, top, max(1, round(step) - 1), length)
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        line = area.adjusted(0, 0, -4, 0)
        painter.drawText(
            line, int(Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight), text
        )

    def _draw_state(
        self, painter: QPainter, palette: QPalette, item: ResultItem, area: QRect
    ) -> None:
        """Draw the state of a job that is not completed; a failed one with its reason."""
        text = _STATES[item.state]
        role = QPalette.ColorRole.PlaceholderText
        color = palette.color(role)
        if item.state is JobState.FAILED:
            text = f"{text}: {item.message}" if item.message else text
            dark = palette.color(QPalette.ColorRole.Base).lightness() < 128
            color = QColor("#ff8a80" if dark else "#b3261e")
        if item.path:  # a partial result is below it
            area = QRect(area.left(), area.top(), area.width(), painter.fontMetrics().height() + 6)
            painter.fillRect(area, palette.base())
        painter.setPen(color)
        inner = area.adjusted(_PADDING, 2, -_PADDING, -2)
        flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        painter.drawText(inner, flags, text)
