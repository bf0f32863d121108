"""Read EPUB books: the chapters in reading order. Nothing outside the file is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote
from xml.etree.ElementTree import Element

import msgspec

from studio.core.translation import tr, tr_plural
from studio.documents.formats.archives.package import Package, resolve
from studio.documents.formats.archives.xml_tree import find_path
from studio.documents.formats.faults import check_characters, damaged, unreadable
from studio.documents.formats.imported import ImportedDocument, Places
from studio.documents.formats.markdown.render import render_markdown
from studio.documents.formats.readers.html import Page, convert_page, images_notice, stated_encoding
from studio.documents.formats.readers.progress import Progress
from studio.documents.formats.readers.text import decode_file

CONTAINER = "META-INF/container.xml"
_TITLE_PAGE = re.compile(r"""<(?:body|section|div)\b[^<>]*\sepub:type\s*=\s*["']titlepage["']""")
_PAGES = ("application/xhtml+xml", "text/html", "application/xml", "text/x-oeb1-document")
_FONT_METHODS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
"""Fonts that are only made unusable elsewhere."""


class _Book(msgspec.Struct):
    """What the chapters gave."""

    pieces: list[str]
    starts: list[int]
    images: int = 0
    missing: int = 0


def read_epub(path: Path, package: Package, on_progress: Progress) -> ImportedDocument:
    """Read a book. Raises StudioError."""
    _check_protection(path, package)
    name = next(
        (one.get("full-path", "") for one in package.xml(CONTAINER).iter("container:rootfile")), ""
    )
    opf = package.xml(name)
    folder = name.rpartition("/")[0]
    names = [resolve(folder, unquote(href)) for href in _spine(opf)]
    if not names:
        raise damaged(path)
    book = _Book([], [])
    size = 0
    for number, chapter in enumerate(names):
        on_progress(number, len(names))
        if not package.has(chapter):
            book.missing += 1
            continue
        page = _page(path, package, chapter)
        if page is None:
            continue
        text = render_markdown(page.blocks)[0]
        book.images += page.images
        if not text:
            continue
        check_characters(path, size + len(text))
        book.starts.append(size)
        book.pieces.append(text)
        size += len(text) + 1
    known = opf.find("opf:metadata")
    return ImportedDocument(
        text="\n".join(book.pieces),
        format="epub",
        is_markdown=True,
        title=_known(known, "title"),
        author=_known(known, "creator"),
        language=_known(known, "language"),
        notices=tuple(_notices(book)),
        places=Places("chapter", tuple(book.starts)),
    )


def _spine(opf: Element) -> Iterator[str]:
    """Yield the addresses of the chapters, without the table of contents."""
    items = {one.get("id", ""): one for one in opf.iter("opf:item")}
    for reference in opf.iter("opf:itemref"):
        item = items.get(reference.get("idref", ""))
        if item is None or item.get("media-type") not in _PAGES:
            continue
        if "nav" not in item.get("properties", "").split():
            yield item.get("href", "").partition("#")[0]


def _page(path: Path, package: Package, name: str) -> Page | None:
    """Return the content of a page; None for one that only has the title."""
    data = package.read(name)
    decoded = decode_file(path, data, stated_encoding(data))
    if _TITLE_PAGE.search(decoded.text):
        return None
    return convert_page(decoded.text, without_frames=False)


def _check_protection(path: Path, package: Package) -> None:
    for one in package.xml_or_empty("META-INF/encryption.xml").iter("enc:EncryptedData"):
        method = one.find("enc:EncryptionMethod")
        if method is None or method.get("Algorithm", "") not in _FONT_METHODS:
            raise unreadable(
                path,
                tr("it is protected against copying (DRM)"),
                tr("Use an edition without this protection."),
            )


def _known(metadata: Element | None, name: str) -> str:
    found = find_path(metadata, f"dc:{name}") if metadata is not None else None
    return " ".join("".join(found.itertext()).split()) if found is not None else ""


def _notices(book: _Book) -> Iterator[str]:
    if book.images:
        yield images_notice(book.images)
    if book.missing:
        yield tr_plural(
            "One chapter is missing in the file.",
            "{count} chapters are missing in the file.",
            book.missing,
        )
