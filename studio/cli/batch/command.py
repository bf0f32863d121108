"""`studio batch FILE`: a file of prompts, checked before anything runs. `studio batch --watch
FOLDER`: files as they come.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.batch.expand import COMBINE
from studio.batch.output.collected import FORMATS
from studio.batch.seeds import POLICIES
from studio.cli import output
from studio.cli.batch.options import pairs, read_defaults, read_limit, report_path
from studio.cli.batch.run import BatchRun, from_standard_input
from studio.cli.prompt_source import STANDARD_INPUT
from studio.core import file_names
from studio.core.errors import StudioError
from studio.core.kinds import KINDS
from studio.core.paths import input_path, user_path


def _choices(table: dict[str, str]) -> str:
    return "; ".join(f"{name}, {what}" for name, what in table.items()) + "."


FILE_FORMATS = sorted({suffix for kind in KINDS.values() for suffix in kind.media_types})


def check_format(file_format: str, kind: str) -> dict[str, str]:
    """Return the default that `--format` is. Raises StudioError where the file's kind has no such
    format.
    """
    known = KINDS[kind].media_types if kind in KINDS else FILE_FORMATS
    if file_format and file_format not in known:
        raise StudioError(
            f"{file_format[:40]!r} is no file format of {kind}.",
            cause="invalid",
            cure=f"There are: {', '.join(known)}.",
        )
    return {"format": file_format} if file_format else {}


def batch_command(
    ctx: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(
            parser=input_path,
            metavar="[FILE]",
            help="A .txt, .csv, .tsv, .jsonl, .json or .xlsx file of prompts, or a folder of .txt "
            "files; - reads standard input.",
        ),
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            help="What rows make that do not say it: text, image, video, speech or music."
        ),
    ] = "text",
    model: Annotated[str, typer.Option(help="The model for rows that name none.")] = "",
    file_format: Annotated[
        str,
        typer.Option(
            "--format",
            help=f"The file format of results where a row names none: {', '.join(FILE_FORMATS)}.",
        ),
    ] = "",
    folder: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            parser=user_path,
            metavar="FOLDER",
            help="The folder for results and report.",
        ),
    ] = None,
    name: Annotated[
        str,
        typer.Option(
            help="File names, from {row} {prompt:40} {seed} {model} {date} and the file's own "
            "columns."
        ),
    ] = file_names.DEFAULT_TEMPLATE,
    template: Annotated[
        str,
        typer.Option(
            help="Makes each prompt from the row's columns: 'Write a headline about {{topic}} for "
            "{{city}}'."
        ),
    ] = "",
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="COLUMN=FIELD", help="What a column means; COLUMN= leaves it out."
        ),
    ] = None,
    defaults: Annotated[
        Path | None,
        typer.Option(
            parser=input_path,
            metavar="FILE",
            help="A .toml file of settings for what a row leaves out, such as steps = 20.",
        ),
    ] = None,
    variables: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="What $NAME stands for in the prompts."),
    ] = None,
    wildcards: Annotated[
        Path | None,
        typer.Option(
            parser=input_path,
            metavar="FOLDER",
            help="The folder whose animal.txt __animal__ is a line of; else 'wildcards' beside the "
            "file.",
        ),
    ] = None,
    combine: Annotated[
        str, typer.Option(help=f"What alternatives {{a|b}} become: {_choices(COMBINE)}")
    ] = "random",
    axis: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUES",
            help="An axis of a grid: steps=10,20 or 'guidance=[5..9 step 2]'; up to three.",
        ),
    ] = None,
    repeat: Annotated[int, typer.Option(help="Run each row this often.")] = 1,
    seed_policy: Annotated[
        str, typer.Option(help=f"Seeds of rows that name none: {_choices(POLICIES)}")
    ] = "random",
    first_seed: Annotated[
        int | None, typer.Option(help="What the seed policies fixed and step begin with.")
    ] = None,
    encoding: Annotated[
        str, typer.Option(help="The file's encoding, where the guess is wrong.")
    ] = "",
    sheet: Annotated[str, typer.Option(help="The sheet of a spreadsheet; else its first.")] = "",
    collect: Annotated[
        str, typer.Option(help=f"All texts in one file as well: {', '.join(FORMATS)}.")
    ] = "",
    report: Annotated[
        Path | None,
        typer.Option(
            parser=user_path,
            metavar="PATH",
            help="A further place for the report: a .csv or .jsonl file, or a folder.",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Run only the rows that are missing in the output folder, or have failed.",
        ),
    ] = False,
    until: Annotated[
        str, typer.Option(metavar="TIME", help="Begin no row after this time, such as 07:30.")
    ] = "",
    at_most: Annotated[
        int | None,
        typer.Option(metavar="N", help="Run at most so many rows; the others wait in the queue."),
    ] = None,
    watch: Annotated[
        Path | None,
        typer.Option(
            parser=user_path,
            metavar="FOLDER",
            help="Run the files that are dropped there, until Ctrl+C.",
        ),
    ] = None,
    input_format: Annotated[
        str,
        typer.Option(
            metavar="FORMAT", help="What standard input holds: txt, csv, tsv, jsonl, json or xlsx."
        ),
    ] = "txt",
    check: Annotated[
        bool, typer.Option("--check", help="Only show how each row is understood.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run every prompt of a file. A bad row is named with its line and does not stop the others."""
    try:
        if (file is None) == (watch is None):
            raise StudioError(
                "Give a file, or a folder with --watch.",
                cause="invalid",
                cure="studio batch --help shows more.",
            )
        asked = BatchRun(
            context=ctx.obj,
            reading={
                "kind": kind,
                "encoding": encoding,
                "template": template,
                "seeds": seed_policy,
                "repeat": repeat,
                "first_seed": first_seed,
                "combine": combine,
                "axes": axis or (),
                "sheet": sheet,
                "wildcards": wildcards,
                "variables": pairs("--set", variables),
                "mapping": pairs("--map", mapping),
                "defaults": {
                    **read_defaults(defaults),
                    **({"model": model} if model else {}),
                    **check_format(file_format, kind),
                },
            },
            folder=folder,
            name=name,
            collect=collect,
            report=report_path(report),
            resume=resume,
            limit=read_limit(until, at_most),
            as_json=as_json,
        )
        if watch is not None:
            from studio.cli.batch.watch import watch_folder

            code = watch_folder(asked, watch, check=check)
        else:
            assert file is not None
            if str(file) == STANDARD_INPUT:
                asked, file = from_standard_input(asked, input_format)
            code = asked.check(file) if check else asked.run(file)
    except StudioError as error:
        output.explain(error)
        raise typer.Exit(output.WRONG) from error
    raise typer.Exit(code)
