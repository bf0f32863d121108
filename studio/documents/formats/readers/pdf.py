"""Read the text of PDF files, page by page. Images are not read: no OCR."""

from __future__ import annotations

import io
import logging
import re
import struct
import unicodedata
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core.translation import tr
from studio.documents.formats.archives.package import has_password
from studio.documents.formats.faults import check_characters, damaged, too_large, unreadable
from studio.documents.formats.imported import ImportedDocument, Places
from studio.documents.formats.markdown.inline import WIDE
from studio.documents.formats.readers.progress import Progress

if TYPE_CHECKING:
    from pypdf import PdfReader

MAX_PAGES = 20_000
_FULL_LINE = 0.75
"""Of the page's widest lines: a shorter line ends a paragraph."""
_MARGIN_LINES = 2
"""At the top and bottom of a page, in which headers and page numbers stand."""
_REPEATED = 0.6
"""Of the pages: a line on so many of them is a header or footer."""
_MIN_PAGES = 4
_DIGITS = re.compile(r"\d+")
_FORMS = {
    code: unicodedata.normalize("NFKC", chr(code))
    for code in (*range(0x2E80, 0x2FE0), *range(0xFB00, 0xFB07))
}
"""Radicals and ligatures → characters: fonts draw both alike, and PDF files name either."""
_CONTROLS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LIST_MARK = re.compile(r"\s*(?:[•◦▪■●–—-]\s|\(?\d{1,3}[.)]\s)")
_END = re.compile(r"[.!?:。！？：…”\"’）)]$")


def read_pdf(path: Path, data: bytes, on_progress: Progress) -> ImportedDocument:
    """Read a PDF file. Raises StudioError, for one without text, too."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it warns of each fault that it mends
    reader = _open(path, data)
    pages, broken = _pages(path, reader, on_progress)
    if not any(page.strip() for page in pages):
        raise unreadable(
            path,
            tr("it contains images of pages, not text"),
            tr(
                "Studio does not recognize text in images; run a program for text recognition "
                "(OCR) first."
            ),
        )
    lines, has_headers = _without_headers([page.split("\n") for page in pages])
    texts = ["\n\n".join(_paragraphs(page)) for page in lines]
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


def _pages(path: Path, reader: Any, on_progress: Progress) -> tuple[list[str], list[int]]:
    """Return the text of each page, and the numbers of those that cannot be read."""
    faults = _faults()
    pages: list[str] = []
    broken: list[int] = []
    size = 0
    for number in range(len(reader.pages)):
        on_progress(number, len(reader.pages))
        try:
            text = reader.pages[number].extract_text()
        except faults:
            text = ""
            broken.append(number + 1)
        text = text.encode("utf-8", "replace").decode("utf-8").translate(_FORMS)
        text = _CONTROLS.sub("", text)
        size += len(text)
        check_characters(path, size)
        pages.append(text)
    if len(broken) == len(pages):
        raise damaged(path)
    return pages, broken


def _without_headers(pages: list[list[str]]) -> tuple[list[list[str]], bool]:
    """Leave out lines at the edges of pages that most pages have, but for their numbers."""
    kept = [[line.rstrip() for line in page if line.strip()] for page in pages]
    if len(kept) < _MIN_PAGES:
        return kept, False
    found = Counter(key for page in kept for key in {_key(line) for line in _edges(page)})
    repeated = {key for key, count in found.items() if count >= _REPEATED * len(kept)}
    if not repeated:
        return kept, False
    inner = [_inner(page, repeated) for page in kept]
    if sum(map(bool, inner)) * 2 < sum(map(bool, kept)):  # they are all that the pages have
        return kept, False
    return inner, True


def _inner(page: list[str], repeated: set[str]) -> list[str]:
    first, last = 0, len(page)
    while first < min(_MARGIN_LINES, last) and _key(page[first]) in repeated:
        first += 1
    bottom = max(first, len(page) - _MARGIN_LINES)
    while last > bottom and _key(page[last - 1]) in repeated:
        last -= 1
    return page[first:last]


def _edges(page: Sequence[str]) -> list[str]:
    return [*page[:_MARGIN_LINES], *page[-_MARGIN_LINES:]]


def _key(line: str) -> str:
    return _DIGITS.sub("#", " ".join(line.split()))


def _paragraphs(lines: Sequence[str]) -> list[str]:
    """Join the lines of a page to paragraphs: a line that is full goes on in the next one."""
    widths = sorted(map(len, lines))
    full = widths[int(len(widths) * 0.9)] * _FULL_LINE if widths else 0
    paragraphs: list[str] = []
    goes_on = False
    for line in map(str.strip, lines):
        if goes_on and not _LIST_MARK.match(line):
            paragraphs[-1] = _joined(paragraphs[-1], line)
        else:
            paragraphs.append(line)
        goes_on = len(line) >= full or (len(line) >= full * 0.8 and not _END.search(line))
    return paragraphs


def _joined(text: str, line: str) -> str:
    if text.endswith("-") and text[-2:-1].isalpha() and line[:1].islower():
        return text[:-1] + line
    if WIDE.match(text[-1]) and WIDE.match(line[:1]):
        return text + line
    return f"{text} {line}"


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
