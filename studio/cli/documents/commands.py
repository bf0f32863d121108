"""`studio document show|spell|convert`: read, check and write documents."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from studio.cli import output
from studio.cli.context import Context
from studio.core.errors import StudioError
from studio.core.paths import input_path, user_path
from studio.core.settings_store import load_settings
from studio.core.translation import tr
from studio.documents.formats.catalog import FORMATS, format_of_name
from studio.documents.formats.child.process import read_in_child
from studio.documents.formats.imported import ImportedDocument
from studio.documents.formats.metadata import DocumentMetadata

document_app = typer.Typer(
    no_args_is_help=True,
    help=tr("Read documents (Word, OpenDocument, PDF, EPUB, web pages …), and convert them."),
)
File = Annotated[Path, typer.Argument(parser=input_path, metavar="FILE", help=tr("The document."))]
Json = Annotated[bool, typer.Option("--json", help=tr("Print one JSON object."))]
Encoding = Annotated[
    str,
    typer.Option(
        "--encoding", metavar="NAME", help=tr("Of a text file, such as gb18030; else it is found.")
    ),
]
_WRITABLE = [one for one in FORMATS.values() if one.can_write]


class Converted(msgspec.Struct, frozen=True):
    """What `--json` prints for a document that was converted."""

    file: str
    format: str
    notices: tuple[str, ...]


@document_app.command("show", help=tr("Print a document's text, as Markdown where it can."))
def show_command(file: File, encoding: Encoding = "", as_json: Json = False) -> None:
    """Print the text; notices go to standard error."""
    document = _read(file, encoding)
    if as_json:
        output.as_json(document)
        return
    for notice in document.notices:
        output.note(notice)
    output.result(document.text.rstrip("\n"))


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
    target: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            parser=user_path,
            metavar="FILE",
            help=tr("The new file; its extension names the format."),
        ),
    ],
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
    replace: Annotated[
        bool, typer.Option("--replace", help=tr("Replace an existing file."))
    ] = False,
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
    notices = (*document.notices, *_write(target, document, known, replace=replace))
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
    """Write the file and return notices. Raises StudioError."""
    try:
        if format_of_name(target) == "pdf":
            return _write_pdf(target, document, metadata, replace=replace)
        from studio.documents.formats.write import write_document

        write_document(
            target, document.text, metadata, is_markdown=document.is_markdown, replace=replace
        )
    except FileExistsError as error:
        raise StudioError(
            tr("{file} exists.", file=target.name),
            cause="invalid",
            cure=tr("Choose another name, or use --replace."),
        ) from error
    except OSError as error:
        raise StudioError(
            tr("{file} cannot be written: {reason}.", file=target.name, reason=error.strerror),
            cause="disk",
            cure=tr("Check the folder's permissions and free space."),
        ) from error
    return ()


def _write_pdf(
    target: Path, document: ImportedDocument, metadata: DocumentMetadata, *, replace: bool
) -> tuple[str, ...]:
    from PySide6.QtGui import QGuiApplication

    from studio.ui.text.pdf import write_pdf

    os.environ["QT_QPA_PLATFORM"] = "offscreen"  # a command needs no desktop
    application = QGuiApplication.instance() or QGuiApplication(["studio"])
    try:
        return write_pdf(
            target,
            document.text,
            metadata,
            is_markdown=document.is_markdown,
            replace=replace,
        )
    finally:
        del application
