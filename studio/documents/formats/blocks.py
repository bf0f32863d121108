"""A document as a flat list of blocks, which every format is read into and written from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec


class Run(msgspec.Struct, frozen=True, gc=False):
    """Text in one style. A `\\n` in it is a line break inside its block."""

    text: str
    bold: bool = False
    italic: bool = False
    strike: bool = False
    code: bool = False
    link: str = ""
    """Address; empty for none."""


Runs = tuple[Run, ...]


class Heading(msgspec.Struct, frozen=True, tag=True):
    """A heading of level 1 to 6."""

    level: int
    runs: Runs
    quote: int = 0


class Paragraph(msgspec.Struct, frozen=True, tag=True):
    """A paragraph."""

    runs: Runs
    quote: int = 0
    """How many block quotes contain it."""
    items: int = 0
    """How many list items contain it; it is not the first block of the innermost one."""


class Item(msgspec.Struct, frozen=True, tag=True):
    """The first paragraph of a list item."""

    runs: Runs
    level: int = 0
    """0 for a list that is in no other list."""
    number: int | None = None
    """Its number; None in a list with bullets."""
    quote: int = 0


class Code(msgspec.Struct, frozen=True, tag=True):
    """Lines of code, whose spaces and line breaks count."""

    text: str
    language: str = ""
    quote: int = 0
    items: int = 0


class Table(msgspec.Struct, frozen=True, tag=True):
    """Rows of cells; the first row is the header. Rows may differ in length."""

    rows: tuple[tuple[Runs, ...], ...]


class Rule(msgspec.Struct, frozen=True, tag=True):
    """A horizontal line between two parts of the text."""


Block = Heading | Paragraph | Item | Code | Table | Rule
_SPACES = re.compile(r"[^\S\n\u00a0\u3000]+")
_AROUND_BREAK = re.compile(r"(?<! ) *+\n *+")


def plain(runs: Iterable[Run]) -> str:
    """Return the text of runs without styles."""
    return "".join(run.text for run in runs)


def tidy(runs: Iterable[Run]) -> Runs:
    """Join neighbors of the same style and collapse spaces, as browsers do."""
    joined: list[Run] = []
    for run in runs:
        if joined and msgspec.structs.replace(joined[-1], text="") == msgspec.structs.replace(
            run, text=""
        ):
            joined[-1] = msgspec.structs.replace(run, text=joined[-1].text + run.text)
        elif run.text:
            joined.append(run)
    found: list[Run] = []
    ends_blank = True
    for run in joined:
        text = _AROUND_BREAK.sub("\n", _SPACES.sub(" ", run.text))
        if ends_blank:
            text = text.lstrip(" ")
        if text:
            ends_blank = text[-1] in " \n"
            found.append(msgspec.structs.replace(run, text=text))
    while found and not (last := found[-1].text.rstrip()):
        found.pop()
    if found:
        found[-1] = msgspec.structs.replace(found[-1], text=last)
        found[0] = msgspec.structs.replace(found[0], text=found[0].text.lstrip("\n "))
    return tuple(found)


def safe_address(address: str) -> str:
    """Return an address that a text may keep: of the web or mail, else nothing."""
    address = address.strip()
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError:
        return ""
    return address if scheme in ("http", "https", "mailto") else ""
