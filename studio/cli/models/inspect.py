"""`studio models inspect PATH` and `studio models scan FOLDER`: identify models by headers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.cells import set_cell_size

from studio.cli import output
from studio.core.errors import StudioError
from studio.core.paths import DataFolder, input_path
from studio.core.translation import tr

if TYPE_CHECKING:
    from studio.models.inspect.summary import Inspection
    from studio.models.install.scan import FoundModel

PathArgument = Annotated[Path, typer.Argument(parser=input_path, metavar="PATH")]
FolderArgument = Annotated[Path, typer.Argument(parser=input_path, metavar="FOLDER")]
Json = Annotated[bool, typer.Option("--json", help=tr("Print one JSON object."))]


def add_commands(app: typer.Typer) -> None:
    """Add the commands to `studio models`."""
    app.command(
        "inspect",
        help=tr(
            "Show what a model's folder or file is, and whether Studio can run it. Reads headers "
            "only."
        ),
    )(inspect_command)
    app.command(
        "scan",
        help=tr(
            "Find models in a folder of another program, and show which of them Studio can run."
        ),
    )(scan_command)


def inspect_command(ctx: typer.Context, path: PathArgument, as_json: Json = False) -> None:
    """Show what a model's folder or file is, and whether Studio can run it. Reads headers only."""
    from studio.models.inspect.summary import inspect_any

    if not path.exists():
        output.note(tr("{path} does not exist.", path=path))
        raise typer.Exit(output.WRONG)
    found = inspect_any(path.absolute(), ctx.obj.data)
    if as_json:
        output.as_json(found)
    else:
        output.result(
            "\n".join(f"{set_cell_size(name, 13)}{text}" for name, text in _lines(found) if text)
        )
    raise typer.Exit(output.DONE if found.runs else output.FAILED)


def _lines(found: Inspection) -> list[tuple[str, str]]:
    return [
        (tr("what", context="a model"), found.what),
        (tr("title", context="a model"), found.title),
        (tr("family", context="a model"), found.family),
        (tr("format", context="a model"), found.format),
        (tr("precision", context="a model"), found.precision),
        (tr("parameters", context="a model"), f"{found.parameters:,}" if found.parameters else ""),
        (tr("size", context="a model"), f"{found.size / 1e6:,.1f} MB" if found.size else ""),
        (tr("license", context="a model"), found.license or tr("unknown", context="license")),
        (tr("runs", context="a model"), tr("yes") if found.runs else _reason(found)),
        (
            tr("when added", context="a model"),
            tr(
                "Studio writes a converted copy of {size:.2f} GB",
                size=found.converted_size / 1e9,
            )
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
            help=tr(
                "Add the models that Studio can run, in place. Without llama.cpp, GGUF files are "
                "converted to a copy."
            ),
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Find models in a folder of another program, and show which of them Studio can run."""
    from studio.models.install.scan import find

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
        output.note(tr("Stopped. Models that were added stay."))
        raise typer.Exit(output.INTERRUPTED) from None
    if as_json:
        output.as_json({"found": all_found, "added": added, "failed": failed})
    elif not all_found:
        output.note(tr("No models were found in {folder}.", folder=folder))
    elif not add and any(found.inspection.runs and not found.known for found in all_found):
        output.note(tr("Add them with --add, or one with: studio models add PATH"))
    raise typer.Exit(output.FAILED if failed else output.DONE)


def _add(data: DataFolder, path: Path, added: list[str], failed: list[str]) -> None:
    from studio.models.install.add import add

    try:
        added.append(add(data, path, output.note).name)
    except StudioError as error:
        failed.append(error.message)
        output.explain(error)


def _state(found: FoundModel) -> str:
    """Return in a word what a model is to Studio; all words have the same width."""
    if found.known:
        return tr("known", context="a scan")
    if found.inspection.runs:
        return tr("runs", context="a scan")
    return tr("no", context="a scan")


def _line(found: FoundModel) -> str:
    model = found.inspection
    state = _state(found)
    size = (
        tr(", converting writes {size:.2f} GB", size=model.converted_size / 1e9)
        if model.converted_size and not found.known
        else ""
    )
    program = f" [{found.program}]" if found.program else ""
    line = (
        f"{state:6}{model.what}, {model.precision or tr('precision unknown')}, "
        f"{model.size / 1e6:,.0f} MB{size}{program}\n      {model.path}"
    )
    if found.known:
        return f"{line}\n      {tr('installed as {model}', model=found.known)}"
    return line if model.runs else f"{line}\n      {_reason(model)}"


def _reason(inspection: Inspection) -> str:
    """Return why a model does not run, without the part about adding it."""
    from studio.models.files.folder_check import reason_in

    return tr("no: {reason}", reason=reason_in(inspection.why_not))
