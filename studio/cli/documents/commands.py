"""`studio document show|spell|convert`: read, check and write documents.

`stored.py` has the other commands for the documents that Studio keeps.
"""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from studio.cli import output
from studio.cli.context import Context
from studio.cli.documents.converted import Converted, Json, Replace, Target, written
from studio.cli.documents.offscreen import offscreen_qt
from studio.cli.documents.stored import has_document, opened, read_document, register
from studio.core.paths import input_path
from studio.core.settings_store import load_settings
from studio.core.translation import tr
from studio.documents.document import Document
from studio.documents.formats.catalog import FORMATS, format_of_name
from studio.documents.formats.child.process import read_in_child
from studio.documents.formats.imported import ImportedDocument
from studio.documents.formats.metadata import DocumentMetadata

document_app = typer.Typer(
    no_args_is_help=True,
    help=tr("Read documents (Word, OpenDocument, PDF, EPUB, web pages …), and convert them."),
)
File = Annotated[Path, typer.Argument(parser=input_path, metavar="FILE", help=tr("The document."))]
Encoding = Annotated[
    str,
    typer.Option(
        "--encoding", metavar="NAME", help=tr("Of a text file, such as gb18030; else it is found.")
    ),
]
_WRITABLE = [one for one in FORMATS.values() if one.can_write]


register(document_app)


@document_app.command(
    "show", help=tr("Print the text of a file, as Markdown where it can, or of a kept document.")
)
def show_command(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(metavar="FILE", help=tr("A file, or the id or title of a kept document.")),
    ],
    encoding: Encoding = "",
    as_json: Json = False,
) -> None:
    """Print the text; notices go to standard error."""
    if (kept := _kept(ctx.obj, name)) is not None:
        if as_json:
            output.as_json(kept)
        else:
            output.result(kept.text.rstrip("\n"))
        return
    document = _read(input_path(name), encoding)
    if as_json:
        output.as_json(document)
        return
    for notice in document.notices:
        output.note(notice)
    output.result(document.text.rstrip("\n"))


def _kept(context: Context, name: str) -> Document | None:
    """Return a kept document, unless a file has this name or there is no such document."""
    if os.path.lexists(input_path(name)) or not context.data.documents.exists():
        return None
    with opened(context) as store:
        infos = store.list()
        return read_document(store, name) if has_document(infos, name) else None


@document_app.command("spell", help=tr("List misspelled words with suggestions."))
def spell_command(
    ctx: typer.Context, file: File, encoding: Encoding = "", as_json: Json = False
) -> None:
    """Print each word with its line and column."""
    from studio.cli.documents.spelling import find_misspellings, print_misspellings

    text = _read(file, encoding).text
    print_misspellings(find_misspellings(ctx.obj.data, text), as_json=as_json)


@document_app.command(
    "convert",
    help=tr(
        "Write a document in another format: {formats}.",
        formats=", ".join(one.suffixes[0] for one in _WRITABLE),
    ),
)
def convert_command(
    ctx: typer.Context,
    file: File,
    target: Target,
    title: Annotated[str, typer.Option("--title", help=tr("Its title."))] = "",
    author: Annotated[str, typer.Option("--author", help=tr("Its author."))] = "",
    language: Annotated[
        str, typer.Option("--language", help=tr("Its language, such as en or zh-CN."))
    ] = "",
    label_ai: Annotated[
        bool,
        typer.Option(
            "--label-ai", help=tr("Label it as written with AI, for readers and programs.")
        ),
    ] = False,
    replace: Replace = False,
    encoding: Encoding = "",
    as_json: Json = False,
) -> None:
    """Write a document in another format."""
    document = _read(file, encoding)
    known = _metadata(ctx.obj, file, document, is_labelled=label_ai)
    chosen = {"title": title, "author": author, "language": language}
    known = msgspec.structs.replace(
        known, **{name: value for name, value in chosen.items() if value}
    )
    notices = (
        *document.notices,
        *written(target, lambda: _write(target, document, known, replace=replace)),
    )
    if as_json:
        output.as_json(Converted(str(target), format_of_name(target), notices))
        return
    for notice in notices:
        output.note(notice)
    output.result(str(target))


def _read(file: Path, encoding: str) -> ImportedDocument:
    return read_in_child(file, encoding=encoding)


def _metadata(
    context: Context, file: Path, document: ImportedDocument, *, is_labelled: bool
) -> DocumentMetadata:
    """Return what is known of a document, and of the recipe if Studio generated it."""
    from studio.library.artifacts import read_recipe  # imports numpy

    recipe = read_recipe(file) if document.format in ("txt", "md") else None
    writes_recipe = recipe is not None and load_settings(context.data).recipe_in_files
    return DocumentMetadata(
        title=document.title,
        author=document.author,
        language=document.language,
        date=datetime.date.today().isoformat(),
        model=recipe.request.model if recipe is not None else "",
        recipe=msgspec.json.encode(recipe).decode() if writes_recipe else "",
        ai_label=("generated" if recipe is not None else "assisted") if is_labelled else "",
    )


def _write(
    target: Path, document: ImportedDocument, metadata: DocumentMetadata, *, replace: bool
) -> tuple[str, ...]:
    """Write the file and return notices. Raises StudioError and OSError."""
    text, is_markdown = document.text, document.is_markdown
    if format_of_name(target) == "pdf":
        with offscreen_qt():
            from studio.ui.text.pdf import write_pdf

            return write_pdf(target, text, metadata, is_markdown=is_markdown, replace=replace)
    from studio.documents.formats.write import write_document

    write_document(target, text, metadata, is_markdown=is_markdown, replace=replace)
    return ()
