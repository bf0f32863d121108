"""Write Word documents with the styles that Word itself has, so that its themes apply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from studio.documents.formats.archives.zip_file import zip_bytes
from studio.documents.formats.blocks import (
    Block,
    Code,
    Heading,
    Item,
    Paragraph,
    Rule,
    Run,
    Table,
)
from studio.documents.formats.metadata import DocumentMetadata
from studio.documents.formats.writers.html import attribute, text_of
from studio.documents.formats.writers.parts import docx_parts

_MAX_LEVEL = 8
_HEADER = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def write_docx(blocks: Sequence[Block], metadata: DocumentMetadata) -> bytes:
    """Return a Word document."""
    writer = _Writer()
    body = "".join(writer.paragraphs(blocks))
    if metadata.label_text:
        body += _paragraph("AILabel", _run(Run(metadata.label_text), ""))
    document = (
        f"{_HEADER}<w:document {docx_parts.NAMESPACES}><w:body>{body}{docx_parts.PAGE}"
        "</w:body></w:document>"
    )
    parts = [
        ("[Content_Types].xml", docx_parts.CONTENT_TYPES),
        ("_rels/.rels", docx_parts.RELATIONS),
        ("word/document.xml", document),
        ("word/styles.xml", docx_parts.styles(metadata.language)),
        ("word/numbering.xml", docx_parts.numbering(writer.first_numbers)),
        ("word/_rels/document.xml.rels", docx_parts.document_relations(writer.links)),
        ("docProps/core.xml", docx_parts.core_properties(metadata)),
        ("docProps/custom.xml", docx_parts.custom_properties(metadata.extra_fields())),
    ]
    return zip_bytes(
        (name, text if text.startswith("<?") else _HEADER + text) for name, text in parts
    )


class _Writer:
    def __init__(self) -> None:
        self.links: list[str] = []
        """Addresses; the first one has the id `link1`."""
        self.first_numbers: list[tuple[int, int]] = []
        """Level and first number of each numbered list; the first list has the id 2."""
        self._open: dict[int, tuple[int, int]] = {}
        """Level of each numbered list that is open → its id and last number."""

    def paragraphs(self, blocks: Iterable[Block]) -> Iterator[str]:
        """Yield the body's paragraphs and tables."""
        for block in blocks:
            if not isinstance(block, Item) and not (
                isinstance(block, (Paragraph, Code)) and block.items
            ):
                self._open.clear()
            yield self._paragraph_of(block)

    def _paragraph_of(self, block: Block) -> str:
        if isinstance(block, Heading):
            return _paragraph(f"Heading{block.level}", self._runs(block.runs))
        if isinstance(block, Item):
            return self._item(block)
        if isinstance(block, Code):
            text = _run(Run(block.text), "")
            return _paragraph("CodeBlock", text, _indent(block.items))
        if isinstance(block, Table):
            return self._table(block)
        if isinstance(block, Rule):
            return "<w:p><w:pPr><w:pBdr><w:bottom " + docx_parts.LINE + "/></w:pBdr></w:pPr></w:p>"
        style = ""
        if block.items:
            style = f"ListContinue{min(block.items, 5) if block.items > 1 else ''}"
        elif block.quote:
            style = "Quote"
        return _paragraph(style, self._runs(block.runs))

    def _item(self, item: Item) -> str:
        level = min(item.level, _MAX_LEVEL)
        for deeper in [one for one in self._open if one > level]:
            del self._open[deeper]
        number_id = 1
        if item.number is not None:
            number_id, last = self._open.get(level, (0, 0))
            if not number_id or item.number != last + 1:
                self.first_numbers.append((level, item.number))
                number_id = 1 + len(self.first_numbers)
            self._open[level] = number_id, item.number
        else:
            self._open.pop(level, None)
        properties = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number_id}"/></w:numPr>'
        style = "ListBullet" if item.number is None else "ListNumber"
        return _paragraph(style, self._runs(item.runs), properties)

    def _table(self, table: Table) -> str:
        width = max(map(len, table.rows), default=1)
        grid = f'<w:gridCol w:w="{9000 // width}"/>' * width
        rows = []
        for number, row in enumerate(table.rows):
            header = "" if number else "<w:trPr><w:tblHeader/></w:trPr>"
            cells = [*map(self._runs, row), *[""] * (width - len(row))]
            rows.append(
                f"<w:tr>{header}"
                + "".join(
                    f'<w:tc><w:tcPr><w:tcW w:w="{9000 // width}" w:type="dxa"/></w:tcPr>'
                    f"{_paragraph('', cell)}</w:tc>"
                    for cell in cells
                )
                + "</w:tr>"
            )
        return (
            '<w:tbl><w:tblPr><w:tblStyle w:val="TableGrid"/><w:tblW w:w="0" w:type="auto"/>'
            f'<w:tblLook w:val="0420" w:firstRow="1"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>'
            + "".join(rows)
            + "</w:tbl>"
            + _paragraph("", "")
        )

    def _runs(self, runs: Iterable[Run]) -> str:
        pieces = []
        for run in runs:
            shown = _run(run, "Hyperlink" if run.link else "")
            if run.link:
                self.links.append(run.link)
                shown = f'<w:hyperlink r:id="link{len(self.links)}">{shown}</w:hyperlink>'
            pieces.append(shown)
        return "".join(pieces)


def _paragraph(style: str, content: str, more: str = "") -> str:
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    properties = f"<w:pPr>{named}{more}</w:pPr>" if named or more else ""
    return f"<w:p>{properties}{content}</w:p>"


def _indent(items: int) -> str:
    return f'<w:ind w:left="{720 * items}"/>' if items else ""


def _run(run: Run, style: str) -> str:
    style = "CodeCharacter" if run.code else style
    properties = (
        (f"<w:rStyle w:val={attribute(style)}/>" if style else "")
        + "<w:b/>" * run.bold
        + "<w:i/>" * run.italic
        + "<w:strike/>" * run.strike
    )
    lines = run.text.split("\n")
    content = "<w:br/>".join(
        f'<w:t xml:space="preserve">{text_of(line)}</w:t>' if line else "" for line in lines
    )
    return f"<w:r>{f'<w:rPr>{properties}</w:rPr>' if properties else ''}{content}</w:r>"
