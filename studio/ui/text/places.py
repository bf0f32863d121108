"""Places of characters in a text, and where an editor shows them.

Qt counts UTF-16 code units, so that 😀 counts twice. Besides, the editor breaks lines that would
take Qt long to lay out; these breaks are not part of the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from studio.ui.widgets.soft_break_view import line_pieces

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_PART = 40_000


class Places:
    """Maps places in a text to those in its editor, and back."""

    def __init__(self) -> None:
        self._astral: list[int] = []
        """Places in the text of the characters that Qt counts twice."""
        self._breaks: list[int] = []
        """Places in the editor of the line breaks that are only shown."""

    @property
    def break_count(self) -> int:
        """Number of line breaks that are only shown."""
        return len(self._breaks)

    def shown_length(self, characters: int) -> int:
        """Return the length in the editor of a whole text of so many characters."""
        return characters + len(self._astral) + len(self._breaks)

    def is_break(self, shown: int) -> bool:
        """Return True if the character there is a line break that is only shown."""
        at = bisect_left(self._breaks, shown)
        return at < len(self._breaks) and self._breaks[at] == shown

    def breaks_between(self, start: int, end: int) -> list[int]:
        """Return the breaks from one place in the editor to another."""
        return self._breaks[bisect_left(self._breaks, start) : bisect_left(self._breaks, end)]

    def to_text(self, shown: int) -> int:
        """Return the place in the text of a place in the editor."""
        units = shown - bisect_left(self._breaks, shown)
        low, high = 0, len(self._astral)
        while low < high:  # how many characters before it count twice
            middle = (low + high) // 2
            if self._astral[middle] + middle < units:
                low = middle + 1
            else:
                high = middle
        return units - low

    def to_shown(self, place: int, *, is_end: bool = False) -> int:
        """Return the place in the editor; after a break there, or before it for an end."""
        units = place + bisect_left(self._astral, place)
        low, high = 0, len(self._breaks)
        while low < high:  # how many breaks are before it
            middle = (low + high) // 2
            at = self._breaks[middle] - middle
            if at < units or (at == units and not is_end):
                low = middle + 1
            else:
                high = middle
        return units + low

    def replace(self, place: int, removed: int, inserted: str) -> None:
        """Follow a change of the text, in characters."""
        new = [place + at for at in _astral_places(inserted)]
        _replace(self._astral, place, removed, len(inserted), new)

    def replace_shown(
        self, shown: int, removed: int, added: int, breaks: tuple[int, ...] = ()
    ) -> None:
        """Follow a change in the editor; `breaks`: new ones, counted from `shown`."""
        new = [shown + one for one in breaks]
        _replace(self._breaks, shown, removed, added, new)


def _replace(places: list[int], start: int, removed: int, added: int, new: list[int]) -> None:
    """Replace the places from `start` to `start + removed`, and move those after them."""
    low, high = bisect_left(places, start), bisect_left(places, start + removed)
    shift = added - removed
    tail = places[high:] if not shift else [place + shift for place in places[high:]]
    places[low:] = [*new, *tail]


def _astral_places(text: str) -> list[int]:
    """Return the places of characters that Qt counts twice; fast where they are rare."""
    found: list[int] = []
    for start in range(0, 0 if text.isascii() else len(text), _PART):
        part = text[start : start + _PART]
        if units_of(part) > len(part):
            found += [start + one.start() for one in _ASTRAL.finditer(part)]
    return found


def units_of(text: str) -> int:
    """Return the length of a text as Qt counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def break_lines(text: str, used: int = 0) -> tuple[str, tuple[int, ...]]:
    """Return a text as it is shown, and where breaks were inserted, in Qt's units.

    `used`: characters before it in its first line.
    """
    parts: list[str] = []
    breaks: list[int] = []
    length = 0
    for number, line in enumerate(text.split("\n")):
        if number:
            parts.append("\n")
            length, used = length + 1, 0
        for order, piece in enumerate(line_pieces(line, used)):
            if order:
                parts.append("\n")
                breaks.append(length)
                length += 1
            parts.append(piece)
            length += units_of(piece)
    return "".join(parts), tuple(breaks)
