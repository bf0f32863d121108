"""Read the text of PDF files, page by page. Images are not read: no OCR."""

from __future__ import annotations

import io
import logging
import re
import struct
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core.translation import tr
from studio.documents.formats.archives.package import has_password
from studio.documents.formats.faults import check_characters, damaged, too_large, unreadable
from studio.documents.formats.imported import ImportedDocument, Places
from studio.documents.formats.readers.pdf_lines import Line, lines_of, paragraphs_of
from studio.documents.formats.readers.progress import Progress

if TYPE_CHECKING:
    from pypdf import PdfReader

MAX_PAGES = 20_000
_MARGIN_LINES = 2
"""At the top and bottom of a page, in which headers and page numbers stand."""
_REPEATED = 0.6
"""Of the pages: a line on so many of them is a header or footer."""
_MIN_PAGES = 4
_DIGITS = re.compile(r"\d+")
_CONTROLS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def read_pdf(path: Path, data: bytes, on_progress: Progress) -> ImportedDocument:
    """Read a PDF file. Raises StudioError, for one without text, too."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns of each fault that it mends
    reader = _open(path, data)
    pages, broken = _pages(path, reader, on_progress)
    if not any(pages):
        raise unreadable(
            path,
            tr("it contains images of pages, not text"),
            tr(
                "Studio does not recognize text in images; run a program for text recognition "
                "(OCR) first."
            ),
        )
    pages, has_headers = _without_headers(pages)
    texts = ["\n\n".join(paragraphs_of(page)) for page in pages]
    starts, size = [], 0
    for text in texts:
        starts.append(size)
        size += len(text) + (2 if text else 0)
    known = _known(reader)
    return ImportedDocument(
        text="\n\n".join(filter(None, texts)) + "\n",
        format="pdf",
        title=known[0],
        author=known[1],
        language=known[2],
        notices=tuple(_notices(texts, broken, has_headers=has_headers)),
        places=Places("page", tuple(starts)),
    )


def _faults() -> tuple[type[Exception], ...]:
    """Return the errors of pypdf for damaged files; it raises many that are not its own."""
    from pypdf.errors import PyPdfError

    return (
        PyPdfError,
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        MemoryError,
        NotImplementedError,
        OSError,
        RecursionError,
        TypeError,
        ValueError,
        struct.error,
        zlib.error,
    )


def _open(path: Path, data: bytes) -> PdfReader:
    from pypdf import PasswordType, PdfReader
    from pypdf.errors import DependencyError

    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and reader.decrypt("") == PasswordType.NOT_DECRYPTED:
            raise has_password(path)
        count = len(reader.pages)
    except DependencyError as error:  # AES without the package cryptography
        raise has_password(path) from error
    except _faults() as error:
        raise damaged(path) from error
    if count > MAX_PAGES:
        raise too_large(path, tr("it has more than {limit:,} pages", limit=MAX_PAGES))
    if not count:
        raise damaged(path)
    return reader


def _pages(path: Path, reader: Any, on_progress: Progress) -> tuple[list[list[Line]], list[int]]:
    """Return the lines of each page, and the numbers of those that cannot be read."""
    faults = _faults()
    pages: list[list[Line]] = []
    broken: list[int] = []
    size = 0
    for number in range(len(reader.pages)):
        on_progress(number, len(reader.pages))
        try:
            lines = lines_of(reader.pages[number])
        except faults:
            lines = []
            broken.append(number + 1)
        size += sum(len(line.text) for line in lines)
        check_characters(path, size)
        pages.append(lines)
    if len(broken) == len(pages):
        raise damaged(path)
    return pages, broken


def _without_headers(pages: list[list[Line]]) -> tuple[list[list[Line]], bool]:
    """Leave out lines at the edges of pages that most pages have, but for their numbers."""
    if len(pages) < _MIN_PAGES:
        return pages, False
    found = Counter(key for page in pages for key in set(map(_key, _edges(page))))
    repeated = {key for key, count in found.items() if count >= _REPEATED * len(pages)}
    if not repeated:
        return pages, False
    inner = [_inner(page, repeated) for page in pages]
    if sum(map(bool, inner)) * 2 < sum(map(bool, pages)):  # they are all that the pages have
        return pages, False
    return inner, True


def _inner(page: list[Line], repeated: set[str]) -> list[Line]:
    first, last = 0, len(page)
    while first < min(_MARGIN_LINES, last) and _key(page[first]) in repeated:
        first += 1
    bottom = max(first, len(page) - _MARGIN_LINES)
    while last > bottom and _key(page[last - 1]) in repeated:
        last -= 1
    return page[first:last]


def _edges(page: Sequence[Line]) -> list[Line]:
    return [*page[:_MARGIN_LINES], *page[-_MARGIN_LINES:]]


def _key(line: Line) -> str:
    return _DIGITS.sub("#", line.text)


def _known(reader: PdfReader) -> tuple[str, str, str]:
    """Return title, author and language."""
    try:
        metadata = reader.metadata
        root: Any = reader.trailer["/Root"]
        values = (
            (metadata.title if metadata else "") or "",
            (metadata.author if metadata else "") or "",
            root.get("/Lang", ""),
        )
    except _faults():
        return "", "", ""
    title, author, language = (" ".join(_CONTROLS.sub("", str(value)).split()) for value in values)
    return title, author, language


def _notices(texts: Sequence[str], broken: Sequence[int], *, has_headers: bool) -> list[str]:
    notices = []
    empty = [number for number, text in enumerate(texts, start=1) if not text]
    empty = [number for number in empty if number not in set(broken)]
    if empty:
        notices.append(tr("Pages without text: {pages}.", pages=_ranges(empty)))
    if broken:
        notices.append(tr("Pages that could not be read: {pages}.", pages=_ranges(broken)))
    if has_headers:
        notices.append(tr("Lines that most pages repeat, as headers, were left out."))
    return notices


def _ranges(numbers: Sequence[int]) -> str:
    """Return numbers as "1, 3–5"."""
    ranges: list[tuple[int, int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = ranges[-1][0], number
        else:
            ranges.append((number, number))
    shown = [str(first) if first == last else f"{first}–{last}" for first, last in ranges]
    return ", ".join(shown[:20]) + (" …" if len(shown) > 20 else "")
