"""`studio library list|search|show|add|rebuild`; `changes.py` has the commands that change."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from studio.cli import output
from studio.cli.library.changes import register
from studio.cli.library.filters import with_filters
from studio.cli.library.session import find_items, opened
from studio.cli.library.tables import details, foreign_settings, item_json, items_json, line_of
from studio.cli.parser_texts import TranslatedApp
from studio.core.errors import StudioError
from studio.core.paths import input_path
from studio.core.translation import tr, tr_plural
from studio.library.items import Query
from studio.library.scanning.walk import Problem

library_app = TranslatedApp(
    no_args_is_help=True, help=tr("List, search, rate, tag, export and trash what was made.")
)
Json = Annotated[bool, typer.Option("--json", help=tr("Print one JSON object."))]
Limit = Annotated[
    int,
    typer.Option("--limit", "-n", min=0, help=tr("Show at most so many, newest first; 0: all.")),
]
Paths = Annotated[bool, typer.Option("--paths", help=tr("Print only the files' paths."))]
_DEFAULT_LIMIT = 50
_NO_LIMIT = 2**31
_NO_MEDIA = tr("This is no image, text, audio or video file, or it is damaged.")


@library_app.command("list", help=tr("List what was made, newest first."))
@with_filters
def list_command(
    ctx: typer.Context,
    query: Query,
    limit: Limit = _DEFAULT_LIMIT,
    only_paths: Paths = False,
    as_json: Json = False,
) -> None:
    """List what was made, newest first."""
    _print(ctx, query, limit, only_paths, as_json)


@library_app.command("search", help=tr("Find what was made by its words, newest first."))
@with_filters
def search_command(
    ctx: typer.Context,
    query: Query,
    text: Annotated[
        str,
        typer.Argument(
            help=tr(
                "Words in prompts, texts, names of models and files, or notes, each anywhere; "
                "quotes keep words together: '\"red boat\" storm'."
            )
        ),
    ],
    limit: Limit = _DEFAULT_LIMIT,
    only_paths: Paths = False,
    as_json: Json = False,
) -> None:
    """Find what was made by its words, newest first."""
    _print(ctx, msgspec.structs.replace(query, text=text), limit, only_paths, as_json)


def _print(ctx: typer.Context, query: Query, limit: int, only_paths: bool, as_json: bool) -> None:
    with opened(ctx.obj) as library:
        items = library.index.search(query, limit=limit or _NO_LIMIT)
        total = len(items) if not limit or len(items) < limit else library.index.count(query)
        if as_json:
            output.as_json({"items": items_json(library, items), "total": total})
            return
    for item in items:
        output.result(item.path if only_paths else line_of(item))
    if not items:
        output.note(tr("Nothing was found."))
    elif total > len(items):
        output.note(tr("{count} of {total:,}. --limit 0 shows all.", count=len(items), total=total))


@library_app.command(
    "show",
    help=tr(
        "Show everything that is known of one item: prompt, model, seed, notes, what it came from."
    ),
)
def show_command(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ITEM", help=tr("A path, file name or id."))],
    as_json: Json = False,
) -> None:
    """Show everything that is known of one item: prompt, model, seed, notes, what it came from."""
    with opened(ctx.obj) as library:
        (item,) = find_items(library, [name])
        if as_json:
            children = [child.path for child in library.index.children(item.sha256)]
            output.as_json(
                {
                    **item_json(item, library.index.annotation(item.id)),
                    "text": library.index.full_text(item.id),
                    "made_from": library.index.parents(item.id),
                    "used_for": children,
                    "settings": [
                        {"name": name, "value": value} for name, value in foreign_settings(item)
                    ],
                }
            )
            return
        for line in details(library, item):
            output.result(line)


@library_app.command(
    "add",
    help=tr("Add files, and folders that are watched from now on. Files stay where they are."),
)
def add_command(
    ctx: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="PATH...", help=tr("Files and folders."))],
    as_json: Json = False,
) -> None:
    """Add files, and folders that are watched from now on. Files stay where they are."""
    paths = [_existing(name) for name in names]
    with opened(ctx.obj) as library:
        before = library.index.count()
        files = [path for path in paths if not path.is_dir()]
        library.add_files(files)
        folders = [path for path in paths if path.is_dir()]
        for folder in folders:
            library.add_folder(folder)
        problems = library.scan(is_quick=True).problems if folders else []
        problems += [
            Problem(str(path), _NO_MEDIA) for path in files if library.index.find(str(path)) is None
        ]
        added = library.index.count() - before
    if as_json:
        output.as_json({"added": added, "problems": problems})
    else:
        output.note(tr_plural("1 item added.", "{count:,} items added.", added))
        for problem in problems:
            output.note(f"{problem.path}: {problem.message}")
    raise typer.Exit(output.FAILED if problems else output.DONE)


def _existing(name: str) -> Path:
    path = input_path(name).absolute()
    if not name.strip() or not path.exists():
        shown = path if name.strip() else tr("A file without a name")
        raise StudioError(
            tr("{name} does not exist.", name=shown), cause="invalid", cure=tr("Check the name.")
        )
    return path


@library_app.command(
    "rebuild",
    help=tr("Read all files again and replace the index. Goes on where an interrupted one was."),
)
def rebuild_command(ctx: typer.Context, as_json: Json = False) -> None:
    """Read all files again and replace the index. Goes on where an interrupted one was."""
    from rich.console import Console

    console = Console(stderr=True)
    with opened(ctx.obj) as library:
        with console.status(tr("Reading files …")) as status:
            result = library.rebuild(
                lambda progress: status.update(tr("{count:,} files read", count=progress.files))
            )
        total = library.index.count()
    if as_json:
        output.as_json({"items": total, **msgspec.to_builtins(result)})
    else:
        output.note(tr_plural("The library has 1 item.", "The library has {count:,} items.", total))
        for problem in result.problems:
            output.note(f"{problem.path}: {problem.message}")
    raise typer.Exit(output.FAILED if result.problems else output.DONE)


register(library_app)
