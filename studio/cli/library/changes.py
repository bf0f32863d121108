"""`studio library rate|tag|export|trash`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated, cast, get_args

import msgspec
import typer

from studio.cli import output
from studio.cli.library.filters import with_filters
from studio.cli.library.session import choose_items, opened
from studio.cli.library.tables import items_json
from studio.core.errors import StudioError
from studio.core.paths import user_path
from studio.core.translation import tr, tr_plural
from studio.jobs.library.action_texts import done_text, unreadable_text
from studio.library.annotations import collection_name, split_names
from studio.library.file_actions.action import (
    AudioFormat,
    ExportOptions,
    FileAction,
    ImageFormat,
    TextFormat,
    new_action_id,
)
from studio.library.file_actions.results import FileChange
from studio.library.items import EVERYTHING, MAX_RATING, Annotation, Query
from studio.library.library import Library

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ITEM...]", help=tr("Paths, file names or ids; or use options to choose.")
    ),
]
Json = Annotated[bool, typer.Option("--json", help=tr("Print one JSON object."))]
Change = Callable[[Annotation], Annotation]
_JPEG = {"jpeg": "jpg"}


def register(library_app: typer.Typer) -> None:
    """Add the commands to `studio library`."""
    library_app.command("rate", help=tr("Give items one to five stars."))(
        with_filters(rate_command)
    )
    library_app.command("tag", help=tr("Change tags, collections, favorites and notes of items."))(
        with_filters(tag_command)
    )
    library_app.command(
        "export",
        help=tr(
            "Copy items to a folder, in another format or size if asked for. Replaces no file."
        ),
    )(with_filters(export_command))
    library_app.command(
        "trash", help=tr("Move items to the desktop's trash, with the files that belong to them.")
    )(with_filters(trash_command))


def rate_command(
    ctx: typer.Context,
    query: Query,
    stars: Annotated[
        int, typer.Argument(min=0, max=MAX_RATING, help=tr("1 to 5 stars; 0 removes them."))
    ],
    names: Names = None,
    as_json: Json = False,
) -> None:
    """Give items one to five stars."""
    _annotate(ctx, names, query, lambda old: msgspec.structs.replace(old, rating=stars), as_json)


def tag_command(
    ctx: typer.Context,
    query: Query,
    names: Names = None,
    add: Annotated[
        list[str] | None,
        typer.Option(
            "--add", help=tr("Add this tag, or tags with commas between. May be repeated.")
        ),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", help=tr("Remove this tag. May be repeated."))
    ] = None,
    into: Annotated[
        list[str] | None, typer.Option("--into", help=tr("Put into this collection."))
    ] = None,
    out_of: Annotated[
        list[str] | None, typer.Option("--out-of", help=tr("Take out of this collection."))
    ] = None,
    make_favorite: Annotated[
        bool | None, typer.Option("--mark/--unmark", help=tr("Make them favorites, or not."))
    ] = None,
    note: Annotated[str | None, typer.Option("--note", help=tr("Replace the note."))] = None,
    as_json: Json = False,
) -> None:
    """Change tags, collections, favorites and notes of items."""
    if all(value is None for value in (add, remove, into, out_of, make_favorite, note)):
        raise StudioError(
            tr("Nothing to change."),
            cause="invalid",
            cure=tr("Use --add, --remove, --into, --out-of, --mark, --unmark or --note."),
        )

    for option, texts in (("--add", add), ("--into", into)):
        if not all(map(split_names, texts or ())):
            raise StudioError(
                tr("{option} has no name.", option=option), cause="invalid", cure=tr("Write one.")
            )
    _check_collections(into)

    def change(old: Annotation) -> Annotation:
        return msgspec.structs.replace(
            old,
            tags=_changed(old.tags, _tags(add), _tags(remove)),
            collections=_changed(old.collections, into, out_of),
            favorite=old.favorite if make_favorite is None else make_favorite,
            note=old.note if note is None else note,
        )

    _annotate(ctx, names, query, change, as_json)


def _changed(
    names: tuple[str, ...], added: list[str] | None, removed: list[str] | None
) -> tuple[str, ...]:
    return tuple({*names, *(added or ())} - set(removed or ()))


def _tags(texts: list[str] | None) -> list[str]:
    return [tag for text in texts or () for tag in split_names(text)]


def _check_collections(names: list[str] | None) -> None:
    for name in names or ():
        if collection_name(name) != name.strip():
            raise StudioError(
                tr("The name of a collection has no commas."),
                cause="invalid",
                cure=tr("Use {name!r}, or repeat --into for several.", name=collection_name(name)),
            )


def _annotate(
    ctx: typer.Context, names: list[str] | None, query: Query, change: Change, as_json: bool
) -> None:
    with opened(ctx.obj) as library:
        items = choose_items(library, names or (), query)
        changed = library.annotate([item.id for item in items], change)
        if as_json:
            after = library.index.items([item.id for item in items])
            output.as_json({"items": items_json(library, after), "changed": len(changed)})
            return
    output.note(tr_plural("1 item changed.", "{count:,} items changed.", len(changed)))


def export_command(
    ctx: typer.Context,
    query: Query,
    names: Names = None,
    target: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", parser=user_path, metavar="FOLDER", help=tr("Where to write.")
        ),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            help=tr("png, jpg, webp, avif; wav, flac, ogg, mp3; txt, md. One for each medium."),
        ),
    ] = None,
    quality: Annotated[
        int, typer.Option("--quality", min=1, max=100, help=tr("Of JPEG, WebP and AVIF."))
    ] = 90,
    max_side: Annotated[
        int,
        typer.Option("--max-side", min=0, metavar="PIXELS", help=tr("Scale larger images down.")),
    ] = 0,
    no_metadata: Annotated[
        bool, typer.Option("--no-metadata", help=tr("Leave out recipes, Exif data and comments."))
    ] = False,
    as_json: Json = False,
) -> None:
    """Copy items to a folder, in another format or size if asked for. Replaces no file."""
    from studio.library.file_actions.command import run_recorded  # imports numpy

    if target is None:
        raise StudioError(
            tr("No folder is named."), cause="invalid", cure=tr("Use --output FOLDER.")
        )
    options = export_options(formats or [], quality, max_side, with_metadata=not no_metadata)
    with opened(ctx.obj) as library:
        _continue_interrupted(library)
        items = choose_items(library, names or (), query)
        action = FileAction(
            id=new_action_id(),
            kind="export",
            files=tuple(FileChange(item.id, item.path, "") for item in items),
            folder=str(target.absolute()),
            options=options,
        )
        result = run_recorded(library.index, library.data, action)
    if as_json:
        output.as_json(result)
    else:
        for change in result.done:
            output.result(change.target)
    _report_failed(result.failed.items())


def _continue_interrupted(library: Library) -> None:
    """Continue what a kill of a command or the window interrupted, and print what was done."""
    from studio.library.file_actions.command import continue_interrupted  # imports numpy

    def report(path: Path, reason: str) -> None:
        output.note(unreadable_text(path, reason))

    for action, result in continue_interrupted(library.index, library.data, report):
        done = done_text(action.kind, len(result.done), Path(action.folder).name)
        output.note(tr("Continued what was interrupted: {done}.", done=done))
        for path, reason in result.failed.items():
            output.note(f"{path}: {reason}")


def export_options(
    formats: list[str], quality: int, max_side: int, *, with_metadata: bool
) -> ExportOptions:
    """Return the options for formats of several media. Raises StudioError for an unknown one."""
    images, audio, texts = (get_args(kind) for kind in (ImageFormat, AudioFormat, TextFormat))
    chosen = [_JPEG.get(name.lower(), name.lower()) for name in formats]
    for name in chosen:
        if not name or name not in (*images, *audio, *texts):
            known = ", ".join(filter(None, (*images, *audio, *texts)))
            raise StudioError(
                tr("{name!r} is not a format.", name=name[:40]),
                cause="invalid",
                cure=tr("Use {choices}.", choices=known),
            )
    return ExportOptions(
        image_format=cast("ImageFormat", _last(chosen, images)),
        audio_format=cast("AudioFormat", _last(chosen, audio)),
        text_format=cast("TextFormat", _last(chosen, texts)),
        quality=quality,
        max_side=max_side,
        with_metadata=with_metadata,
    )


def _last(chosen: list[str], known: tuple[str, ...]) -> str:
    return next((name for name in reversed(chosen) if name in known), "")


def trash_command(
    ctx: typer.Context,
    query: Query,
    names: Names = None,
    is_sure: Annotated[
        bool, typer.Option("--yes", help=tr("Move all that the options choose, without asking."))
    ] = False,
    as_json: Json = False,
) -> None:
    """Move items to the desktop's trash, with the files that belong to them."""
    from studio.jobs.library.trash import move_to_trash

    with opened(ctx.obj) as library:
        items = choose_items(library, names or (), query)
        if query != EVERYTHING and not is_sure:
            raise StudioError(
                tr_plural(
                    "1 item would be moved to the trash.",
                    "{count:,} items would be moved to the trash.",
                    len(items),
                ),
                cause="invalid",
                cure=tr(
                    "Look at them with `studio library list`, then repeat the command with --yes."
                ),
            )
        result = move_to_trash(Path(item.path) for item in items)
        trashed = {str(file.path) for file in result.trashed}
        library.index.remove([item.id for item in items if item.path in trashed])
    failed = {str(path): reason for path, reason in result.failed.items()}
    if as_json:
        output.as_json({"trashed": sorted(trashed), "failed": failed})
    else:
        output.note(
            tr_plural(
                "1 item moved to the trash.", "{count:,} items moved to the trash.", len(trashed)
            )
        )
    _report_failed(failed.items())


def _report_failed(failed: Collection[tuple[str, str]]) -> None:
    """Print (path, reason) of what failed, and end the command."""
    for path, reason in failed:
        output.note(f"{path}: {reason}")
    raise typer.Exit(output.FAILED if failed else output.DONE)
