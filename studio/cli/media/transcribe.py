"""`studio transcribe FILE`: the words of a recording, as text or subtitles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.cli import output
from studio.cli.generate import GenerateCommand, OutputPath
from studio.core.errors import StudioError
from studio.core.kinds import KINDS
from studio.core.paths import input_path
from studio.core.translation import tr

SUBTITLES = ("srt", "vtt", "lrc")


def transcribe_command(
    ctx: typer.Context,
    audio: Annotated[
        Path,
        typer.Argument(
            parser=input_path,
            metavar="FILE",
            help=tr("The audio or video file whose speech is written down."),
            show_default=False,
        ),
    ],
    language: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help=tr("The spoken language, such as en or zh; empty to detect it."),
        ),
    ] = None,
    subtitles: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help=tr("Write subtitles with times instead of text. [srt|vtt|lrc]"),
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help=tr("An installed model; empty for the default."),
        ),
    ] = None,
    output_path: OutputPath = None,
    as_json: Annotated[bool, typer.Option("--json", help=tr("Print one JSON object."))] = False,
) -> None:
    """Run the job. Its options are the fields of `TranscribeRequest`."""
    chosen = {"audio": str(audio), "language": language, "model": model, "format": subtitles}
    values = {name: value for name, value in chosen.items() if value is not None}
    if subtitles is not None and subtitles not in SUBTITLES:
        error = StudioError(
            tr("{value} is no format of subtitles.", value=repr(subtitles)),
            cause="invalid",
            cure=tr("Choose from: {known}.", known=", ".join(SUBTITLES)),
        )
        output.explain(error)
        raise typer.Exit(output.WRONG)
    raise typer.Exit(
        GenerateCommand(ctx.obj, KINDS["transcribe"], values, output_path, as_json).run()
    )
