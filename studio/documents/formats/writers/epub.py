"""Write EPUB 3 books: title page, table of contents, a chapter for each top heading."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence

import msgspec

from studio.core.translation import tr
from studio.documents.formats.archives.zip_file import zip_bytes
from studio.documents.formats.blocks import Block, Heading, plain
from studio.documents.formats.metadata import IPTC_NAMESPACE, DocumentMetadata
from studio.documents.formats.writers.html import (
    STYLE,
    attribute,
    body_of,
    first_heading,
    text_of,
)

_HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'
_XHTML = "http://www.w3.org/1999/xhtml"
_NAMESPACE = uuid.UUID("6f9b6a52-5c0e-4d55-9a51-3a2f6b8d2c11")
"""Of the ids of books: equal texts have equal ids."""
_UNKNOWN = "und"
"""An undetermined language (BCP 47)."""
_CONTAINER = (
    f'{_HEADER}<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<rootfiles><rootfile full-path="OEBPS/content.opf" '
    'media-type="application/oebps-package+xml"/></rootfiles></container>'
)
_BOOK_STYLE = STYLE + ".title-page { text-align: center; margin-top: 30%; }\n"


class _Chapter(msgspec.Struct):
    """`blocks` begin with the heading that names it, but for text before the first heading."""

    title: str
    blocks: list[Block]


def write_epub(blocks: Sequence[Block], metadata: DocumentMetadata) -> bytes:
    """Return a book. A single heading at the top of the text becomes its title."""
    title = metadata.title
    if not title:
        title = first_heading(blocks) or tr("Untitled")
    chapters = _chapters(blocks, title)
    language = metadata.language or _UNKNOWN
    pages = [("title.xhtml", tr("Title page"), _title_page(title, metadata))]
    pages += [
        (f"chapter{number}.xhtml", chapter.title, body_of(chapter.blocks))
        for number, chapter in enumerate(chapters, start=1)
    ]
    if metadata.label_text:
        label = f'<p class="ai-label">{text_of(metadata.label_text)}</p>'
        pages.append(("label.xhtml", tr("About this text"), label))
    parts = [
        ("META-INF/container.xml", _CONTAINER),
        (
            "OEBPS/content.opf",
            _opf(title, language, [name for name, *_rest in pages], metadata, blocks),
        ),
        ("OEBPS/nav.xhtml", _page(tr("Contents"), language, _nav(chapters))),
        ("OEBPS/style.css", _BOOK_STYLE),
        *((f"OEBPS/{name}", _page(heading, language, body)) for name, heading, body in pages),
    ]
    return zip_bytes(parts, ("mimetype", "application/epub+zip"))


def _chapters(blocks: Sequence[Block], title: str) -> list[_Chapter]:
    levels = [block.level for block in blocks if isinstance(block, Heading)]
    top = min(levels, default=1)
    if levels.count(top) == 1 and len(levels) > 1:  # the title of the whole text
        top = min(level for level in levels if level > top)
    chapters: list[_Chapter] = []
    for block in blocks:
        if isinstance(block, Heading) and block.level <= top:
            chapters.append(_Chapter(plain(block.runs), [block]))
            continue
        if not chapters:
            chapters.append(_Chapter(title, []))
        chapters[-1].blocks.append(block)
    return chapters or [_Chapter(title, [])]


def _title_page(title: str, metadata: DocumentMetadata) -> str:
    author = f"\n<p>{text_of(metadata.author)}</p>" if metadata.author else ""
    return (
        f'<div class="title-page" epub:type="titlepage">\n<h1>{text_of(title)}</h1>{author}\n</div>'
    )


def _page(title: str, language: str, body: str) -> str:
    tag = attribute(language)
    return (
        f'{_HEADER}<!DOCTYPE html>\n<html xmlns="{_XHTML}" '
        f'xmlns:epub="http://www.idpf.org/2007/ops" lang={tag} xml:lang={tag}>\n<head>\n'
        f'<title>{text_of(title) or "–"}</title>\n<link rel="stylesheet" type="text/css" '
        f'href="style.css" />\n</head>\n<body>\n{body}\n</body>\n</html>\n'
    )


def _nav(chapters: Sequence[_Chapter]) -> str:
    entries = []
    for number, chapter in enumerate(chapters, start=1):
        target = f"chapter{number}.xhtml"
        entries.append(f'<li><a href="{target}">{text_of(chapter.title) or number}</a></li>')
    return (
        f'<nav epub:type="toc" id="toc">\n<h1>{text_of(tr("Contents"))}</h1>\n<ol>\n'
        + "\n".join(entries)
        + "\n</ol>\n</nav>"
    )


def _opf(
    title: str,
    language: str,
    pages: Sequence[str],
    metadata: DocumentMetadata,
    blocks: Sequence[Block],
) -> str:
    book_id = uuid.uuid5(_NAMESPACE, f"{title}\n{metadata.author}\n{body_of(blocks)}")
    date = metadata.date[:10] or datetime.datetime.now(datetime.UTC).date().isoformat()
    known = [
        f'<dc:identifier id="id">urn:uuid:{book_id}</dc:identifier>',
        f"<dc:title>{text_of(title)}</dc:title>",
        f"<dc:language>{text_of(language)}</dc:language>",
        f'<meta property="dcterms:modified">{date}T00:00:00Z</meta>',
    ]
    if metadata.author:
        known.append(f"<dc:creator>{text_of(metadata.author)}</dc:creator>")
    if metadata.label_text:
        known.append(f"<dc:description>{text_of(metadata.label_text)}</dc:description>")
    names = {"Model": "studio:model", "Recipe": "studio:recipe"}
    known += [
        f'<meta property="{names.get(name, "Iptc4xmpExt:" + name)}">{text_of(value)}</meta>'
        for name, value in metadata.extra_fields()
    ]
    items = "".join(
        f'<item id="p{number}" href="{name}" media-type="application/xhtml+xml"/>'
        for number, name in enumerate(pages)
    )
    spine = "".join(f'<itemref idref="p{number}"/>' for number in range(len(pages)))
    return (
        f'{_HEADER}<package xmlns="http://www.idpf.org/2007/opf" version="3.0" '
        f'unique-identifier="id" prefix="Iptc4xmpExt: {IPTC_NAMESPACE} '
        f'studio: urn:studio:"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'{"".join(known)}</metadata><manifest><item id="nav" href="nav.xhtml" '
        'media-type="application/xhtml+xml" properties="nav"/><item id="style" href="style.css" '
        f'media-type="text/css"/>{items}</manifest><spine>{spine}</spine></package>'
    )
