"""The command line application with all commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio import __version__
from studio.cli import output
from studio.cli.batch.command import batch_command
from studio.cli.boundary import guard
from studio.cli.context import make_context
from studio.cli.documents.commands import document_app
from studio.cli.generate import add_commands
from studio.cli.library.commands import library_app
from studio.cli.media.clip import clip_app
from studio.cli.media.image_tools import image_tool_app
from studio.cli.media.transcribe import transcribe_command
from studio.cli.models.commands import models_app
from studio.cli.models.memory import STRATEGIES, read_preference
from studio.cli.parser_texts import TranslatedApp
from studio.cli.queue.commands import queue_app
from studio.cli.settings import settings_app
from studio.core.paths import user_path
from studio.core.translation import tr, tr_marked

app = TranslatedApp(
    name="studio",
    help=tr(
        "Generate text, images, video, speech and music on this computer. Without a command, "
        "open the window."
    ),
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(clip_app, name="clip")
app.add_typer(document_app, name="document")
app.add_typer(image_tool_app, name="image-tool")
app.add_typer(library_app, name="library")
app.add_typer(models_app, name="models")
app.add_typer(queue_app, name="queue")
app.add_typer(settings_app, name="settings")
app.command("transcribe", help=tr("Write down what is spoken in an audio or video file."))(
    transcribe_command
)
app.command(
    "batch",
    help=tr(
        "Run every prompt of a file. Invalid rows are reported with their line, the others run."
    ),
)(batch_command)
add_commands(app)


@app.callback(invoke_without_command=True)  # not translated: the program's help is shown
def start(
    ctx: typer.Context,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            parser=user_path,
            metavar="FOLDER",
            help=tr("The folder for settings, models and results; also $STUDIO_DATA_DIR."),
        ),
    ] = None,
    in_process: Annotated[
        bool, typer.Option("--in-process", help=tr("Run models in this process (for profiling)."))
    ] = False,
    fake: Annotated[
        bool,
        typer.Option("--fake", help=tr("Use a fake engine without models (to try the program).")),
    ] = False,
    memory: Annotated[
        str,
        typer.Option(
            "--memory",
            metavar="STRATEGY",
            help=tr("How this run loads models: {strategies}.", strategies=STRATEGIES),
        ),
    ] = "",
    version: Annotated[bool, typer.Option("--version", help=tr("Print the version."))] = False,
) -> None:
    """Handle the options before the command; without a command, open the window."""
    if version:
        output.result(__version__)
        raise typer.Exit
    preference = read_preference(memory) if memory else None
    ctx.obj = make_context(data_dir, in_process, fake, preference)
    if ctx.invoked_subcommand is None:
        from studio.app import run_window

        raise typer.Exit(
            run_window(ctx.obj.data, in_process=in_process, fake=fake, memory=ctx.obj.memory)
        )


@app.command("doctor", help=tr("Check what Studio needs on this computer, and suggest fixes."))
def doctor_command(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help=tr("Print one JSON object."))] = False,
) -> None:
    """Check what Studio needs on this computer, and suggest fixes."""
    from studio.doctor import examine

    checks = examine(ctx.obj.data)
    if as_json:
        output.as_json({"checks": checks})
    else:
        marks = {"ok": "✓", "warn": "!", "bad": "✗"}
        for check in checks:
            output.result(f"{marks[check.state]} {tr_marked(check.name)}: {check.found}")
            if check.cure and check.state != "ok":
                output.result(f"    {check.cure}")
    raise typer.Exit(
        output.FAILED if any(check.state == "bad" for check in checks) else output.DONE
    )


def run(arguments: list[str]) -> int:
    """Run the command line and return the exit code."""
    output.prepare_streams()
    return guard(lambda: int(app(arguments, standalone_mode=False) or 0))
