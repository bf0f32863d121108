"""`studio models list|add|remove|install`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from studio.cli import inspect, output
from studio.core.errors import StudioError

models_app = typer.Typer(no_args_is_help=True, help="The models that are there, and adding others.")
inspect.add_commands(models_app)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@models_app.command("list")
def list_command(ctx: typer.Context, as_json: Json = False) -> None:
    """Show the installed models, the default of each kind first."""
    from studio.core.requests import KINDS
    from studio.models.installed import of_kind

    cards = [card for kind in KINDS for card in of_kind(ctx.obj.data, kind)]
    if as_json:
        output.as_json({"models": cards})
        return
    for card in cards:
        output.result(f"{card.kind:8}{card.name:40}{card.size / 1e6:8.0f} MB  {card.licence or 'licence unknown'}")
    if not any(card.kind == "text" for card in cards):
        output.note("No text model yet: studio models install starter")


@models_app.command("add")
def add_command(ctx: typer.Context, path: Path, as_json: Json = False) -> None:
    """Add a model folder, or a .gguf or .safetensors file, from this computer."""
    from studio.models.add import add

    try:
        card = add(ctx.obj.data, path, output.note)
    except StudioError as error:
        output.explain(error)
        raise typer.Exit(output.WRONG) from None
    if as_json:
        output.as_json(card)
    else:
        output.result(card.name)


@models_app.command("remove")
def remove_command(ctx: typer.Context, name: str, as_json: Json = False) -> None:
    """Take a model from the list. Your own folder of it is not touched."""
    from studio.models.add import remove

    try:
        card = remove(ctx.obj.data, name)
    except StudioError as error:
        output.explain(error)
        raise typer.Exit(output.WRONG) from None
    if as_json:
        output.as_json(card)
    else:
        output.result(card.name)


@models_app.command("install")
def install_command(ctx: typer.Context, name: str, as_json: Json = False) -> None:
    """Fetch a model of the catalogue: starter, starter-large, kokoro."""
    from studio.models.catalogue import entry_named
    from studio.models.fetch import InstallProgress
    from studio.models.install import install

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    try:
        entry = entry_named(name)
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            bar = progress.add_task(entry.card.title, total=None)

            def say(now: InstallProgress) -> None:
                progress.update(bar, description=now.phase, completed=now.done, total=now.total or None)

            card = install(ctx.obj.data, entry, say)
    except StudioError as error:
        output.explain(error)
        raise typer.Exit(output.FAILED if error.cause != "invalid" else output.WRONG) from None
    except KeyboardInterrupt:
        output.note("Stopped. Start it again to go on where it was.")
        raise typer.Exit(output.INTERRUPTED) from None
    if as_json:
        output.as_json(card)
    else:
        output.result(card.name)
