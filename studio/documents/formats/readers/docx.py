"""Read Word documents: body text, headings, lists, tables and emphasis.

Own code, not python-docx: that builds all parts of the file in memory without limits, and knows no
lists, text boxes or tracked changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import msgspec

from studio.core.translation import tr, tr_plural
from studio.documents.formats.archives.package import Package, resolve
from studio.documents.formats.archives.xml_tree import find_path
from studio.documents.formats.block_builder import BlockBuilder
from studio.documents.formats.blocks import (
    Block,
    Code,
    Heading,
    Item,
    Paragraph,
    Rule,
    Run,
    plain,
    safe_address,
    tidy,
)
from studio.documents.formats.faults import check_characters, damaged
from studio.documents.formats.imported import ImportedDocument, Places
from studio.documents.formats.markdown.inline import WIDE
from studio.documents.formats.markdown.render import render_markdown
from studio.documents.formats.readers.docx_styles import (
    Numbering,
    Style,
    Styles,
    is_on,
    read_number,
)
from studio.documents.formats.readers.html import images_notice

_LEFT_OUT = {
    "w:del": "changes",
    "w:moveFrom": "changes",
    "w:drawing": "images",
    "w:pict": "images",
    "w:object": "images",
    "w:footnoteReference": "notes",
    "w:endnoteReference": "notes",
    "w:commentReference": "comments",
}
"""Element → what the counts call it."""
_SKIPPED = frozenset(("mc:Fallback", "w:rPr", "w:pPr", "w:instrText", "w:sectPr", "w:tblPr"))
_CHARACTERS = {"w:tab": " ", "w:cr": "\n", "w:noBreakHyphen": "-", "w:ptab": " "}


class Relation(msgspec.Struct, frozen=True):
    """What a part refers to."""

    kind: str
    """Last word of the type's address."""
    target: str
    is_external: bool


Relations = dict[str, Relation]
"""By id."""


def read_docx(path: Path, package: Package) -> ImportedDocument:
    """Read a Word document. Raises StudioError."""
    main = next(
        (one.target for one in relations_of(package, "").values() if one.kind == "officeDocument"),
        "word/document.xml",
    )
    body = package.xml(main).find("w:body")
    if body is None:
        raise damaged(path)
    relations = relations_of(package, main)
    reader = _Reader(package, main, relations)
    reader.read(body)
    text, starts = render_markdown(reader.builder.finish())
    check_characters(path, len(text))
    core = package.xml_or_empty("docProps/core.xml")
    return ImportedDocument(
        text=text,
        format="docx",
        is_markdown=True,
        title=(core.findtext("dc:title") or "").strip(),
        author=(core.findtext("dc:creator") or "").strip(),
        language=(core.findtext("dc:language") or "").strip()
        or reader.styles.language(_is_wide(text)),
        notices=tuple(_notices(package, relations, reader.counts)),
        places=Places("paragraph", tuple(starts)),
    )


def relations_of(package: Package, part: str) -> Relations:
    """Return what a part refers to, by id; "" is the package itself."""
    folder, _slash, name = part.rpartition("/")
    root = package.xml_or_empty(resolve(folder, f"_rels/{name}.rels"))
    found = {}
    for relation in root.iter("rel:Relationship"):
        target, is_external = relation.get("Target", ""), relation.get("TargetMode") == "External"
        found[relation.get("Id", "")] = Relation(
            relation.get("Type", "").rpartition("/")[2],
            target if is_external else resolve(folder, target),
            is_external,
        )
    return found


class _Reader:
    def __init__(self, package: Package, main: str, relations: Relations) -> None:
        parts = {one.kind: one.target for one in relations.values() if not one.is_external}
        self.styles = Styles(package.xml_or_empty(parts.get("styles", "")))
        self._numbering = Numbering(package.xml_or_empty(parts.get("numbering", "")))
        self._relations = relations
        self.counts: Counter[str] = Counter()
        self.builder = BlockBuilder()
        self._boxes: list[Element] = []
        """Text boxes of the paragraph that is read; their text follows it."""

    def read(self, parent: Element) -> None:
        """Read paragraphs and tables."""
        for child in parent:
            if child.tag == "w:p":
                self._read_paragraph(child)
            elif child.tag == "w:tbl":
                self._read_table(child)
            elif child.tag in ("w:del", "w:moveFrom"):
                self.counts["changes"] += 1
            elif child.tag not in _SKIPPED:  # w:sdt, w:sdtContent, w:customXml, w:ins …
                self.read(child)

    def _read_table(self, table: Element) -> None:
        self.builder.open_table()
        for row in _inside(table, "w:tr"):
            self.builder.open_row()
            for cell in _inside(row, "w:tc"):
                self.builder.open_cell()
                self.read(cell)
                span = find_path(cell, "w:tcPr", "w:gridSpan")
                extra = read_number(span.get("w:val")) if span is not None else 1
                for _number in range(1, min(extra, 50)):
                    self.builder.open_cell()
        self.builder.close_table()

    def _read_paragraph(self, paragraph: Element) -> None:
        properties = paragraph.find("w:pPr")
        style = self.styles.of_paragraph(properties)
        runs = list(self._runs(paragraph, ""))
        boxes, self._boxes = self._boxes, []
        if self.builder.is_in_table:
            for run in runs:
                self.builder.add(run)
            self.builder.close()
        elif block := self._block(style, properties, runs):
            self._append(block)
        for box in boxes:
            self.read(box)

    def _append(self, block: Block) -> None:
        blocks = self.builder.blocks
        previous = blocks[-1] if blocks else None
        if isinstance(block, Code) and isinstance(previous, Code):  # a paragraph for each line
            blocks[-1] = Code(f"{previous.text}\n{block.text}", previous.language)
        else:
            blocks.append(block)

    def _block(self, style: Style, properties: Element | None, runs: list[Run]) -> Block | None:
        if style.is_code:
            text = plain(runs).rstrip()
            return Code(text) if text.strip() or self._follows_code() else None
        if not plain(runs).strip():
            is_line = properties is not None and find_path(properties, "w:pBdr", "w:bottom")
            return Rule() if isinstance(is_line, Element) else None
        if style.heading:
            flat = (msgspec.structs.replace(run, bold=False, code=False) for run in runs)
            return Heading(style.heading, tidy(flat))
        if place := self._numbering.place(properties, style):
            return Item(tidy(runs), place.level, place.number)
        return Paragraph(tidy(runs), int(style.is_quote), style.list_level)

    def _follows_code(self) -> bool:
        return bool(self.builder.blocks) and isinstance(self.builder.blocks[-1], Code)

    def _runs(self, parent: Element, link: str) -> Iterator[Run]:
        for child in parent:
            if child.tag == "w:r":
                yield from self._run(child, link)
            elif child.tag == "w:hyperlink":
                relation = self._relations.get(child.get("r:id", ""))
                yield from self._runs(child, safe_address(relation.target) if relation else "")
            elif child.tag in _LEFT_OUT:
                self._count(child)
            elif child.tag == "m:t":
                yield Run(child.text or "", link=link)
            elif child.tag not in _SKIPPED:
                yield from self._runs(child, link)

    def _run(self, run: Element, link: str) -> Iterator[Run]:
        properties = run.find("w:rPr")
        if is_on(properties, "w:vanish"):
            return
        style = self.styles.of_run(properties)
        text = "".join(self._pieces(run))
        if text:
            yield Run(text, style.bold, style.italic, style.strike, style.is_code, link)

    def _pieces(self, run: Element) -> Iterator[str]:
        for child in run:
            if child.tag == "w:t":
                yield (child.text or "").replace("\n", " ")
            elif child.tag == "w:br":
                yield "\n" if child.get("w:type") in (None, "textWrapping") else ""
            elif child.tag in _CHARACTERS:
                yield _CHARACTERS[child.tag]
            elif child.tag in _LEFT_OUT:
                self._count(child)
            elif child.tag == "mc:AlternateContent":
                yield from self._pieces(_first(child, "mc:Choice"))

    def _count(self, element: Element) -> None:
        boxes = list(boxes_in(element, "w:txbxContent"))
        self._boxes += boxes
        if not boxes:
            self.counts[_LEFT_OUT[element.tag]] += 1


def _first(parent: Element, tag: str) -> Element:
    found = parent.find(tag)
    return Element(tag) if found is None else found


def boxes_in(parent: Element, tag: str) -> Iterator[Element]:
    """Yield the text boxes, elements of a tag; a box inside another one is read with that."""
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag not in _SKIPPED:
            yield from boxes_in(child, tag)


def _inside(parent: Element, tag: str) -> Iterator[Element]:
    """Yield rows or cells, also those in content controls and tracked insertions."""
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag in ("w:sdt", "w:sdtContent", "w:ins", "w:customXml"):
            yield from _inside(child, tag)


def _notices(package: Package, relations: Relations, counts: Counter[str]) -> Iterable[str]:
    if any(name.lower().endswith("vbaproject.bin") for name in package.names):
        yield tr("The document contains macros; they were neither read nor run.")
    external = [one for one in relations.values() if one.is_external and one.kind != "hyperlink"]
    if external:
        yield tr_plural(
            "One link to content outside the file was not followed.",
            "{count} links to content outside the file were not followed.",
            len(external),
        )
    if counts["images"]:
        yield images_notice(counts["images"])
    if counts["notes"]:
        yield notes_notice(counts["notes"])
    if counts["comments"]:
        yield comments_notice(counts["comments"])
    if counts["changes"]:
        yield changes_notice()


def notes_notice(count: int) -> str:
    """Return the sentence about footnotes and endnotes that were left out."""
    return tr_plural("One footnote was left out.", "{count} footnotes were left out.", count)


def comments_notice(count: int) -> str:
    """Return the sentence about comments that were left out."""
    return tr_plural("One comment was left out.", "{count} comments were left out.", count)


def changes_notice() -> str:
    """Return the sentence about tracked changes."""
    return tr("Tracked changes were read as if they were accepted.")


def _is_wide(text: str) -> bool:
    sample = text[:5_000]
    return len(WIDE.findall(sample)) * 3 > len(sample)
