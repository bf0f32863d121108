"""Find out a document's format from its first bytes and its name."""

from __future__ import annotations

import re
from pathlib import Path

from studio.core.errors import StudioError
from studio.core.translation import mark, tr, tr_marked
from studio.documents.formats.archives.package import Package
from studio.documents.formats.catalog import FORMATS, format_of_name
from studio.documents.formats.faults import unreadable

HEAD_BYTES = 4096
ZIPPED = "zip"
"""A zip file, whose parts name its format."""
_TEXTS = ("txt", "md", "html", "srt")
_HTML = re.compile(rb"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
_SUBTITLES = re.compile(rb"WEBVTT\b|\d++[^\S\n]*+\n\s*+\d++:\d\d:\d\d,\d++\s*+-->")
_OTHERS = (
    (
        b"\xd0\xcf\x11\xe0",
        mark("it is in Word's old format (.doc), or has a password"),
        mark("Open it in Word or LibreOffice, and save it as .docx without a password."),
    ),
    (
        b"{\\rtf",
        mark("it is in the format RTF"),
        mark("Open it in Word or LibreOffice, and save it as .docx."),
    ),
    (
        b"\x1f\x8b",
        mark("it is compressed"),
        mark("Unpack it first."),
    ),
)


def detect_format(path: Path, head: bytes) -> str:
    """Return a key of FORMATS, or ZIPPED. Raises StudioError for what Studio cannot read."""
    named = format_of_name(path)
    if b"%PDF-" in head[:1024] and (named == "pdf" or head.lstrip().startswith(b"%PDF-")):
        return "pdf"
    if head.startswith(b"PK\3\4"):
        return ZIPPED
    for start, reason, cure in _OTHERS:
        if head.startswith(start):
            raise unreadable(path, tr_marked(reason), tr_marked(cure))
    if named in _TEXTS and named != "txt":
        return named
    begin = _without_remarks(head.removeprefix(b"\xef\xbb\xbf").lstrip())
    if _HTML.match(begin):
        return "html"
    if _SUBTITLES.match(begin):
        return "srt"
    if named and named != "txt":  # a binary format
        if b"\0" in head:
            raise not_of_its_name(path, named)
        return "txt"
    return "txt"


def _without_remarks(begin: bytes) -> bytes:
    """Leave out an XML declaration and comments at the start."""
    for start, end in ((b"<?xml", b"?>"), (b"<!--", b"-->")):
        while begin.startswith(start) and end in begin:
            begin = begin[begin.index(end) + len(end) :].lstrip()
    return begin


def not_of_its_name(path: Path, named: str) -> StudioError:
    """Return the error for a file that is not of the format that its extension names."""
    return unreadable(
        path,
        tr("it is no valid file of its format, {format}", format=tr_marked(FORMATS[named].title)),
        tr("Get the file again, or open it in the program that made it and save it again."),
    )


def name_notice(path: Path, found: str) -> str:
    """Return a sentence if the extension names another format than the content; else nothing."""
    named = format_of_name(path)
    if not named or named == found:
        return ""
    return tr(
        "The file's name ends in {suffix}, but it is a file of the format {format}.",
        suffix=path.suffix,
        format=tr_marked(FORMATS[found].title),
    )


def format_of_package(package: Package) -> str:
    """Return the format of a zip file: docx, odt or epub. Raises StudioError for another one."""
    kind = (
        package.read("mimetype")[:200].decode("ascii", "replace") if package.has("mimetype") else ""
    )
    for start, name in (
        ("application/epub+zip", "epub"),
        ("application/vnd.oasis.opendocument.text", "odt"),
    ):
        if kind.startswith(start):
            return name
    if package.has("META-INF/container.xml"):
        return "epub"
    if package.has("[Content_Types].xml") and any(
        name.startswith("word/") for name in package.names
    ):
        return "docx"
    raise unreadable(
        package.path,
        tr("it is neither a Word or OpenDocument text nor a book"),
        tr("Save spreadsheets and presentations as PDF, and unpack other zip files first."),
    )
