"""Ends a text at a stop string while it streams."""

from __future__ import annotations

from collections.abc import Sequence


class StopStrings:
    """Passes the text of one row on, in pieces, up to the first stop string.

    Text that may be the beginning of a stop string is held back until it is certain.
    """

    def __init__(self, strings: Sequence[str] = ()) -> None:
        self._strings = tuple(strings)
        self._held = ""
        self.text = ""
        """What was passed on."""
        self.found = ""
        """The stop string that ended the text."""

    def push(self, piece: str) -> str:
        """Add a piece of text; return what is certain now."""
        if self.found:
            return ""
        self._held += piece
        at, string = min(
            ((at, string) for string in self._strings if (at := self._held.find(string)) >= 0),
            default=(-1, ""),
            key=lambda match: (match[0], -len(match[1])),
        )
        if string:
            self.found = string
            return self._release(at)
        return self._release(len(self._held) - self._overlap())

    def finish(self) -> str:
        """Return the text that was held back."""
        return "" if self.found else self._release(len(self._held))

    def restart(self) -> None:
        """Forget the text: it belongs to the thoughts."""
        self._held = self.text = self.found = ""

    def _release(self, count: int) -> str:
        part, self._held = self._held[:count], self._held[count:]
        self.text += part
        return part

    def _overlap(self) -> int:
        """Return how many characters at the end may begin a stop string."""
        return max(
            (
                count
                for string in self._strings
                for count in range(min(len(string) - 1, len(self._held)), 0, -1)
                if string.startswith(self._held[-count:])
            ),
            default=0,
        )
