"""`studio models inspect PATH` and `studio models scan FOLDER`: what lies there, told from headers
alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from studio.cli import output
from studio.core.errors import StudioError
from studio.core.paths import DataFolder, input_path

PathArgument = Annotated[Path, typer.Argument(parser=input_path, metavar="PATH")]
FolderArgument = Annotated[Path, typer.Argument(parser=input_path, metavar="FOLDER")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def add_commands(app: typer.Typer) -> None:
    """Put the commands beside `list`, `add` and the others."""
    app.command("inspect")(inspect_command)
    app.command("scan")(scan_command)


def inspect_command(ctx: typer.Context, path: PathArgument, as_json: Json = False) -> None:
    """Say what a model's folder or file is, and whether Studio can run it. Reads headers only."""
    from studio.models.inspect.summary import inspect_any

    if not path.exists():
        output.note(f"There is nothing at {path}.")
        raise typer.Exit(output.WRONG)
    found = inspect_any(path.absolute(), ctx.obj.data)
    if as_json:
        output.as_json(found)
    else:
        output.result("\n".join(f"{name:13}{text}" for name, text in _lines(found) if text))
    raise typer.Exit(output.DONE if found.runs else output.FAILED)


def _lines(found: Any) -> list[tuple[str, str]]:
    return [
        ("what", found.what),
        ("title", found.title),
        ("family", found.family),
        ("format", found.format),
        ("precision", found.precision),
        ("parameters", f"{found.parameters:,}" if found.parameters else ""),
        ("size", f"{found.size / 1e6:,.1f} MB" if found.size else ""),
        ("licence", found.licence or "unknown"),
        ("runs", "yes" if found.runs else _why(found)),
        (
            "when added",
            f"a copy of {found.converted_size / 1e9:.2f} GB is written, once"
            if found.converted_size
            else "",
        ),
    ]


def scan_command(
    ctx: typer.Context,
    folder: FolderArgument,
    add: Annotated[
        bool,
        typer.Option(
            "--add",
            help="Add what can be run. Where llama.cpp is missing, a GGUF is converted into a "
            "copy; all else stays.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Find the models in a folder that another program filled, and say which of them Studio can
    run.
    """
    from studio.models.install.scan import FoundModel, find

    all_found: list[FoundModel] = []
    added: list[str] = []
    failed: list[str] = []
    try:
        for found in find(folder, ctx.obj.data):
            all_found.append(found)
            if not as_json:
                output.result(_line(found))
            if add and found.inspection.runs and not found.known:
                _add(ctx.obj.data, Path(found.inspection.path), added, failed)
    except StudioError as error:
        output.explain(error)
        raise typer.Exit(output.WRONG) from None
    except KeyboardInterrupt:
        output.note("Stopped. What was added stays.")
        raise typer.Exit(output.INTERRUPTED) from None
    if as_json:
        output.as_json({"found": all_found, "added": added, "failed": failed})
    elif not all_found:
        output.note("No models were found there.")
    elif not add and any(found.inspection.runs and not found.known for found in all_found):
        output.note("Add them with --add, or one with: studio models add PATH")
    raise typer.Exit(output.FAILED if failed else output.DONE)


def _add(data: DataFolder, path: Path, added: list[str], failed: list[str]) -> None:
    from studio.models.install.add import add

    try:
        added.append(add(data, path, output.note).name)
    except StudioError as error:
        failed.append(error.message)
        output.explain(error)


def _line(found: Any) -> str:
    seen = found.inspection
    state = "there" if found.known else "runs" if seen.runs else "no"
    size = (
        f", converting writes {seen.converted_size / 1e9:.2f} GB"
        if seen.converted_size and not found.known
        else ""
    )
    where = f" [{found.program}]" if found.program else ""
    told = (
        f"{state:6}{seen.what}, {seen.precision or 'precision unknown'}, "
        f"{seen.size / 1e6:,.0f} "
        f"MB{size}{where}"
    )
    told += f"\n      {seen.path}"
    if found.known:
        return f"{told}\n      it is {found.known} in the list"
    return told if seen.runs else f"{told}\n      {_why(seen)}"


def _why(found: Any) -> str:
    """Return why it does not run, without saying that it was not added: nobody asked for that."""
    before, parted, reason = found.why_not.partition(" was not added: ")
    return f"no: {reason}" if parted else before
