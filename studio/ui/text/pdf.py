"""Write a document as PDF with Qt, which embeds the fonts. QtGui only; may run in any thread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QFont,
    QFontDatabase,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextDocument,
    QTextLayout,
)

from studio.core.files import write_whole
from studio.core.translation import tr
from studio.documents.formats.blocks import Block
from studio.documents.formats.markdown.inline import WIDE
from studio.documents.formats.metadata import IPTC_NAMESPACE, DocumentMetadata
from studio.documents.formats.readers.progress import Progress
from studio.documents.formats.write import blocks_of
from studio.documents.formats.writers.html import body_of, first_heading, text_of

_MARGIN_MM = 22.0
_POINTS = 10.5
_FAMILIES = (
    "Noto Serif",  # not translated: a font
    "Georgia",
    "Times New Roman",  # not translated: a font
    "Liberation Serif",  # not translated: a font
    "DejaVu Serif",  # not translated: a font
)
_CHINESE_FAMILIES = (
    "Noto Serif CJK SC",  # not translated: a font
    "Source Han Serif SC",  # not translated: a font
    "Songti SC",  # not translated: a font
    "SimSun",
    "Noto Sans CJK SC",  # not translated: a font
    "Microsoft YaHei",  # not translated: a font
    "PingFang SC",  # not translated: a font
    "WenQuanYi Zen Hei",  # not translated: a font
    "WenQuanYi Micro Hei",  # not translated: a font
)
_STYLE = """
h1 { font-size: 20pt; } h2 { font-size: 16pt; } h3 { font-size: 13pt; }
pre, code { font-family: "DejaVu Sans Mono", Consolas, Menlo, monospace; font-size: 9pt; }
pre { background-color: #f2f2f2; }
blockquote { color: #444444; }
a { color: #1a4f8b; text-decoration: none; }
.ai-label { font-size: 8pt; color: #555555; }
"""
_NUMBER_POINTS = 8


def write_pdf(
    path: Path,
    text: str,
    metadata: DocumentMetadata = DocumentMetadata(),  # noqa: B008  immutable
    *,
    is_markdown: bool = True,
    replace: bool = False,
    on_progress: Progress = lambda _done, _total: None,
) -> tuple[str, ...]:
    """Write a text as PDF, whole or not at all; return notices for the user.

    `on_progress` is called before each page, and before the file is written, and may raise to
    stop. Needs a QGuiApplication. Raises FileExistsError unless `replace`, and OSError.
    """
    blocks = blocks_of(text, is_markdown)
    content = pdf_bytes(blocks, metadata, on_progress)
    on_progress(1, 1)
    write_whole(path, content, replace=replace)
    missing = missing_characters(text, default_font(text))
    if not missing:
        return ()
    return (
        tr(
            "No font of this computer has these characters, which are empty boxes in the file: "
            "{characters}",
            characters=missing[:40],
        ),
    )


def pdf_bytes(blocks: Sequence[Block], metadata: DocumentMetadata, on_progress: Progress) -> bytes:
    """Return the PDF file."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setPageLayout(
        QPageLayout(
            QPageSize(QPageSize.PageSizeId.A4),
            QPageLayout.Orientation.Portrait,
            QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM),
            QPageLayout.Unit.Millimeter,
        )
    )
    title = metadata.title or first_heading(blocks)
    writer.setTitle(title)
    writer.setAuthor(metadata.author)
    writer.setCreator("Studio")
    writer.setDocumentXmpMetadata(QByteArray(_xmp(title, metadata).encode()))
    _draw(_document(blocks, metadata, writer), writer, on_progress)
    return bytes(buffer.data().data())


def default_font(text: str) -> QFont:
    """Return a font for the text: Latin letters first, and Chinese ones of the simplified form."""
    known = set(QFontDatabase.families())
    families = [name for name in _FAMILIES if name in known][:1]
    if WIDE.search(text):
        simplified = QFontDatabase.families(QFontDatabase.WritingSystem.SimplifiedChinese)
        families += [name for name in _CHINESE_FAMILIES if name in known][:1] or simplified[:1]
    font = QFont()
    if families:
        font.setFamilies(families)
    font.setPointSizeF(_POINTS)
    return font


def missing_characters(text: str, font: QFont) -> str:
    """Return the characters of the text that no font of this computer can draw."""
    missing = []
    for character in sorted({one for one in text if one.isprintable() and not one.isspace()}):
        layout = QTextLayout(character, font)
        layout.beginLayout()
        layout.createLine()
        layout.endLayout()
        if any(0 in run.glyphIndexes() for run in layout.glyphRuns()):
            missing.append(character)
    return "".join(missing)


def _document(
    blocks: Sequence[Block], metadata: DocumentMetadata, writer: QPdfWriter
) -> QTextDocument:
    document = QTextDocument()
    document.documentLayout().setPaintDevice(writer)
    document.setDefaultStyleSheet(_STYLE)
    body = body_of(blocks).replace("<table>", '<table border="1" cellspacing="0" cellpadding="4">')
    label = metadata.label_text
    if label:
        body += f'<p class="ai-label">{text_of(label)}</p>'
    document.setDefaultFont(default_font(body))
    document.setHtml(body)
    document.setDocumentMargin(0)
    document.setPageSize(QSizeF(writer.pageLayout().paintRectPixels(writer.resolution()).size()))
    return document


def _draw(document: QTextDocument, writer: QPdfWriter, on_progress: Progress) -> None:
    size, count = document.pageSize(), document.pageCount()
    painter = QPainter(writer)
    try:
        font = document.defaultFont()
        font.setPointSizeF(_NUMBER_POINTS)
        for number in range(count):
            on_progress(number, count)
            if number:
                writer.newPage()
            painter.save()
            painter.translate(QPointF(0, -number * size.height()))
            document.drawContents(painter, QRectF(QPointF(0, number * size.height()), size))
            painter.restore()
            if count > 1:
                painter.setFont(font)
                below = QRectF(0, size.height(), size.width(), size.height() / 20)
                painter.drawText(below, Qt.AlignmentFlag.AlignCenter, str(number + 1))
    finally:
        painter.end()


def _xmp(title: str, metadata: DocumentMetadata) -> str:
    """Return the metadata as XMP, with the label's term of IPTC."""
    fields = []
    if title:
        fields.append(
            f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{text_of(title)}</rdf:li></rdf:Alt>'
            "</dc:title>"
        )
    if metadata.author:
        author = text_of(metadata.author)
        fields.append(f"<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>")
    if metadata.language:
        language = text_of(metadata.language)
        fields.append(f"<dc:language><rdf:Bag><rdf:li>{language}</rdf:li></rdf:Bag></dc:language>")
    if metadata.date:
        fields.append(f"<xmp:CreateDate>{text_of(metadata.date)}</xmp:CreateDate>")
    if metadata.source_type:
        term = metadata.source_type
        fields.append(f"<Iptc4xmpExt:DigitalSourceType>{term}</Iptc4xmpExt:DigitalSourceType>")
    for name, value in (("model", metadata.model), ("recipe", metadata.recipe)):
        if value:
            fields.append(f"<studio:{name}>{text_of(value)}</studio:{name}>")
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        'rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:studio="urn:studio:" '
        f'xmlns:Iptc4xmpExt="{IPTC_NAMESPACE}">{"".join(fields)}</rdf:Description></rdf:RDF>'
        '</x:xmpmeta><?xpacket end="w"?>'
    )
