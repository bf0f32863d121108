"""Styles and numbering of Word documents."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

import msgspec

from studio.documents.formats.archives.xml_tree import find_path

_HEADING = re.compile(r"(?:heading|标题|überschrift|titre)\s*([1-9])", re.IGNORECASE)
_LIST_CONTINUE = re.compile(r"list\scontinue(?:\s*([2-5]))?", re.IGNORECASE)
_CODE = re.compile(
    r"(?:html\s+)?(?:code|preformatted|keyboard|typewriter|sample)(?:\s.*)?|source (?:code|text)"
    r"|verbatim char|plain text|code block",
    re.IGNORECASE,
)
_OFF = ("0", "false", "off", "none")
_MAX_PARENTS = 20


class Style(msgspec.Struct, frozen=True):
    """What a paragraph or a run looks like."""

    heading: int = 0
    """Level 1 to 6; 0 for none."""
    list_level: int = 0
    """Number of list items that contain the paragraph, which is not the first one in them."""
    is_quote: bool = False
    is_code: bool = False
    bold: bool = False
    italic: bool = False
    strike: bool = False
    numbering: tuple[str, int] | None = None
    """Id of the numbering, and level."""


class ListPlace(msgspec.Struct, frozen=True):
    """Where a paragraph stands in a list; bullets have no `number`."""

    level: int
    number: int | None


class Styles:
    """The styles of a document, by id."""

    def __init__(self, root: Element) -> None:
        self._elements = {style.get("w:styleId", ""): style for style in root.iter("w:style")}
        self._found: dict[str, Style] = {}
        self._language = find_path(root, "w:docDefaults", "w:rPrDefault", "w:rPr", "w:lang")

    def language(self, is_wide: bool) -> str:
        """Return the default language; `is_wide`: of Chinese, Japanese and Korean text."""
        if self._language is None:
            return ""
        return self._language.get("w:eastAsia" if is_wide else "w:val") or ""

    def of_paragraph(self, properties: Element | None) -> Style:
        """Return the style of a paragraph with its own properties."""
        if properties is None:
            return Style()
        style = self._named(_value(properties, "w:pStyle"))
        level = _outline_level(properties)
        if level is not None:
            style = msgspec.structs.replace(style, heading=level)
        return style

    def of_run(self, properties: Element | None) -> Style:
        """Return the style of a run with its own properties."""
        if properties is None:
            return Style()
        style = self._named(_value(properties, "w:rStyle"))
        return _with_properties(style, properties)

    def _named(self, name: str) -> Style:
        if name not in self._found:
            self._found[name] = self._build(name)
        return self._found[name]

    def _build(self, name: str) -> Style:
        chain: list[Element] = []
        while name in self._elements and len(chain) < _MAX_PARENTS:
            chain.append(self._elements[name])
            name = _value(chain[-1], "w:basedOn")
        style = Style()
        for element in reversed(chain):
            style = _with_name(style, _value(element, "w:name"))
            properties = element.find("w:pPr")
            if properties is not None:
                level = _outline_level(properties)
                style = msgspec.structs.replace(
                    style,
                    heading=style.heading if level is None else level,
                    numbering=_numbering_of(properties) or style.numbering,
                )
            if element.get("w:type") == "character" and (run := element.find("w:rPr")) is not None:
                style = _with_properties(style, run)
        return style


class Numbering:
    """The lists of a document; counts their items."""

    def __init__(self, root: Element) -> None:
        abstract = {one.get("w:abstractNumId", ""): one for one in root.iter("w:abstractNum")}
        self._levels: dict[str, dict[int, tuple[str, int]]] = {}
        """Id → level → format and first number."""
        self._group: dict[str, str] = {}
        """Id → id of the definition; lists of one definition count on."""
        for one in root.iter("w:num"):
            number_id, definition = one.get("w:numId", ""), _value(one, "w:abstractNumId")
            levels: dict[int, tuple[str, int]] = {}
            starts_again = False
            for level in abstract.get(definition, Element("none")).iter("w:lvl"):
                levels[read_number(level.get("w:ilvl"))] = _format_of(level)
            for override in one.iter("w:lvlOverride"):
                index = read_number(override.get("w:ilvl"))
                if (start := override.find("w:startOverride")) is not None:
                    starts_again = True
                    levels[index] = (
                        levels.get(index, ("decimal", 1))[0],
                        read_number(start.get("w:val")),
                    )
                if (level_ := override.find("w:lvl")) is not None:
                    levels[index] = _format_of(level_)
            self._levels[number_id] = levels
            self._group[number_id] = number_id if starts_again else definition
        self._counts: dict[str, list[int | None]] = {}

    def place(self, properties: Element | None, style: Style) -> ListPlace | None:
        """Return where a paragraph stands in a list, and count it; None outside of lists."""
        found = (_numbering_of(properties) if properties is not None else None) or style.numbering
        if found is None or found[0] not in self._levels:
            return None
        number_id, level = found
        kind, first = self._levels[number_id].get(level, ("bullet", 1))
        if kind == "none":
            return None
        counts = self._counts.setdefault(self._group[number_id], [])
        del counts[level + 1 :]
        counts += [None] * (level + 1 - len(counts))
        current = counts[level]
        counts[level] = first if current is None else current + 1
        return ListPlace(level, None if kind == "bullet" else counts[level])


def is_on(properties: Element | None, name: str) -> bool:
    """True if a property that is on or off is on."""
    found = properties.find(name) if properties is not None else None
    return found is not None and found.get("w:val", "1") not in _OFF


def _with_name(style: Style, name: str) -> Style:
    if heading := _HEADING.fullmatch(name):
        return msgspec.structs.replace(style, heading=min(6, int(heading[1])))
    if name.lower() == "title":
        return msgspec.structs.replace(style, heading=1)
    if continued := _LIST_CONTINUE.fullmatch(name):
        return msgspec.structs.replace(style, list_level=int(continued[1] or 1))
    return msgspec.structs.replace(
        style,
        is_quote=style.is_quote or "quote" in name.lower(),
        is_code=style.is_code or bool(_CODE.fullmatch(name)),
    )


def _with_properties(style: Style, properties: Element) -> Style:
    def now(name: str, before: bool) -> bool:
        return is_on(properties, name) if properties.find(name) is not None else before

    return msgspec.structs.replace(
        style,
        bold=now("w:b", style.bold),
        italic=now("w:i", style.italic),
        strike=now("w:strike", style.strike),
    )


def _numbering_of(properties: Element) -> tuple[str, int] | None:
    found = properties.find("w:numPr")
    if found is None:
        return None
    return _value(found, "w:numId"), min(8, read_number(_value(found, "w:ilvl") or "0"))


def _outline_level(properties: Element) -> int | None:
    level = _value(properties, "w:outlineLvl")
    if not level.isdecimal():
        return None
    return min(6, int(level) + 1) if int(level) < 9 else 0


def _format_of(level: Element) -> tuple[str, int]:
    return _value(level, "w:numFmt") or "decimal", read_number(_value(level, "w:start") or "1")


def _value(parent: Element, name: str) -> str:
    found = parent.find(name)
    return found.get("w:val", "") if found is not None else ""


def read_number(text: str | None) -> int:
    """Return a number of the file; 0 for anything else."""
    return int(text) if text and text.isdecimal() and len(text) < 9 else 0
