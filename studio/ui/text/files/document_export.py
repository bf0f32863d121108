"""Writes a document in another format, with its title, its authors and, if wanted, the AI label."""

from __future__ import annotations

import datetime
from pathlib import Path

import msgspec

from studio.core.translation import tr_marked
from studio.documents.document import Document
from studio.documents.formats.catalog import FORMATS, format_of_name
from studio.documents.formats.metadata import AiUse, DocumentMetadata
from studio.documents.formats.readers.progress import Progress
from studio.documents.formats.write import write_document
from studio.documents.origins import Stretches, shares

EXPORTED = [one for one in FORMATS.values() if one.can_write]


class OriginRecipe(msgspec.Struct, frozen=True):
    """Who wrote what, as it stands in an exported file."""

    origins: Stretches
    """[characters, [kind, job]] for each part, in the order of the text."""
    source: str
    """SHA-256 of the artifact that the document began with; empty for none."""


def ai_use(document: Document) -> AiUse:
    """Return whether models wrote the document, or a part of it."""
    found = shares(document.origins)
    if not found["model"]:
        return ""
    return "assisted" if found["person"] or found["imported"] else "generated"


def filters() -> str:
    """Return the formats for a file dialog."""
    return ";;".join(
        f"{tr_marked(one.title)} ({' '.join('*' + suffix for suffix in one.suffixes)})"
        for one in EXPORTED
    )


def export(
    path: Path,
    document: Document,
    *,
    model: str,
    has_recipe: bool,
    is_labelled: bool,
    replace: bool = True,
    on_progress: Progress = lambda _done, _total: None,
) -> tuple[str, ...]:
    """Write a copy of a document and return notices. Raises StudioError and OSError.

    `has_recipe`: with who wrote what; `is_labelled`: with the AI label, if a model wrote a part.
    """
    recipe = msgspec.json.encode(OriginRecipe(document.origins, document.source)).decode()
    metadata = DocumentMetadata(
        title=document.title,
        date=datetime.datetime.now().date().isoformat(),
        model=model if ai_use(document) else "",
        recipe=recipe if has_recipe else "",
        ai_label=ai_use(document) if is_labelled else "",
    )
    is_markdown = document.format == "md"
    if format_of_name(path) == "pdf":
        from studio.ui.text.pdf import write_pdf

        return write_pdf(
            path,
            document.text,
            metadata,
            is_markdown=is_markdown,
            replace=replace,
            on_progress=on_progress,
        )
    write_document(
        path,
        document.text,
        metadata,
        is_markdown=is_markdown,
        replace=replace,
        on_progress=on_progress,
    )
    return ()


def exported_name(chosen: str, kind: str) -> Path:
    """Return the path of a file dialog, with the extension of the chosen filter if it has none."""
    path = Path(chosen)
    if format_of_name(path):
        return path
    title = kind.partition(" (")[0]
    one = next((one for one in EXPORTED if tr_marked(one.title) == title), FORMATS["docx"])
    return path.with_name(path.name + one.suffixes[0])
