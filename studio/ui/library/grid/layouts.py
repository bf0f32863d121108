"""Where each item of the library is drawn: as a grid of tiles or as rows, below date headings.

Positions are computed from the sections, so no item is laid out before it is visible.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from PySide6.QtCore import QPoint, QRect

from studio.ui.library.grid.sections import Section

HEADING_HEIGHT = 36
MARGIN = 12
SPACING = 10
CAPTION_HEIGHT = 22
ROW_HEIGHT = 44


class Layout(ABC):
    """The places of `count` items in a view of a width. Coordinates are those of the content."""

    def __init__(self, sections: Sequence[Section], width: int) -> None:
        self.sections = sections
        self.width = max(1, width)
        self.count = sections[-1].first + sections[-1].size if sections else 0
        self.columns = 1
        self.step = ROW_HEIGHT
        """Distance between two lines of items, in pixels."""
        self._tops: list[int] = []
        self._firsts = [section.first for section in sections]
        self.height = 0

    def _place_sections(self) -> None:
        top = 0
        for section in self.sections:
            self._tops.append(top)
            lines = -(-section.size // self.columns)
            top += HEADING_HEIGHT + lines * self.step
        self.height = top + MARGIN if self.sections else 0

    @abstractmethod
    def _rect_in_line(self, column: int) -> QRect:
        """Return the rectangle of an item in its line, which begins at y = 0."""

    def rect(self, index: int) -> QRect:
        """Return the rectangle of an item."""
        number = bisect_right(self._firsts, index) - 1
        line, column = divmod(index - self._firsts[number], self.columns)
        top = self._tops[number] + HEADING_HEIGHT + line * self.step
        return self._rect_in_line(column).translated(0, top)

    def heading_rect(self, number: int) -> QRect:
        """Return the rectangle of a section's heading."""
        return QRect(MARGIN, self._tops[number], self.width - 2 * MARGIN, HEADING_HEIGHT)

    def index_at(self, point: QPoint) -> int:
        """Return the index of the item at a point, or -1."""
        for index in self.visible(point.y(), point.y() + 1):
            if self.rect(index).contains(point):
                return index
        return -1

    def visible(self, top: int, bottom: int) -> range:
        """Return the indexes of all items between two heights, as one range."""
        if not self.sections or bottom <= top:
            return range(0)
        return range(self._first_at(top), self._first_at(bottom - 1, after=True))

    def touching(self, area: QRect) -> Iterator[range]:
        """Yield ranges of the indexes of all items that touch a rectangle."""
        shown = self.visible(area.top(), area.bottom() + 1)
        if not shown:
            return
        columns = [
            column
            for column in range(self.columns)
            if self._touches(self._rect_in_line(column), area)
        ]
        first = max(0, bisect_right(self._firsts, shown.start) - 1)
        for section in self.sections[first:]:
            if section.first >= shown.stop:
                return
            end = min(section.first + section.size, shown.stop)
            start = max(section.first, shown.start)
            start -= (start - section.first) % self.columns
            for line in range(start, end, self.columns) if columns else ():
                places = range(line + columns[0], min(end, line + columns[-1] + 1))
                # Only the first and the last line may be too high or too low.
                if places and self.rect(places[0]).intersects(area):
                    yield places

    def _touches(self, place: QRect, area: QRect) -> bool:
        return place.left() <= area.right() and area.left() <= place.right()

    def headings(self, top: int, bottom: int) -> range:
        """Return the numbers of the sections with a part between two heights."""
        if not self.sections:
            return range(0)
        return range(max(0, bisect_right(self._tops, top) - 1), bisect_right(self._tops, bottom))

    def _first_at(self, y: int, *, after: bool = False) -> int:
        """Return the first item of the line at a height; `after`: of the line after it."""
        number = max(0, bisect_right(self._tops, y) - 1)
        section = self.sections[number]
        line = (y - self._tops[number] - HEADING_HEIGHT) // self.step + (1 if after else 0)
        within = max(0, min(section.size, line * self.columns))
        return section.first + within

    def above(self, index: int) -> int:
        """Return the index of the item above, or the same one in the first line."""
        return self._vertical(index, -1)

    def below(self, index: int) -> int:
        """Return the index of the item below, or the same one in the last line."""
        return self._vertical(index, 1)

    def _vertical(self, index: int, direction: int) -> int:
        number = bisect_right(self._firsts, index) - 1
        section = self.sections[number]
        line, column = divmod(index - section.first, self.columns)
        line += direction
        last_line = (section.size - 1) // self.columns
        if 0 <= line <= last_line:
            return section.first + min(line * self.columns + column, section.size - 1)
        number += direction
        if not 0 <= number < len(self.sections):
            return index
        section = self.sections[number]
        line = 0 if direction > 0 else (section.size - 1) // self.columns
        return section.first + min(line * self.columns + column, section.size - 1)


class GridLayout(Layout):
    """Square tiles of one size with a caption, as many in a line as fit."""

    def __init__(self, sections: Sequence[Section], width: int, side: int) -> None:
        super().__init__(sections, width)
        available = self.width - 2 * MARGIN + SPACING
        self.columns = max(1, available // (side + SPACING))
        self.side = side
        self.step = side + CAPTION_HEIGHT + SPACING
        self._place_sections()

    def _rect_in_line(self, column: int) -> QRect:
        left = MARGIN + column * (self.side + SPACING)
        return QRect(left, 0, self.side, self.side + CAPTION_HEIGHT)


class RowLayout(Layout):
    """One row per item."""

    def __init__(self, sections: Sequence[Section], width: int) -> None:
        super().__init__(sections, width)
        self._place_sections()

    def _rect_in_line(self, column: int) -> QRect:
        return QRect(MARGIN, 0, self.width - 2 * MARGIN, self.step)
