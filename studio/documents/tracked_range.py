"""A part of a text that keeps its place while the text around it changes."""

from __future__ import annotations

from dataclasses import dataclass

from studio.documents.document import Change


@dataclass
class TrackedRange:
    """The characters from `start` to `end`; `follow` is called for every change of the text."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Number of characters."""
        return self.end - self.start

    def follow(self, change: Change) -> None:
        """Move with a change; what is inserted at the borders stays outside."""
        self.start, self.end = (
            _after(self.start, change, takes_insertion=True),
            _after(self.end, change, takes_insertion=False),
        )
        self.end = max(self.start, self.end)

    def grow(self, change: Change) -> None:
        """Take in a change at its end or within it."""
        self.end += len(change.inserted) - change.removed


def _after(place: int, change: Change, *, takes_insertion: bool) -> int:
    """Return where a place is after a change; `takes_insertion`: after what is inserted there."""
    after = change.position + change.removed
    shift = len(change.inserted) - change.removed
    if change.position >= place:
        is_there = change.position == place and not change.removed
        return place + shift if is_there and takes_insertion else place
    return place + shift if after <= place else change.position
