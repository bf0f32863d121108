"""Draws results in lists: images as thumbnails, texts as cards, audio as outlines."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from studio.core.events import Preview, Progress, TextDelta
from studio.core.jobs import JobState
from studio.core.translation import mark, tr, tr_marked
from studio.jobs.library.live_library import LiveLibrary
from studio.ui.audio.seconds import format_seconds
from studio.ui.stage.result_item import ResultItem
from studio.ui.stage.result_model import ITEM, Index, centered, title_of
from studio.ui.thumbnails.source import ThumbnailSource
from studio.ui.thumbnails.visible import VisibleThumbnails
from studio.ui.widgets import theme

ROW_OUTLINE = 170
"""Width of the outline of audio in a row."""
_MARGIN = 4
_PADDING = 8
_RADIUS = 6
_STATES = {
    JobState.QUEUED: mark("Waiting"),
    JobState.RUNNING: mark("Running…"),
    JobState.FAILED: mark("Failed"),
    JobState.CANCELLED: mark("Cancelled"),
    JobState.COMPLETED: mark("No file"),
}


class LiveResult(NamedTuple):
    """What is known of a result while it is generated."""

    pixmap: QPixmap | None = None
    text: str = ""
    share: float = 0.0
    """How much is done, 0..1."""

    def after(self, event: Progress | TextDelta, limit: int) -> LiveResult:
        """Return it after another event, with at most `limit` characters."""
        if isinstance(event, TextDelta):
            return (
                self if event.candidate else self._replace(text=(self.text + event.text)[-limit:])
            )
        pixmap = self.pixmap if event.preview is None else to_pixmap(event.preview)
        return self._replace(pixmap=pixmap, share=event.step / max(1, event.total))


def to_pixmap(preview: Preview) -> QPixmap:
    """Copy a preview into a pixmap."""
    width, height = preview.width, preview.height
    pixel_format = QImage.Format.Format_RGB888
    return QPixmap.fromImage(QImage(preview.rgb, width, height, width * 3, pixel_format))


def thumbnail_source(item: ResultItem) -> ThumbnailSource | None:
    """Return what an item's thumbnail is made from; None without a file."""
    if not item.path:
        return None
    return ThumbnailSource(item.path, item.media, item.sha256, item.time)


class ResultDelegate(QStyledItemDelegate):
    """Draws items of one size.

    With `titles`, the prompt of each is below its result, or with `rows` at its side. `live`
    returns what is known of the result that a job generates.
    """

    def __init__(
        self,
        view: QAbstractItemView,
        library: LiveLibrary,
        size: QSize,
        *,
        titles: bool,
        rows: bool = False,
        live: Callable[[str], LiveResult | None] = lambda _job_id: None,
    ) -> None:
        super().__init__(view)
        self._thumbnails = VisibleThumbnails(
            view, library, lambda index: thumbnail_source(index.data(ITEM))
        )
        self._size = size
        self._titles = titles
        self._rows = rows
        self._live = live

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Qt's override."""
        return self._size

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
        live = self._live(item.job_id)
        if live is not None and item.state is JobState.RUNNING:
            self._draw_live(painter, option.palette, live, content)
        elif item.path:
            self._draw_result(painter, option.palette, item, content)
        if live is None and (item.state is not JobState.COMPLETED or not item.path):
            self._draw_state(painter, option.palette, item, content)
        painter.restore()

    def _draw_title(
        self, painter: QPainter, palette: QPalette, item: ResultItem, area: QRect
    ) -> QRect:
        """Draw row and prompt in a line at the bottom or side; return the other space."""
        height = painter.fontMetrics().height() + 6
        if self._rows:
            rest = QRect(
                area.left(), area.top(), min(ROW_OUTLINE, area.width() // 2), area.height()
            )
            line = area.adjusted(rest.width() + 10, 0, -10, 0)
        else:
            rest = area.adjusted(0, 0, 0, -height)
            line = QRect(area.left() + 5, area.bottom() - height, area.width() - 10, height)
        row = f"{item.row} · " if item.row else ""
        count = f" ({item.count})" if item.count > 1 else ""
        text = f"{row}{' '.join(item.prompt.split())}"
        metrics = painter.fontMetrics()
        width = line.width() - metrics.horizontalAdvance(count)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, width) + count
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        if self._rows and item.message:
            half = line.height() // 2
            below = line.adjusted(0, half, 0, 0)
            line = line.adjusted(0, 0, 0, -half)
            message = metrics.elidedText(item.message, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, int(Qt.AlignmentFlag.AlignVCenter), shown)
            painter.setPen(_error_color())
            line, shown = below, message
        painter.drawText(line, int(Qt.AlignmentFlag.AlignVCenter), shown)
        return rest

    def _draw_live(
        self, painter: QPainter, palette: QPalette, live: LiveResult, area: QRect
    ) -> None:
        """Draw the preview or the text so far, and a bar."""
        bar = QRect(area.left() + 4, area.bottom() - 8, area.width() - 8, 4)
        if live.pixmap is not None:
            image = live.pixmap.size().scaled(area.size(), Qt.AspectRatioMode.KeepAspectRatio)
            painter.drawPixmap(centered(image, area), live.pixmap)
        elif live.text:
            self._draw_text(painter, palette, live.text, area.adjusted(0, 0, 0, -12))
        painter.fillRect(bar, palette.color(QPalette.ColorRole.Mid))
        bar.setWidth(round(bar.width() * min(1.0, live.share)))
        painter.fillRect(bar, palette.color(QPalette.ColorRole.Highlight))

    def _draw_result(
        self, painter: QPainter, palette: QPalette, item: ResultItem, area: QRect
    ) -> None:
        source = thumbnail_source(item)
        pixmap = self._thumbnails.pixmap(source, area.size())
        if pixmap is not None:
            size = pixmap.deviceIndependentSize().toSize()
            painter.drawPixmap(centered(size, area), pixmap)
            if item.duration:
                self._draw_duration(painter, palette, item.duration, area)
        elif source is not None and self._thumbnails.has_failed(source):
            self._draw_text(painter, palette, title_of(item), area)

    def _draw_text(self, painter: QPainter, palette: QPalette, text: str, area: QRect) -> None:
        if not self._titles:
            font = QFont(painter.font())
            font.setPixelSize(9)
            painter.setFont(font)
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        padding = _PADDING if self._titles else 3
        inner = area.adjusted(padding, padding, -padding, -padding)
        flags = int(Qt.AlignmentFlag.AlignTop) | int(Qt.TextFlag.TextWordWrap)
        painter.drawText(inner, flags, " ".join(text.split()) if not self._titles else text)

    def _draw_duration(
        self, painter: QPainter, palette: QPalette, duration: float, area: QRect
    ) -> None:
        """Draw the seconds of audio or video in the lower right corner, on a ground of its own."""
        text = format_seconds(duration)
        metrics = painter.fontMetrics()
        width, height = metrics.horizontalAdvance(text) + 6, metrics.height()
        place = QRect(area.right() - width + 1, area.bottom() - height + 1, width, height)
        painter.fillRect(place, palette.base())
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), text)

    def _draw_state(
        self, painter: QPainter, palette: QPalette, item: ResultItem, area: QRect
    ) -> None:
        """Draw the state of a job without a complete result; a failed one with its reason."""
        text = tr_marked(_STATES[item.state])
        role = QPalette.ColorRole.PlaceholderText
        color = palette.color(role)
        if item.state is JobState.FAILED:
            if item.message and not self._rows:
                text = tr("Failed: {reason}", reason=item.message)
            color = _error_color()
        if item.path:  # a partial result is below it
            area = QRect(area.left(), area.top(), area.width(), painter.fontMetrics().height() + 6)
            painter.fillRect(area, palette.base())
        painter.setPen(color)
        inner = area.adjusted(_PADDING, 2, -_PADDING, -2)
        flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        painter.drawText(inner, flags, text)


def _error_color() -> QColor:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    return QColor(theme.colors(application).error)
