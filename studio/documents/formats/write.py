"""Write a document in any format but PDF, which the window's package draws."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from studio.core.errors import StudioError
from studio.core.files import write_whole
from studio.core.translation import tr
from studio.documents.formats.blocks import Block
from studio.documents.formats.catalog import FORMATS, format_of_name
from studio.documents.formats.markdown.parse import parse_markdown, parse_plain
from studio.documents.formats.markdown.render import render_markdown
from studio.documents.formats.metadata import DocumentMetadata
from studio.documents.formats.readers.progress import Progress
from studio.documents.formats.writers.docx import write_docx
from studio.documents.formats.writers.epub import write_epub
from studio.documents.formats.writers.html import write_html
from studio.documents.formats.writers.odt import write_odt
from studio.documents.formats.writers.text import write_md, write_txt

_BLOCK_WRITERS = {"html": write_html, "docx": write_docx, "odt": write_odt, "epub": write_epub}


def write_document(
    path: Path,
    text: str,
    metadata: DocumentMetadata = DocumentMetadata(),  # noqa: B008  immutable
    *,
    is_markdown: bool = True,
    file_format: str = "",
    replace: bool = False,
    on_progress: Progress = lambda _done, _total: None,
) -> None:
    """Write a text to a file, whole or not at all. `file_format`: empty for that of the name.

    `on_progress` is called before the file is written and may raise to stop. Raises StudioError
    for a format that cannot be written, FileExistsError unless `replace`, and OSError. PDF: see
    `studio.ui.text.pdf.write_pdf`.
    """
    file_format = file_format or format_of_name(path)
    content = document_bytes(text, file_format, metadata, is_markdown)
    on_progress(1, 1)
    write_whole(path, content, replace=replace)


def document_bytes(
    text: str, file_format: str, metadata: DocumentMetadata, is_markdown: bool = True
) -> bytes:
    """Return the content of the file. Raises StudioError; see `write_document`."""
    if file_format == "txt" and not is_markdown:
        return write_plain(text, metadata)
    if file_format == "md" and is_markdown:
        return write_md(text, metadata)
    blocks = blocks_of(text, is_markdown)
    if file_format == "txt":
        return write_txt(blocks, metadata)
    if file_format == "md":
        return write_md(render_markdown(blocks)[0], metadata)
    if file_format not in _BLOCK_WRITERS:
        names = ", ".join(one.suffixes[0] for one in FORMATS.values() if one.can_write)
        raise StudioError(
            tr("Documents cannot be written in this format."),
            cause="invalid",
            cure=tr("Choose a file name that ends in one of: {names}.", names=names),
        )
    return _BLOCK_WRITERS[file_format](blocks, metadata)


def blocks_of(text: str, is_markdown: bool) -> Sequence[Block]:
    """Return the blocks of a text."""
    return parse_markdown(text) if is_markdown else parse_plain(text)


def write_plain(text: str, metadata: DocumentMetadata) -> bytes:
    """Return a plain text as it stands, with its label."""
    label = f"\n{metadata.label_text}\n" if metadata.label_text else ""
    return (text.rstrip("\n") + "\n" + label).encode("utf-8", "replace")
