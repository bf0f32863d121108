"""Which items of the library are selected, and which one the keyboard acts on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Selection:
    """Selected ids, the current id (0 for none) and the id where a range begins."""

    def __init__(self) -> None:
        self.ids: set[int] = set()
        self.current = 0
        self._anchor = 0

    def select_only(self, item_id: int) -> None:
        """Select one item and make it the current one."""
        self.ids = {item_id}
        self.current = self._anchor = item_id

    def toggle(self, item_id: int) -> None:
        """Add an item to the selection, or take it out."""
        self.ids ^= {item_id}
        self.current = self._anchor = item_id

    def move_to(self, item_id: int) -> None:
        """Make an item the current one; the selection stays."""
        self.current = item_id

    def extend_to(
        self, item_id: int, order: Sequence[int], positions: tuple[int, int], *, adds: bool = False
    ) -> None:
        """Select the range from the anchor to an item; `positions` are both in `order`.

        `adds`: keep what is selected elsewhere.
        """
        low, high = min(positions), max(positions)
        span = set(order[low : high + 1])
        self.ids = self.ids | span if adds else span
        self.current = item_id

    def select_band(self, before: set[int], band: list[int], *, toggles: bool) -> None:
        """Select what a rectangle touches, with what was selected before; or toggle it there."""
        self.ids = before ^ set(band) if toggles else before | set(band)
        if band:
            self.current = self._anchor = band[-1]

    @property
    def anchor(self) -> int:
        """Where a range begins; 0 for none."""
        return self._anchor or self.current

    def select_all(self, ids: Iterable[int]) -> None:
        """Select all of these."""
        self.ids = set(ids)

    def clear(self) -> None:
        """Select nothing; the current item stays."""
        self.ids = set()

    def keep_only(self, ids: Iterable[int]) -> bool:
        """Drop ids that are not among these; return whether the selection changed."""
        if not self.ids and not self.current:
            return False
        known = set(ids)
        kept = self.ids & known
        is_changed = len(kept) != len(self.ids)
        self.ids = kept
        if self.current not in known:
            self.current = self._anchor = 0
        return is_changed
