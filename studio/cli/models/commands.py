"""`studio models add|get|remove|install|hub|memory`; the others are in the modules next to it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.cli import output
from studio.cli.models import inspect
from studio.cli.models import list as list_commands
from studio.cli.models.hub import get_command, hub_command
from studio.cli.models.install import install_command
from studio.cli.models.memory import memory_command
from studio.cli.parser_texts import TranslatedApp
from studio.core.errors import StudioError
from studio.core.paths import user_path
from studio.core.translation import tr
from studio.models.card import ADAPTED_KIND

models_app = TranslatedApp(no_args_is_help=True, help=tr("List, add, download and remove models."))
list_commands.register(models_app)
inspect.add_commands(models_app)
Json = Annotated[bool, typer.Option("--json", help=tr("Print one JSON object."))]


@models_app.command(
    "add", help=tr("Add a model from this computer: a folder, or a .gguf or .safetensors file.")
)
def add_command(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(parser=user_path, metavar="PATH")],
    made_for: Annotated[
        str,
        typer.Option(
            "--for",
            help=tr("The installed model that an adapter fits, if its file does not name one."),
        ),
    ] = "",
    convert: Annotated[
        bool,
        typer.Option(
            "--convert", help=tr("Convert a GGUF file to safetensors even if llama.cpp can run it.")
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Add a model from this computer: a folder, or a .gguf or .safetensors file.

    Files may be models, LoRAs or other adapters.
    """
    from studio.models.install.add import add

    try:
        model = ctx.obj.find_card(ADAPTED_KIND, made_for) if made_for else None
        card = add(ctx.obj.data, path, output.note, made_for=model, convert=convert)
    except StudioError as error:
        output.explain(error)
        raise typer.Exit(output.WRONG) from None
    if as_json:
        output.as_json(card)
    else:
        output.result(card.name)


models_app.command(
    "get", help=tr("Download a model from a hub, or continue a download. Ctrl+C pauses it.")
)(get_command)


@models_app.command(
    "remove", help=tr("Remove a model from Studio. Folders that you added in place are kept.")
)
def remove_command(ctx: typer.Context, name: str, as_json: Json = False) -> None:
    """Remove a model from Studio. Folders that you added in place are kept."""
    from studio.models.install.add import remove

    try:
        card = remove(ctx.obj.data, name)
    except StudioError as error:
        output.explain(error)
        raise typer.Exit(output.WRONG) from None
    if as_json:
        output.as_json(card)
    else:
        output.result(card.name)


models_app.command(
    "install",
    help=tr(
        "Download a model of the catalog: starter, starter-medium, starter-large, kokoro; or "
        "larger, the best text model that fits this computer."
    ),
)(install_command)
models_app.command(
    "hub", help=tr("Show or change the hub, the account, and whether Studio may download.")
)(hub_command)
models_app.command(
    "memory", help=tr("Show or change how models are loaded, and when they are unloaded.")
)(memory_command)
