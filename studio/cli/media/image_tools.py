"""`studio image-tool`: a command for each tool."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from studio.cli.generate import GenerateCommand, option_of, output_parameters, parameter
from studio.cli.parser_texts import TranslatedApp
from studio.core.kinds import KINDS
from studio.core.paths import input_path
from studio.core.requests import ImageToolRequest, fields
from studio.core.requests.image_tool import TOOLS, ToolName
from studio.core.translation import tr, tr_marked

SHARED = ("model", "format")
"""Fields that every tool has."""

image_tool_app = TranslatedApp(
    name="image-tool",
    help=tr("Enlarge, cut out, restyle, repair or adjust an image."),
    no_args_is_help=True,
)


def _command(name: ToolName) -> Callable[..., None]:
    kind = KINDS["image-tool"]

    def command(ctx: typer.Context, **values: Any) -> None:
        target, as_json = values.pop("output_path"), values.pop("as_json")
        chosen = {field: value for field, value in values.items() if value is not None}
        chosen |= {"tool": name, "image": str(chosen["image"])}
        raise typer.Exit(GenerateCommand(ctx.obj, kind, chosen, target, as_json).run())

    image = typer.Argument(
        parser=input_path, metavar="IMAGE", help=tr("The image to work on."), show_default=False
    )
    parameters = [
        parameter("ctx", typer.Context),
        parameter("image", Annotated[Path, image]),
        *(
            parameter(*option_of(info))
            for info in fields(ImageToolRequest)
            if info.name in (*TOOLS[name].fields, *SHARED)
        ),
        *output_parameters(),
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # for typer
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command


for tool_name, tool in TOOLS.items():
    image_tool_app.command(tool_name, help=tr_marked(tool.description))(_command(tool_name))
