"""Read OpenDocument texts (.odt): body text, headings, lists, tables and emphasis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import msgspec

from studio.core.translation import tr
from studio.documents.formats.archives.package import Package, has_password
from studio.documents.formats.archives.xml_tree import find_path
from studio.documents.formats.block_builder import BlockBuilder
from studio.documents.formats.blocks import Code, Rule, Run, plain, safe_address
from studio.documents.formats.faults import check_characters, damaged
from studio.documents.formats.imported import ImportedDocument, Places
from studio.documents.formats.markdown.render import render_markdown
from studio.documents.formats.readers.docx import (
    boxes_in,
    changes_notice,
    comments_notice,
    notes_notice,
)
from studio.documents.formats.readers.html import images_notice
from studio.documents.formats.readers.odt_styles import PLAIN, ListStyles, Styles, TextStyle

_MAX_REPEATED = 50
_MAX_SPACES = 1_000
_LEFT_OUT = {
    "text:note": "notes",
    "office:annotation": "comments",
    "text:tracked-changes": "changes",
}
_SKIPPED = frozenset(
    (
        "office:annotation-end",
        "office:forms",
        "text:ruby-text",
        "text:sequence-decls",
        "text:table-of-content",
        "text:user-field-decls",
        "text:variable-decls",
    )
)
_CHARACTERS = {"text:line-break": "\n", "text:tab": " ", "text:soft-page-break": ""}


def read_odt(path: Path, package: Package) -> ImportedDocument:
    """Read an OpenDocument text. Raises StudioError."""
    if package.has("META-INF/manifest.xml"):
        manifest = package.xml("META-INF/manifest.xml")
        if next(manifest.iter("manifest:encryption-data"), None) is not None:
            raise has_password(path)
    content = package.xml("content.xml")
    body = find_path(content, "office:body", "office:text")
    if body is None:
        raise damaged(path)
    reader = _Reader(content, package.xml_or_empty("styles.xml"))
    reader.read(body)
    text, starts = render_markdown(reader.builder.finish())
    check_characters(path, len(text))
    meta = package.xml_or_empty("meta.xml")
    author = next(meta.iter("meta:initial-creator"), next(meta.iter("dc:creator"), None))
    return ImportedDocument(
        text=text,
        format="odt",
        is_markdown=True,
        title=_text_of(next(meta.iter("dc:title"), None)),
        author=_text_of(author),
        language=_text_of(next(meta.iter("dc:language"), None)),
        notices=tuple(_notices(package, reader.counts)),
        places=Places("paragraph", tuple(starts)),
    )


class _Reader:
    def __init__(self, content: Element, common: Element) -> None:
        self._styles = Styles([common, content])
        self._lists = ListStyles([common, content])
        self.counts: Counter[str] = Counter()
        self.builder = BlockBuilder()
        self._list_names: list[str] = []
        self._boxes: list[Element] = []
        """Text boxes of the paragraph that is read; their text follows it."""

    def read(self, parent: Element) -> None:
        """Read paragraphs, lists and tables."""
        for child in parent:
            if child.tag in ("text:p", "text:h"):
                self._read_paragraph(child)
            elif child.tag == "text:list":
                self._read_list(child)
            elif child.tag == "table:table":
                self._read_table(child)
            elif child.tag in _LEFT_OUT:
                self.counts[_LEFT_OUT[child.tag]] += 1
            elif child.tag == "draw:frame":
                self._read_frame(child)
                self._read_boxes()
            elif child.tag not in _SKIPPED:  # text:section, text:index-body …
                self.read(child)

    def _read_paragraph(self, paragraph: Element) -> None:
        style = self._styles.of_paragraph(paragraph.get("text:style-name", ""))
        runs = list(self._runs(paragraph, PLAIN, ""))
        level = paragraph.get("text:outline-level", "1")
        heading = int(level) if level.isdecimal() and len(level) < 3 else 1
        if style.is_code and not self.builder.is_in_table:
            self._add_code(plain(runs))
        elif style.is_rule and not plain(runs).strip():
            self.builder.blocks.append(Rule())
        else:
            is_heading = paragraph.tag == "text:h" or style.is_title
            builder = self.builder
            builder.heading = max(1, min(6, heading)) if is_heading else 0
            builder.quote = int(style.is_quote)
            for run in runs:
                flat = msgspec.structs.replace(run, bold=False) if is_heading else run
                builder.add(flat)
            builder.close()
            builder.heading = builder.quote = 0
        self._read_boxes()

    def _add_code(self, text: str) -> None:
        blocks = self.builder.blocks
        previous = blocks[-1] if blocks else None
        if isinstance(previous, Code):  # LibreOffice makes a paragraph of each line
            blocks[-1] = Code(f"{previous.text}\n{text.rstrip()}", "", 0, previous.items)
        else:
            self.builder.add_code(text)

    def _read_list(self, parent: Element) -> None:
        name = parent.get("text:style-name") or (self._list_names[-1] if self._list_names else "")
        self.builder.open_list(self._lists.first_number(name, len(self._list_names)))
        self._list_names.append(name)
        for item in parent:
            if item.tag in ("text:list-item", "text:list-header"):
                start = item.get("text:start-value", "")
                self.builder.open_item(int(start) if start.isdecimal() and len(start) < 9 else None)
                self.read(item)
                self.builder.close_item()
        self._list_names.pop()
        self.builder.close_list()

    def _read_table(self, table: Element) -> None:
        self.builder.open_table()
        for row in _rows(table):
            self.builder.open_row()
            for cell in row:
                if cell.tag not in ("table:table-cell", "table:covered-table-cell"):
                    continue
                repeated = cell.get("table:number-columns-repeated", "1")
                count = int(repeated) if repeated.isdecimal() and len(repeated) < 5 else 1
                if next(cell.iter("table:table"), None) is not None:
                    count = 1  # tables in tables would multiply
                for _number in range(min(count, _MAX_REPEATED)):
                    self.builder.open_cell()
                    self.read(cell)
        self.builder.close_table()

    def _runs(self, parent: Element, style: TextStyle, link: str) -> Iterator[Run]:
        if parent.text:
            yield _run(parent.text, style, link)
        for child in parent:
            yield from self._inline(child, style, link)
            if child.tail:
                yield _run(child.tail, style, link)

    def _inline(self, child: Element, style: TextStyle, link: str) -> Iterator[Run]:
        tag = child.tag
        if tag == "text:span":
            name = child.get("text:style-name", "")
            yield from self._runs(child, self._styles.of_text(name, style), link)
        elif tag == "text:a":
            yield from self._runs(child, style, safe_address(child.get("xlink:href", "")))
        elif tag == "text:s":
            count = child.get("text:c", "1")
            spaces = int(count) if count.isdecimal() and len(count) < 5 else 1
            yield _run(" " * min(spaces, _MAX_SPACES), style, link, is_text=False)
        elif tag in _CHARACTERS:
            yield _run(_CHARACTERS[tag], style, link, is_text=False)
        elif tag == "draw:frame":
            self._read_frame(child)
        elif tag in _LEFT_OUT:
            self.counts[_LEFT_OUT[tag]] += 1
        elif tag not in _SKIPPED:
            yield from self._runs(child, style, link)

    def _read_frame(self, frame: Element) -> None:
        boxes = list(boxes_in(frame, "draw:text-box"))
        self._boxes += boxes
        if not boxes:
            self.counts["images"] += 1

    def _read_boxes(self) -> None:
        boxes, self._boxes = self._boxes, []
        for box in boxes:
            self.read(box)


def _run(text: str, style: TextStyle, link: str, *, is_text: bool = True) -> Run:
    if is_text:
        text = text.replace("\n", " ")
    return Run(text, style.bold, style.italic, style.strike, style.is_code, link)


def _rows(table: Element) -> Iterator[Element]:
    for child in table:
        if child.tag == "table:table-row":
            yield child
        elif child.tag in ("table:table-header-rows", "table:table-rows", "table:table-row-group"):
            yield from _rows(child)


def _text_of(element: Element | None) -> str:
    return ((element.text if element is not None else "") or "").strip()


def _notices(package: Package, counts: Counter[str]) -> Iterator[str]:
    if any(name.startswith(("Basic/", "Scripts/")) for name in package.names):
        yield tr("The document contains macros; they were neither read nor run.")
    if counts["images"]:
        yield images_notice(counts["images"])
    if counts["notes"]:
        yield notes_notice(counts["notes"])
    if counts["comments"]:
        yield comments_notice(counts["comments"])
    if counts["changes"]:
        yield changes_notice()
