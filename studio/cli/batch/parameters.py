"""The argument and options of `studio batch`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.batch.expand import COMBINE
from studio.batch.output.collected import FORMATS
from studio.batch.seeds import POLICIES
from studio.core.kinds import KINDS
from studio.core.paths import input_path, user_path
from studio.core.translation import tr, tr_marked

FILE_FORMATS = sorted({suffix for kind in KINDS.values() for suffix in kind.media_types})


def _choices(meanings: dict[str, str]) -> str:
    return "; ".join(f"{name}: {tr_marked(meaning)}" for name, meaning in meanings.items()) + "."


File = Annotated[
    Path | None,
    typer.Argument(
        parser=input_path,
        metavar="[FILE]",
        help=tr(
            "A .txt, .csv, .tsv, .jsonl, .json or .xlsx file of prompts, or a folder of .txt "
            "files. - reads standard input."
        ),
    ),
]
KindName = Annotated[
    str,
    typer.Option(
        "--kind", help=tr("The kind of rows that name none: {kinds}.", kinds=", ".join(KINDS))
    ),
]
Model = Annotated[str, typer.Option("--model", help=tr("The model of rows that name none."))]
FileFormat = Annotated[
    str,
    typer.Option(
        "--format",
        help=tr(
            "The file format of results of rows that name none: {formats}.",
            formats=", ".join(FILE_FORMATS),
        ),
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        parser=user_path,
        metavar="FOLDER",
        help=tr("The folder for results and report."),
    ),
]
NameTemplate = Annotated[
    str,
    typer.Option(
        "--name",
        help=tr(
            "The template for file names: {row} {prompt:40} {seed} {model} {date} and the "
            "columns of the file."
        ),
    ),
]
Template = Annotated[
    str,
    typer.Option(
        "--template",
        help=tr(
            "Make each prompt from the columns of its row: 'Write a headline about {{topic}} "
            "for {{city}}'."
        ),
    ),
]
Mapping = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="COLUMN=FIELD", help=tr("Use a column as a setting; COLUMN= ignores it.")
    ),
]
Defaults = Annotated[
    Path | None,
    typer.Option(
        "--defaults",
        parser=input_path,
        metavar="FILE",
        help=tr("A .toml file of default settings, such as steps = 20."),
    ),
]
Variables = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help=tr("The value of $NAME in prompts.")),
]
WildcardFolder = Annotated[
    Path | None,
    typer.Option(
        "--wildcards",
        parser=input_path,
        metavar="FOLDER",
        help=tr(
            "The folder of wildcard files: __animal__ is a line of its animal.txt. The default "
            "is 'wildcards' next to the file."
        ),
    ),
]
Combine = Annotated[
    str,
    typer.Option(
        "--combine",
        help=tr("How to use alternatives {{a|b}}. {choices}", choices=_choices(COMBINE)),
    ),
]
Axes = Annotated[
    list[str] | None,
    typer.Option(
        "--axis",
        metavar="NAME=VALUES",
        help=tr("An axis of a grid: steps=10,20 or 'guidance=[5..9 step 2]'. At most three."),
    ),
]
Repeat = Annotated[int, typer.Option("--repeat", help=tr("How often each row runs."))]
SeedPolicy = Annotated[
    str,
    typer.Option(
        "--seed-policy",
        help=tr("The seeds of rows that name none. {choices}", choices=_choices(POLICIES)),
    ),
]
FirstSeed = Annotated[
    int | None,
    typer.Option("--first-seed", help=tr("The start value of the seed policies fixed and step.")),
]
Encoding = Annotated[
    str, typer.Option("--encoding", help=tr("The file's encoding; detected by default."))
]
Sheet = Annotated[
    str,
    typer.Option("--sheet", help=tr("The sheet of a spreadsheet; the first visible by default.")),
]
Collect = Annotated[
    str,
    typer.Option(
        "--collect",
        help=tr("Also write all texts to one file: {formats}.", formats=", ".join(FORMATS)),
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        "--report",
        parser=user_path,
        metavar="PATH",
        help=tr("Also write the report here: a .csv or .jsonl file, or a folder."),
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume", help=tr("Run only rows that are missing in the output folder, or failed.")
    ),
]
Until = Annotated[
    str,
    typer.Option(
        "--until", metavar="TIME", help=tr("Start no row after this time, such as 07:30.")
    ),
]
AtMost = Annotated[
    int | None,
    typer.Option(
        "--at-most", metavar="N", help=tr("Run at most N rows; the others wait in the queue.")
    ),
]
Watch = Annotated[
    Path | None,
    typer.Option(
        "--watch",
        parser=user_path,
        metavar="FOLDER",
        help=tr("Run every file that appears in this folder, until Ctrl+C."),
    ),
]
InputFormat = Annotated[
    str,
    typer.Option(
        "--input-format",
        metavar="FORMAT",
        help=tr("The format of standard input: txt, csv, tsv, jsonl, json or xlsx."),
    ),
]
Check = Annotated[
    bool, typer.Option("--check", help=tr("Show how Studio reads each row, and run nothing."))
]
AsJson = Annotated[bool, typer.Option("--json", help=tr("Print one JSON object."))]
