"""`studio batch FILE`: a file of prompts, checked before anything runs."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from studio.cli import output
from studio.cli.context import Context
from studio.core import names
from studio.core.errors import StudioError
from studio.core.settings import load_settings
from studio.jobs.batch.plan import BatchFile, plan, read_batch
from studio.jobs.batch.seeds import POLICIES


def batch_command(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A .txt, .csv, .tsv, .jsonl or .json file of prompts, or a folder of .txt files.")],
    kind: Annotated[str, typer.Option(help="What rows make that do not say it: text, image, speech or music.")] = "text",
    model: Annotated[str, typer.Option(help="The model for rows that name none.")] = "",
    folder: Annotated[Path | None, typer.Option("--output", "-o", help="The folder for results and report.")] = None,
    name: Annotated[
        str, typer.Option(help="File names, from {row} {prompt:40} {seed} {model} {date} and the file's own columns.")
    ] = (names.DEFAULT_TEMPLATE),
    template: Annotated[
        str, typer.Option(help="Makes each prompt from the row's columns: 'Write a headline about {{topic}} for {{city}}'.")
    ] = "",
    defaults: Annotated[
        Path | None, typer.Option(help="A .toml file of settings for what a row leaves out, such as steps = 20.")
    ] = None,
    repeat: Annotated[int, typer.Option(help="Run each row this often.")] = 1,
    seed_policy: Annotated[
        str,
        typer.Option(
            help="Seeds of rows that name none: " + "; ".join(f"{name}, {what}" for name, what in POLICIES.items()) + "."
        ),
    ] = "random",
    encoding: Annotated[str, typer.Option(help="The file's encoding, where the guess is wrong.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Only show how each row is understood.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run every prompt of a file. A bad row is named with its line and does not stop the others."""
    reading = {"kind": kind, "encoding": encoding, "template": template, "seeds": seed_policy, "repeat": repeat}
    try:
        reading["defaults"] = {**_read_defaults(defaults), **({"model": model} if model else {})}
    except StudioError as error:
        output.explain(error)
        raise typer.Exit(output.WRONG) from error
    raise typer.Exit(_batch(ctx.obj, file, reading, folder, name, check, as_json))


def _batch(
    context: Context, file: Path, reading: dict[str, Any], folder: Path | None, name: str, check: bool, as_json: bool
) -> int:
    place = (
        (folder or Path(load_settings(context.data).output_folder or context.data.outputs) / file.stem).expanduser().absolute()
    )
    try:
        batch_file = read_batch(file, context.find_card, name_template=name, **reading)
        if check:
            return _check(batch_file, as_json)
        batch, jobs = plan(batch_file, place, name)
        _show_problems(batch_file)
        from studio.cli.runner import Run

        run = Run(context)
    except StudioError as error:
        output.explain(error)
        return output.WRONG
    outcomes = run.submit(jobs, batch)
    if as_json:
        bad = [{"line": row.line, "error": row.message} for row in batch_file.bad]
        output.as_json({"folder": str(place), "jobs": outcomes, "not_run": bad})
    else:
        for outcome in outcomes:
            for path in outcome.files:
                output.result(path)
            if outcome.failure is not None:
                output.note(f"line {outcome.line}: {outcome.failure.message}")
    good = sum(outcome.state == "completed" for outcome in outcomes)
    output.note(f"{good} of {len(batch_file.rows)} rows done; the report is in {place}")
    if run.interrupted:
        return output.INTERRUPTED
    return output.DONE if good == len(batch_file.rows) else output.FAILED


def _read_defaults(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # tomllib's errors are ValueErrors
        raise StudioError(
            f"{path.name} cannot be read: {error}.", cause="invalid", cure="Write lines such as steps = 20."
        ) from error


def _check(batch_file: BatchFile, as_json: bool) -> int:
    if as_json:
        output.as_json(
            {"encoding": batch_file.encoding, "warning": batch_file.warning, "rows": [_as_table(row) for row in batch_file.rows]}
        )
    else:
        for row in batch_file.good:
            assert row.request is not None
            output.result(
                f"line {row.line}: {row.request.kind}, {row.request.model}, seed {row.request.seed}: {row.request.prompt}"
            )
        _show_problems(batch_file)
        output.note(f"{len(batch_file.good)} rows can run, {len(batch_file.bad)} cannot ({batch_file.encoding})")
    return output.WRONG if batch_file.bad else output.DONE


def _as_table(row: Any) -> dict[str, Any]:
    return {"line": row.line, "request": row.request, "problems": row.problems}


def _show_problems(batch_file: BatchFile) -> None:
    if batch_file.warning:
        output.note(batch_file.warning)
    for row in batch_file.bad:
        output.note(f"line {row.line}: {row.message}")
