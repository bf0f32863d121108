"""A document in memory: its text, who wrote what, and changes of it."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from studio.core.jobs import new_id
from studio.documents.origins import (
    PERSON,
    Origin,
    Stretches,
    cut,
    replace,
    stretches_of,
    total_length,
)

DocumentFormat = Literal["txt", "md", "code"]
MAX_CHARACTERS = 20_000_000
MAX_TITLE = 120
_LINE_BREAKS = ("\r\n", "\r", "\u2029", "\u0085", "\v", "\f")
"""What Qt takes for a line break."""
_UNUSABLE = ("\0", "\ufdd0", "\ufdd1", "\ufffe", "\uffff")
"""What no editor can show."""
_SURROGATES = re.compile("[\ud800-\udfff]")
_TITLE_MARKS = re.compile(r"^[#>*\-\s]+")


class Change(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One change of a text. Positions and lengths are in characters."""

    position: int
    removed: int
    """Number of characters that are removed from there."""
    inserted: str
    origins: Stretches
    """Of the inserted text."""


def insertion(position: int, text: str, origin: Origin = PERSON, *, removed: int = 0) -> Change:
    """Return a change that inserts text with one origin."""
    return Change(position, removed, text, stretches_of(len(text), origin))


class Document(msgspec.Struct, kw_only=True):
    """A text that is written by a person and models."""

    id: str
    title: str
    text: str = ""
    origins: Stretches = ()
    format: DocumentFormat = "txt"
    file: str = ""
    """Absolute path of the file that it is saved to; empty for none."""
    file_sha256: str = ""
    """Of the file's content when it was read or written last."""
    source: str = ""
    """SHA-256 of the artifact that it began with; empty for none."""
    created: float = 0.0
    changed: float = 0.0
    """Unix times in seconds."""

    def apply(self, change: Change) -> Change:
        """Make a change and return the one that takes it back. Raises ValueError."""
        start, end = change.position, change.position + change.removed
        if not 0 <= start <= end <= len(self.text):
            raise ValueError(f"{start} to {end} is outside the text of {len(self.text)}")
        if total_length(change.origins) != len(change.inserted):
            raise ValueError("the origins do not fit the inserted text")
        back = Change(
            start, len(change.inserted), self.text[start:end], cut(self.origins, start, end)
        )
        self.text = f"{self.text[:start]}{change.inserted}{self.text[end:]}"
        self.origins = replace(self.origins, start, end, change.origins)
        return back


def new_document(
    title: str,
    text: str = "",
    origin: Origin = PERSON,
    *,
    format: DocumentFormat = "txt",
    source: str = "",
) -> Document:
    """Return a document with an id, whose whole text has one origin."""
    text = clean_text(text)
    return Document(
        id=new_id(),
        title=clean_title(title) or title_of(text),
        text=text,
        origins=stretches_of(len(text), origin),
        format=format,
        source=source,
    )


def clean_text(text: str) -> str:
    """Return a text with "\\n" as the only line break, without what no editor can show."""
    for mark in _LINE_BREAKS:  # faster than a regular expression: 2 MB take some ms
        text = text.replace(mark, "\n")
    for mark in _UNUSABLE:
        text = text.replace(mark, "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:  # UTF-8 and SQLite cannot store them
        return _SURROGATES.sub("\ufffd", text)
    return text


def clean_title(title: str) -> str:
    """Return a title on one line, cut to its length."""
    return " ".join(clean_text(title).split())[:MAX_TITLE].strip()


def title_of(text: str) -> str:
    """Return the first line of a text as its title; empty for a text without letters."""
    lines = (_TITLE_MARKS.sub("", line).strip() for line in text[:2_000].split("\n"))
    return clean_title(next((line for line in lines if line), ""))[:60].strip()


def beginning_of(text: str) -> str:
    """Return the first words of a text on one line."""
    return clean_title(text.lstrip()[:MAX_TITLE])


def difference(before: str, after: str) -> tuple[int, int, str]:
    """Return (position, removed characters, inserted text) that lead from one text to another."""
    limit = min(len(before), len(after))
    start = _common(before, after, limit)
    rest = limit - start
    end = _common_end(before, after, rest)
    return start, len(before) - start - end, after[start : len(after) - end]


def change_to(document: Document, text: str, origins: Stretches) -> Change:
    """Return the change that gives a document another text with other origins."""
    position, _removed, inserted = difference(document.text, text)
    end = len(text) - position - len(inserted)  # length of what is the same after it
    start = min(position, _common_stretches(document.origins, origins))
    backwards = _common_stretches(document.origins[::-1], origins[::-1])
    rest = min(end, backwards, len(document.text) - start, len(text) - start)
    return Change(
        start,
        len(document.text) - start - rest,
        text[start : len(text) - rest],
        cut(origins, start, len(text) - rest),
    )


def _common_stretches(first: Stretches, second: Stretches) -> int:
    """Return for how many characters from the beginning the origins are the same."""
    length = 0
    for one, other in zip(first, second, strict=False):
        if one.origin != other.origin:
            break
        length += min(one.length, other.length)
        if one.length != other.length:
            break
    return length


def _common(before: str, after: str, limit: int) -> int:
    """Return the length of the common beginning; halves the range, since slices compare fast."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if before[low:middle] == after[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_end(before: str, after: str, limit: int) -> int:
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        first = before[len(before) - middle : len(before) - low]
        if first == after[len(after) - middle : len(after) - low]:
            low = middle
        else:
            high = middle - 1
    return low
