"""The file formats of documents."""

from __future__ import annotations

from pathlib import Path

import msgspec

from studio.core.translation import mark


class Format(msgspec.Struct, frozen=True):
    """A file format. `title` is shown in file dialogs."""

    name: str
    title: str
    suffixes: tuple[str, ...]
    """Extensions; the first one is that of a new file."""
    can_write: bool = True


FORMATS = {
    one.name: one
    for one in (
        Format("txt", mark("Plain text"), (".txt", ".text")),
        Format("md", mark("Markdown"), (".md", ".markdown")),
        Format("html", mark("Web page"), (".html", ".htm", ".xhtml")),
        Format("docx", mark("Word document"), (".docx", ".docm", ".dotx")),
        Format("odt", mark("OpenDocument text"), (".odt", ".ott")),
        Format("epub", mark("EPUB book"), (".epub",)),
        Format("pdf", mark("PDF"), (".pdf",)),
        Format("srt", mark("Subtitles"), (".srt", ".vtt"), can_write=False),
    )
}
"""Name of a format → its record, in the order of file dialogs."""
READABLE_SUFFIXES = tuple(suffix for one in FORMATS.values() for suffix in one.suffixes)


def format_of_name(path: Path) -> str:
    """Return the format that a file's extension names; empty if there is no such format."""
    suffix = path.suffix.lower()
    return next((one.name for one in FORMATS.values() if suffix in one.suffixes), "")


def has_document_start(path: Path) -> bool:
    """True if a file begins as PDF, Word, OpenDocument and EPUB files do."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(5).startswith((b"%PDF-", b"PK\3\4"))
    except OSError:
        return False
