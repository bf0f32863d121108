"""Read a document of any format, within limits; what is left out is named."""

from __future__ import annotations

import errno
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.regular_file import read_regular
from studio.core.translation import tr
from studio.documents.formats.archives.package import Package
from studio.documents.formats.faults import (
    MAX_FILE_BYTES,
    MAX_TEXT_FILE_BYTES,
    too_large,
    unreadable,
)
from studio.documents.formats.imported import ImportedDocument
from studio.documents.formats.readers.detect import (
    HEAD_BYTES,
    ZIPPED,
    detect_format,
    format_of_package,
    name_notice,
)
from studio.documents.formats.readers.docx import read_docx
from studio.documents.formats.readers.epub import read_epub
from studio.documents.formats.readers.html import read_html
from studio.documents.formats.readers.odt import read_odt
from studio.documents.formats.readers.pdf import read_pdf
from studio.documents.formats.readers.progress import Progress
from studio.documents.formats.readers.subtitles import read_subtitles
from studio.documents.formats.readers.text import read_md, read_txt

_ZIP_READERS = {"docx": read_docx, "odt": read_odt}
_TEXT_READERS = {"txt": read_txt, "md": read_md, "html": read_html, "srt": read_subtitles}


def read_document(
    path: Path, *, encoding: str = "", on_progress: Progress = lambda _done, _total: None
) -> ImportedDocument:
    """Read a document. `encoding` of a text file: empty to find it out. Raises StudioError.

    Takes long for large files: the window calls `child.process.read_in_child` instead.
    """
    try:
        data = read_regular(path, MAX_FILE_BYTES)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            raise _has_too_many_bytes(path, MAX_FILE_BYTES) from error
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise unreadable(path, reason, tr("Choose another file.")) from error
    if not data.strip():
        raise unreadable(path, tr("it is empty"), tr("Choose another file."))
    found = detect_format(path, data[:HEAD_BYTES])
    if found == ZIPPED:
        document = _read_zipped(path, data, on_progress)
    elif found == "pdf":
        document = read_pdf(path, data, on_progress)
    elif len(data) > MAX_TEXT_FILE_BYTES:
        raise _has_too_many_bytes(path, MAX_TEXT_FILE_BYTES)
    else:
        document = _TEXT_READERS[found](path, data, encoding)
    if notice := name_notice(path, document.format):
        return msgspec.structs.replace(document, notices=(notice, *document.notices))
    return document


def _has_too_many_bytes(path: Path, limit: int) -> StudioError:
    return too_large(path, tr("it has more than {limit} MB", limit=limit // 2**20))


def _read_zipped(path: Path, data: bytes, on_progress: Progress) -> ImportedDocument:
    package = Package(path, data)
    kind = format_of_package(package)
    if kind == "epub":
        return read_epub(path, package, on_progress)
    return _ZIP_READERS[kind](path, package)
