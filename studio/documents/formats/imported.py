"""What reading a document gives: its text, what is known about it, and what was left out."""

from __future__ import annotations

import bisect
from typing import Literal

import msgspec

from studio.core.translation import tr

PlaceUnit = Literal["page", "paragraph", "chapter", "second"]


class Places(msgspec.Struct, frozen=True):
    """Where pages, paragraphs, chapters or subtitles start in a text, so that it can be cited."""

    unit: PlaceUnit = "paragraph"
    starts: tuple[int, ...] = ()
    """Offset of each place in characters, ascending."""
    numbers: tuple[int, ...] = ()
    """Number of each place, or its time in seconds; empty if they count from 1."""

    def describe(self, offset: int) -> str:
        """Return the place of a character for the user, as "page 3"; empty if it has none."""
        index = bisect.bisect_right(self.starts, offset) - 1
        if index < 0:
            return ""
        number = self.numbers[index] if self.numbers else index + 1
        if self.unit == "page":
            return tr("page {number}", number=number)
        if self.unit == "chapter":
            return tr("chapter {number}", number=number)
        if self.unit == "second":
            return tr("at {time}", time=f"{number // 60}:{number % 60:02}")
        return tr("paragraph {number}", number=number)


class ImportedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A document that was read from a file."""

    text: str
    """With `\\n` as the only line break."""
    format: str
    """A key of `catalog.FORMATS`, by content, which may differ from the file's extension."""
    is_markdown: bool = False
    """The text is Markdown; otherwise plain text."""
    title: str = ""
    author: str = ""
    language: str = ""
    """As the file states it, such as `en` or `zh-CN`; empty if it does not."""
    encoding: str = ""
    """Of a text file."""
    notices: tuple[str, ...] = ()
    """Sentences for the user: what was assumed, and what was left out."""
    places: Places = Places()

    def place_of(self, offset: int) -> str:
        """Return the name of the page, paragraph or chapter of a character, as "page 3"."""
        return self.places.describe(offset)
