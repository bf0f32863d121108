"""Paint one item of the library: as a tile of the grid, or as a row of the list."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPixmap

from studio.core.file_names import one_line
from studio.core.kinds import KINDS
from studio.core.translation import tr, tr_marked
from studio.library.items import Item, medium_title
from studio.ui.audio.seconds import format_seconds
from studio.ui.library.grid.layouts import CAPTION_HEIGHT
from studio.ui.widgets.icons import icon
from studio.ui.widgets.theme import Colors

_RADIUS = 6.0
_BADGE = QColor(0, 0, 0, 150)
_TITLE_CHARACTERS = 120
"""Of a prompt; more would not be visible, and take time to measure."""
_MIN_NAME_WIDTH = 160
_MARKS = 4
"""The column of a row with heart and stars."""
_WAVE = (0.2, 0.5, 0.35, 0.8, 0.6, 1.0, 0.45, 0.7, 0.9, 0.55, 0.3, 0.65, 0.4, 0.75, 0.5, 0.25)
"""Heights of the bars that stand for audio."""


class State(NamedTuple):
    """How an item is shown."""

    is_selected: bool = False
    is_current: bool = False
    """True for the item that the keyboard acts on, in a view with the focus."""


class ItemPainter:
    """Paints tiles and rows in the theme's colors."""

    def __init__(self, colors: Colors, font: QFont) -> None:
        self.colors = colors
        self.font = font
        self.bold = QFont(font)
        self.bold.setWeight(QFont.Weight.DemiBold)
        self.small = QFont(font)
        self.small.setPixelSize(11)
        self._metrics = QFontMetrics(font)
        self._small_metrics = QFontMetrics(self.small)

    # Tiles
    # ----------------------------------------------------------------------

    def paint_tile(
        self,
        painter: QPainter,
        rect: QRect,
        item: Item | None,
        pixmap: QPixmap | None,
        state: State,
    ) -> None:
        """Paint the tile of the grid; `item` is None until it was read."""
        square = QRect(rect.topLeft(), QSize(rect.width(), rect.height() - CAPTION_HEIGHT))
        self._paint_ground(painter, square, state)
        if item is None:
            return
        if pixmap is not None:
            size = pixmap.deviceIndependentSize().toSize()
            painter.drawPixmap(_centered(size.boundedTo(square.size()), square), pixmap)
        else:
            self._paint_symbol(painter, square, item)
        self._paint_badges(painter, square, item)
        self._paint_frame(painter, square, state)
        caption = QRect(rect.left() + 2, square.bottom() + 1, rect.width() - 4, CAPTION_HEIGHT)
        painter.setFont(self.font)
        painter.setPen(QColor(self.colors.muted if item.missing else self.colors.text))
        self._draw_elided(painter, caption, title_of(item))

    def _paint_ground(self, painter: QPainter, square: QRect, state: State) -> None:
        painter.fillRect(
            square, QColor(self.colors.hover if not state.is_selected else self.colors.border)
        )

    def _paint_frame(self, painter: QPainter, square: QRect, state: State) -> None:
        if state.is_selected or state.is_current:
            color = QColor(self.colors.accent)
            style = Qt.PenStyle.SolidLine if state.is_selected else Qt.PenStyle.DotLine
            painter.setPen(QPen(color, 3, style))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(square.adjusted(1, 1, -2, -2))

    def _paint_symbol(self, painter: QPainter, square: QRect, item: Item) -> None:
        if item.media == "audio":
            self._paint_wave(painter, square)
            return
        side = min(48, square.width() // 2)
        icon(item.media).paint(painter, _centered(QSize(side, side), square))

    def _paint_wave(self, painter: QPainter, square: QRect) -> None:
        step = square.width() * 0.8 / len(_WAVE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.colors.accent))
        for number, height in enumerate(_WAVE):
            bar = square.height() * 0.45 * height
            left = square.left() + square.width() * 0.1 + number * step
            painter.drawRect(
                QRect(
                    round(left),
                    round(square.center().y() - bar / 2),
                    max(2, round(step * 0.55)),
                    round(bar),
                )
            )

    def _paint_badges(self, painter: QPainter, square: QRect, item: Item) -> None:
        painter.setFont(self.small)
        bottom = square.bottom() - 21
        if item.duration:
            sign = "▶ " if item.media == "video" else ""
            text = f"{sign}{format_seconds(item.duration)}"
            width = self._small_metrics.horizontalAdvance(text) + 10
            self._badge(painter, QPoint(square.right() - width - 3, bottom), text)
        marks = marks_of(item)
        if marks:
            self._badge(painter, QPoint(square.left() + 4, bottom), marks)
        if item.missing:
            self._badge(painter, square.topLeft() + QPoint(4, 4), tr("File missing"))

    def _badge(self, painter: QPainter, place: QPoint, text: str) -> None:
        width = self._small_metrics.horizontalAdvance(text) + 10
        rect = QRect(place, QSize(width, 18))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_BADGE)
        painter.drawRoundedRect(rect, _RADIUS, _RADIUS)
        painter.setPen(Qt.GlobalColor.white)
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), text)

    # Rows
    # ----------------------------------------------------------------------

    def paint_row(
        self,
        painter: QPainter,
        rect: QRect,
        item: Item | None,
        pixmap: QPixmap | None,
        state: State,
    ) -> None:
        """Paint the row of the list."""
        colors = self.colors
        if state.is_selected:
            painter.fillRect(rect, QColor(colors.accent))
        if item is None:
            return
        square = QRect(rect.left() + 4, rect.top() + 2, rect.height() - 4, rect.height() - 4)
        if pixmap is not None:
            size = pixmap.deviceIndependentSize().toSize()
            size.scale(square.size(), Qt.AspectRatioMode.KeepAspectRatio)
            painter.drawPixmap(_centered(size, square), pixmap)
        else:
            icon(item.media).paint(painter, _centered(QSize(20, 20), square))
        text = QColor(colors.on_accent if state.is_selected else colors.text)
        muted = QColor(colors.on_accent if state.is_selected else colors.muted)
        painter.setFont(self.font)
        texts = _row_texts(item)
        for number, cell in row_cells(rect, square.right() + 10):
            painter.setPen(text if number == 0 and not item.missing else muted)
            if number == _MARKS and not state.is_selected:
                painter.setPen(QColor(colors.accent))
            self._draw_elided(painter, cell.adjusted(0, 0, -8, 0), texts[number])
        if state.is_current and not state.is_selected:
            self._paint_frame(painter, rect, state)

    def _draw_elided(self, painter: QPainter, rect: QRect, text: str) -> None:
        shown = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignVCenter), shown)

    def paint_heading(self, painter: QPainter, rect: QRect, title: str, count: int) -> None:
        """Paint a date heading with the number of items below it."""
        painter.setFont(self.bold)
        painter.setPen(QColor(self.colors.text))
        flags = int(Qt.AlignmentFlag.AlignVCenter)
        painter.drawText(rect, flags, title)
        left = rect.left() + QFontMetrics(self.bold).horizontalAdvance(title) + 10
        painter.setFont(self.small)
        painter.setPen(QColor(self.colors.muted))
        painter.drawText(rect.adjusted(left - rect.left(), 1, 0, 0), flags, f"{count:,}")


def row_cells(rect: QRect, left: int) -> list[tuple[int, QRect]]:
    """Return (column, rectangle) of name, kind, model, date and rating; fewer in a narrow list."""
    widths = {1: 80, 2: 170, 3: 130, 4: 90}
    for column in (2, 1, 3):
        if rect.right() - left - sum(widths.values()) < _MIN_NAME_WIDTH:
            del widths[column]
    cells, right = [], rect.right()
    for column, width in reversed(widths.items()):
        right -= width
        cells.append((column, QRect(right, rect.top(), width, rect.height())))
    return [(0, QRect(left, rect.top(), right - left, rect.height())), *cells]


def _row_texts(item: Item) -> list[str]:
    return [
        title_of(item),
        kind_title(item),
        item.model,
        date_text(item.created),
        marks_of(item),
    ]


def marks_of(item: Item) -> str:
    """Return a heart for a favorite and the stars of the rating."""
    return f"{'♥ ' if item.favorite else ''}{'★' * item.rating}".strip()


def title_of(item: Item) -> str:
    """Return the line that stands for an item: its prompt, else its file's name."""
    text = item.prompt or item.excerpt or Path(item.path).name
    return " ".join(one_line(text[:_TITLE_CHARACTERS]).split())


def kind_title(item: Item) -> str:
    """Return the name of an item's kind, or of its medium for a file of another program."""
    kind = KINDS.get(item.kind)
    return tr_marked(kind.title) if kind is not None else medium_title(item.media)


def date_text(seconds: float) -> str:
    """Format a Unix time as local date and time."""
    try:
        return datetime.datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return tr("unknown")


def describe(item: Item) -> str:
    """Return an item in one sentence, for a screen reader and tooltips."""
    parts = [kind_title(item), title_of(item), date_text(item.created)]
    if item.rating:
        parts.append(tr("{rating} of 5 stars", rating=item.rating))
    if item.favorite:
        parts.append(tr("favorite"))
    if item.missing:
        parts.append(tr("file missing"))
    return ", ".join(parts)


def _centered(size: QSize, square: QRect) -> QRect:
    place = QRect(QPoint(), size)
    place.moveCenter(square.center())
    return place
