"""Write OpenDocument texts with the styles that LibreOffice itself has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from studio.documents.formats.archives.zip_file import zip_bytes
from studio.documents.formats.blocks import Block, Code, Heading, Item, Paragraph, Rule, Run, Table
from studio.documents.formats.metadata import DocumentMetadata
from studio.documents.formats.writers.html import attribute, text_of
from studio.documents.formats.writers.parts import odt_parts

_BREAK = "<text:line-break/>"
_HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'


def write_odt(blocks: Sequence[Block], metadata: DocumentMetadata) -> bytes:
    """Return an OpenDocument text."""
    writer = _Writer()
    for block in blocks:
        writer.add(block)
    writer.close_to(0)
    if metadata.label_text:
        writer.pieces.append(_paragraph("AI_20_Label", text_of(metadata.label_text)))
    content = odt_parts.content("".join(writer.pieces))
    parts = (
        ("META-INF/manifest.xml", odt_parts.MANIFEST),
        ("content.xml", content),
        ("styles.xml", odt_parts.styles(metadata.language)),
        ("meta.xml", odt_parts.meta(metadata)),
    )
    return zip_bytes(
        ((name, _HEADER + text) for name, text in parts), ("mimetype", odt_parts.MIME_TYPE)
    )


class _Writer:
    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._lists: list[bool] = []
        """For each open list, whose last item is open, too: it is numbered."""

    def add(self, block: Block) -> None:
        """Write a block."""
        if isinstance(block, Item):
            self._open_item(block)
            self.pieces.append(_paragraph("Text_20_body", runs_of(block.runs)))
            return
        items = block.items if isinstance(block, (Paragraph, Code)) else 0
        self.close_to(min(items, len(self._lists)))
        self.pieces.append(_block(block))

    def _open_item(self, item: Item) -> None:
        level, is_numbered = min(item.level, len(self._lists)), item.number is not None
        self.close_to(level + 1)
        if len(self._lists) == level + 1:
            if self._lists[level] == is_numbered:
                self.pieces.append("</text:list-item>")
            else:
                self.close_to(level)
        start = ""
        if len(self._lists) == level:
            style = "Numbering_20_1" if is_numbered else "List_20_1"
            self.pieces.append(f'<text:list text:style-name="{style}">')
            self._lists.append(is_numbered)
            if (item.number or 1) != 1:
                start = f' text:start-value="{item.number}"'
        self.pieces.append(f"<text:list-item{start}>")

    def close_to(self, level: int) -> None:
        """Close lists until `level` of them are open."""
        while len(self._lists) > level:
            self._lists.pop()
            self.pieces.append("</text:list-item></text:list>")


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        level = block.level
        return (
            f'<text:h text:style-name="Heading_20_{level}" text:outline-level="{level}">'
            f"{runs_of(block.runs)}</text:h>"
        )
    if isinstance(block, Code):
        return _paragraph("Preformatted_20_Text", code_of(block.text))
    if isinstance(block, Rule):
        return _paragraph("Horizontal_20_Line", "")
    if isinstance(block, Table):
        return _table(block)
    assert isinstance(block, Paragraph)
    return _paragraph("Quotations" if block.quote else "Text_20_body", runs_of(block.runs))


def _table(table: Table) -> str:
    width = max(map(len, table.rows), default=1)
    rows = []
    for number, row in enumerate(table.rows):
        style = "Table_20_Contents" if number else "Table_20_Heading"
        cells = [*map(runs_of, row), *[""] * (width - len(row))]
        shown = "".join(
            '<table:table-cell table:style-name="Cell" office:value-type="string">'
            f"{_paragraph(style, cell)}</table:table-cell>"
            for cell in cells
        )
        shown = f"<table:table-row>{shown}</table:table-row>"
        rows.append(
            shown if number else f"<table:table-header-rows>{shown}</table:table-header-rows>"
        )
    return (
        "<table:table>"
        f'<table:table-column table:number-columns-repeated="{width}"/>'
        f"{''.join(rows)}</table:table>"
    )


def _paragraph(style: str, content: str) -> str:
    return f'<text:p text:style-name="{style}">{content}</text:p>'


def runs_of(runs: Iterable[Run]) -> str:
    """Return text in styles."""
    return "".join(map(_run, runs))


def _run(run: Run) -> str:
    shown = text_of(run.text).replace("\n", _BREAK)
    if run.code:
        shown = f'<text:span text:style-name="Source_20_Text">{shown}</text:span>'
    style = "B" * run.bold + "I" * run.italic + "S" * run.strike
    if style:
        shown = f'<text:span text:style-name="{style}">{shown}</text:span>'
    if run.link:
        address = attribute(run.link)
        shown = f'<text:a xlink:type="simple" xlink:href={address}>{shown}</text:a>'
    return shown


def code_of(text: str) -> str:
    """Return lines of code, with elements for spaces that XML readers would collapse."""
    lines = []
    for line in text.split("\n"):
        inner = line.lstrip(" ")
        indent = len(line) - len(inner)
        spaces = f'<text:s text:c="{indent}"/>' if indent else ""
        lines.append(spaces + text_of(inner).replace("  ", ' <text:s text:c="1"/>'))
    return _BREAK.join(lines)
