"""`studio document list|export|trash|restore|delete`: the documents that Studio keeps."""

from __future__ import annotations

import contextlib
import datetime
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated

import msgspec
import typer

from studio.cli import output
from studio.cli.context import Context
from studio.cli.documents.converted import Converted, Json, Replace, Target, written
from studio.cli.documents.offscreen import offscreen_qt
from studio.core.errors import StudioError
from studio.core.file_names import printable
from studio.core.translation import tr
from studio.documents.document import Document
from studio.documents.faults import explain, moved_aside
from studio.documents.store import DocumentStore
from studio.documents.versions import DocumentInfo, names_of

Names = Annotated[
    list[str],
    typer.Argument(metavar="DOCUMENT…", help=tr("Ids or titles; `studio document list` has them.")),
]


class ListedDocuments(msgspec.Struct, frozen=True):
    """What `list --json` prints."""

    documents: tuple[DocumentInfo, ...]
    """The one that changed last first."""


class ChangedDocuments(msgspec.Struct, frozen=True):
    """What commands that move or delete documents print with `--json`."""

    ids: tuple[str, ...]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("list", help=tr("List the documents that Studio keeps."))(list_command)
    app.command("export", help=tr("Write a kept document to a file."))(export_command)
    app.command("trash", help=tr("Move kept documents to the trash."))(trash_command)
    app.command("restore", help=tr("Take documents out of the trash."))(restore_command)
    app.command("delete", help=tr("Delete documents in the trash, with their versions."))(
        delete_command
    )


def list_command(
    ctx: typer.Context,
    is_trash: Annotated[bool, typer.Option("--trash", help=tr("List the trash instead."))] = False,
    as_json: Json = False,
) -> None:
    """List documents, the one that changed last first."""
    with opened(ctx.obj) as store:
        infos = store.list(is_trashed=is_trash)
    if as_json:
        output.as_json(ListedDocuments(infos))
        return
    for info, name in zip(infos, names_of(infos), strict=True):
        moment = datetime.datetime.fromtimestamp(info.changed)
        output.result(f"{info.id}  {moment:%Y-%m-%d %H:%M}  {printable(name)}")
    if not infos:
        output.note(tr("The trash is empty.") if is_trash else tr("There are no documents."))


def export_command(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="DOCUMENT", help=tr("Its id or title."))],
    target: Target,
    labels_ai: Annotated[
        bool,
        typer.Option(
            "--label-ai/--no-label-ai", help=tr("State that a model wrote it, or a part of it.")
        ),
    ] = True,
    replace: Replace = False,
    as_json: Json = False,
) -> None:
    """Write a kept document in the format that the file's extension names."""
    from studio.core.settings_store import load_settings
    from studio.documents.formats.catalog import format_of_name
    from studio.ui.text.files.document_export import export

    context: Context = ctx.obj
    with opened(context) as store:
        document = read_document(store, name)

    def write() -> tuple[str, ...]:
        is_drawn = format_of_name(target) == "pdf"
        with offscreen_qt() if is_drawn else contextlib.nullcontext():
            return export(
                target,
                document,
                model=_model_of(context, document),
                has_recipe=load_settings(context.data).recipe_in_files,
                is_labelled=labels_ai,
                replace=replace,
            )

    notices = written(target, write)
    if as_json:
        output.as_json(Converted(str(target), format_of_name(target), notices))
        return
    for notice in notices:
        output.note(notice)
    output.result(str(target))


def trash_command(ctx: typer.Context, names: Names, as_json: Json = False) -> None:
    """Move documents to the trash."""
    _change(ctx.obj, names, DocumentStore.trash, as_json, is_trashed=False)


def restore_command(ctx: typer.Context, names: Names, as_json: Json = False) -> None:
    """Take documents out of the trash."""
    _change(ctx.obj, names, DocumentStore.restore, as_json, is_trashed=True)


def delete_command(
    ctx: typer.Context,
    names: Names,
    is_sure: Annotated[
        bool, typer.Option("--yes", "-y", help=tr("Delete without a question."))
    ] = False,
    as_json: Json = False,
) -> None:
    """Delete documents that are in the trash; this cannot be undone."""
    if not is_sure:
        raise StudioError(
            tr("Deleting cannot be undone."), cause="invalid", cure=tr("Add --yes to delete.")
        )
    _change(ctx.obj, names, DocumentStore.remove, as_json, is_trashed=True)


def _change(
    context: Context,
    names: Sequence[str],
    work: Callable[[DocumentStore, str], None],
    as_json: bool,
    *,
    is_trashed: bool,
) -> None:
    with opened(context, is_saving=True) as store:
        infos = store.list(is_trashed=is_trashed)
        found = {info.id: info for info in (find_document(infos, name) for name in names)}
        for document_id in found:
            work(store, document_id)
    if as_json:
        output.as_json(ChangedDocuments(tuple(found)))
        return
    for info in found.values():
        output.result(f"{info.id}  {printable(info.name)}")


@contextlib.contextmanager
def opened(context: Context, *, is_saving: bool = False) -> Iterator[DocumentStore]:
    """Yield the store of documents. Raises StudioError."""
    try:
        context.data.create()
        store = DocumentStore(context.data.documents)
        try:
            if store.set_aside is not None:
                output.note(moved_aside(store.set_aside, store.salvaged))
            yield store
        finally:
            store.close()
    except (OSError, sqlite3.Error) as error:
        raise explain(error, is_saving=is_saving) from error


def find_document(infos: Sequence[DocumentInfo], name: str) -> DocumentInfo:
    """Return the document with an id or a title. Raises StudioError for none or several."""
    matches = [info for info in infos if info.id == name]
    matches = matches or [info for info in infos if info.name == name]
    if len(matches) == 1:
        return matches[0]
    if matches:
        lines = "\n".join(
            f"  {info.id}  {printable(long)}"
            for info, long in zip(matches, names_of(matches), strict=True)
        )
        raise StudioError(
            tr(
                "{count} documents are named {name}:\n{lines}",
                count=len(matches),
                name=name,
                lines=lines,
            ),
            cause="invalid",
            cure=tr("Use the id."),
        )
    raise StudioError(
        tr("There is no document {name}.", name=printable(name)),
        cause="invalid",
        cure=tr("`studio document list` shows the documents, with --trash those in the trash."),
    )


def has_document(infos: Sequence[DocumentInfo], name: str) -> bool:
    """Return True if a document has this id or title."""
    return any(name in (info.id, info.name) for info in infos)


def read_document(store: DocumentStore, name: str) -> Document:
    """Return a kept document, or what is left of a damaged one. Raises StudioError."""
    loaded = store.read(find_document(store.list(), name).id)
    if loaded.damage:
        output.note(loaded.damage)
    return loaded.document


def _model_of(context: Context, document: Document) -> str:
    """Return the model that wrote a part of it, if the queue still knows its job."""
    from studio.jobs.store_rows import read_jobs_readonly

    wanted = {stretch.origin.job for stretch in document.origins} - {""}
    if not wanted or not context.data.database.exists():
        return ""
    jobs = {job.id: job for job in read_jobs_readonly(context.data)}
    return next((jobs[one].request.model for one in wanted if one in jobs), "")
