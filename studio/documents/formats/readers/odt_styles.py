"""Styles and lists of OpenDocument texts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree.ElementTree import Element

import msgspec

_MAX_PARENTS = 20
_BOLD = re.compile(r"bold|[6-9]00")
_MONOSPACED = re.compile(r"mono|courier|consolas|menlo", re.IGNORECASE)
_CODE_NAMES = frozenset(("Source_20_Text", "Teletype", "User_20_Entry"))


class TextStyle(msgspec.Struct, frozen=True):
    """What a span looks like."""

    bold: bool = False
    italic: bool = False
    strike: bool = False
    is_code: bool = False


class ParagraphStyle(msgspec.Struct, frozen=True):
    """What a paragraph is."""

    is_title: bool = False
    is_quote: bool = False
    is_code: bool = False
    is_rule: bool = False


PLAIN = TextStyle()


class Styles:
    """The styles of a document, by name; those of later elements replace earlier ones."""

    def __init__(self, roots: Iterable[Element]) -> None:
        self._elements: dict[tuple[str, str], Element] = {}
        for root in roots:
            for style in root.iter("style:style"):
                key = style.get("style:family", ""), style.get("style:name", "")
                self._elements[key] = style

    def of_paragraph(self, name: str) -> ParagraphStyle:
        """Return what a paragraph of a style is, by the names of the styles it is based on."""
        names = [
            name,
            *(one.get("style:parent-style-name", "") for one in self._chain("paragraph", name)),
        ]
        return ParagraphStyle(
            is_title="Title" in names,
            is_quote="Quotations" in names,
            is_code="Preformatted_20_Text" in names,
            is_rule="Horizontal_20_Line" in names,
        )

    def of_text(self, name: str, outer: TextStyle) -> TextStyle:
        """Return the style of a span inside text of another style."""
        style = outer
        for element in reversed(self._chain("text", name)):
            properties = element.find("style:text-properties")
            if properties is not None:
                style = _with_properties(style, properties)
        chain = [
            name,
            *(one.get("style:parent-style-name", "") for one in self._chain("text", name)),
        ]
        return msgspec.structs.replace(
            style,
            bold=style.bold or "Strong_20_Emphasis" in chain,
            italic=style.italic or "Emphasis" in chain,
            is_code=style.is_code or not _CODE_NAMES.isdisjoint(chain),
        )

    def _chain(self, family: str, name: str) -> list[Element]:
        chain: list[Element] = []
        while (found := self._elements.get((family, name))) is not None and len(
            chain
        ) < _MAX_PARENTS:
            chain.append(found)
            name = found.get("style:parent-style-name", "")
        return chain


class ListStyles:
    """The styles of lists, by name and level."""

    def __init__(self, roots: Iterable[Element]) -> None:
        self._first: dict[tuple[str, int], int | None] = {}
        for root in roots:
            for style in root.iter("text:list-style"):
                for level in style:
                    self._add(style.get("style:name", ""), level)

    def _add(self, name: str, level: Element) -> None:
        number = level.get("text:level", "1")
        index = int(number) - 1 if number.isdecimal() and len(number) < 3 else 0
        start = level.get("text:start-value", "1")
        is_numbered = level.tag == "text:list-level-style-number" and level.get("style:num-format")
        first = int(start) if start.isdecimal() and len(start) < 9 else 1
        self._first[name, index] = first if is_numbered else None

    def first_number(self, name: str, level: int) -> int | None:
        """Return the first number of a list, or None if it has bullets. Levels count from 0."""
        return self._first.get((name, level))


def _with_properties(style: TextStyle, properties: Element) -> TextStyle:
    weight = properties.get("fo:font-weight")
    slant = properties.get("fo:font-style")
    line = properties.get("style:text-line-through-style")
    font = properties.get("style:font-name") or properties.get("fo:font-family")
    return TextStyle(
        bold=style.bold if weight is None else bool(_BOLD.fullmatch(weight)),
        italic=style.italic if slant is None else slant in ("italic", "oblique"),
        strike=style.strike if line is None else line != "none",
        is_code=style.is_code if font is None else bool(_MONOSPACED.search(font)),
    )
