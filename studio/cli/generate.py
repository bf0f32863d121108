"""The commands that make something: `studio text`, `image`, `speech`, `music`. Their options are
the request's fields.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from studio.cli import output
from studio.cli.context import Context
from studio.cli.prompt_source import read_prompt
from studio.core.artifact import limit_sentence
from studio.core.errors import InvalidRequestError, StudioError
from studio.core.jobs import Job, new_job
from studio.core.kinds import KINDS
from studio.core.paths import MAX_NAME_BYTES, DataFolder, check_output_folder, input_path, user_path
from studio.core.requests import Request, fields, resolve_files
from studio.core.settings_store import load_settings
from studio.models.card import request_for
from studio.preflight.checks import check, describe_inputs


def add_commands(app: typer.Typer) -> None:
    """Add a command for every kind of request."""
    for name, kind in KINDS.items():
        app.command(name, help=f"Generate {kind.noun} from a prompt.")(
            _command(name, kind.request_type)
        )


def _command(kind: str, request_type: type[Request]) -> Callable[..., None]:
    def command(ctx: typer.Context, **values: Any) -> None:
        target, as_json = values.pop("output_path"), values.pop("as_json")
        values["prompt"] = read_prompt(values["prompt"], values.pop("prompt_file"))
        given = {name: value for name, value in values.items() if value is not None}
        raise typer.Exit(generate(ctx.obj, kind, given, target, as_json))

    parameters = [_parameter("ctx", typer.Context)]
    parameters += [_parameter(*_option(info)) for info in fields(request_type)]
    file = typer.Option(
        "--file", parser=input_path, metavar="FILE", help="A text file that holds the prompt."
    )
    parameters.append(_parameter("prompt_file", Annotated[Path | None, file], None))
    out = typer.Option(
        "--output",
        "-o",
        parser=user_path,
        metavar="PATH",
        help="A file to write, or a folder for files.",
    )
    parameters.append(_parameter("output_path", Annotated[Path | None, out], None))
    parameters.append(
        _parameter(
            "as_json", Annotated[bool, typer.Option("--json", help="Print one JSON object.")], False
        )
    )
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _parameter(
    name: str, annotation: Any, default: Any = inspect.Parameter.empty
) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
    )


def _option(info: Any) -> tuple[Any, ...]:
    if info.name == "prompt":
        about = f"{info.meta.description} - reads it from standard input."
        return (
            info.name,
            Annotated[str | None, typer.Argument(help=about, show_default=False)],
            None,
        )
    # As text: `build_request` reads it, so that a wrong value gets the same answer here as in a
    # form or a batch file.
    shown = f" [{'|'.join(choice for choice in info.choices if choice)}]" if info.choices else ""
    kind = "NAME:X" if info.many else {int: "N", float: "X"}.get(info.type, "TEXT")
    return (
        info.name,
        Annotated[
            list[str] | None if info.many else str | None,
            typer.Option(f"--{info.flag}", help=f"{info.meta.description}{shown}", metavar=kind),
        ],
        None,
    )


def generate(
    context: Context, kind: str, values: dict[str, Any], target: Path | None, as_json: bool
) -> int:
    """Run one job and print its result; return the exit code."""
    try:
        job = _make_job(context, kind, values, target)
        from studio.cli.queue_runner import Run, with_texts

        streams = (
            kind == "text" and not as_json and sys.stdout.isatty() and job.request.result_count == 1
        )
        run = Run(context, stream_text=streams)
    except (StudioError, InvalidRequestError) as error:
        output.explain(error)
        return output.WRONG
    told = describe_inputs(context.find_card(kind, job.request.model), job.request)
    if told:
        output.note(told)
    outcomes = run.submit([job])
    for outcome in outcomes:
        if as_json:
            output.as_json(with_texts(outcome))
        elif kind == "text":
            _print_text(outcome, streamed=streams)
            _note_end(outcome, job.request)
        else:
            from studio.library.artifacts import companion_midi  # imports numpy

            for path in outcome.files:
                output.result(path)
                if midi := companion_midi(Path(path)):
                    output.note(f"The notes are in {midi.name} beside it.")
        if outcome.failure is not None:
            output.note(outcome.failure.message)
            output.note(outcome.failure.cure)
    if run.interrupted:
        kept = [path for outcome in outcomes for path in outcome.files]
        output.note(
            f"Stopped; what was made is kept in {', '.join(kept)}"
            if kept
            else "Stopped; nothing was made yet."
        )
        return output.INTERRUPTED
    return (
        output.DONE
        if outcomes and all(outcome.state == "completed" for outcome in outcomes)
        else output.FAILED
    )


def _make_job(context: Context, kind: str, values: dict[str, Any], target: Path | None) -> Job:
    folder, stem, suffix = resolve_target(context.data, target)
    if suffix:
        _take_format(KINDS[kind].request_type, values, suffix)
    card = context.find_card(kind, str(values.pop("model", "") or ""))
    request = request_for(card, resolve_files(KINDS[kind].request_type, values, Path.cwd()))
    if problems := check(card, request, context.find_card):
        raise InvalidRequestError(problems[:1])  # the others may follow from it
    if stem and card.writes_notes:
        _keep_file(Path(folder) / f"{stem}.mid")  # is written beside the sound
    return new_job(request, folder, stem)


MAX_DERIVED_BYTES = 10
"""What is added to a chosen name: `-32` for one of several results, `.json` for the recipe of a
text.
"""


def resolve_target(data: DataFolder, target: Path | None) -> tuple[str, str, str]:
    """Return folder, stem and suffix (without dot) for `-o`: an existing folder or a name without
    suffix is a folder.

    Raises StudioError where the file is there already, or the folder cannot be written to.
    """
    if target is None:
        folder = Path(load_settings(data).output_folder or data.outputs)
        check_output_folder(folder)
        return str(folder), "", ""
    target = target.absolute()
    if target.is_dir() or not target.suffix:
        check_output_folder(target)
        return str(target), "", ""
    check_output_folder(target.parent)
    _keep_file(target)
    if len(target.name.encode()) > MAX_NAME_BYTES - MAX_DERIVED_BYTES:
        cure = f"A name can have at most {MAX_NAME_BYTES - MAX_DERIVED_BYTES} bytes here."
        raise StudioError(f"The name {target.name[:60]}… is too long.", cause="invalid", cure=cure)
    return str(target.parent), target.stem, target.suffix[1:].lower()


def _keep_file(path: Path) -> None:
    if os.path.lexists(path):
        raise StudioError(
            f"{path} is there already and is kept.", cause="invalid", cure="Choose another name."
        )


def _take_format(request_type: type[Request], values: dict[str, Any], suffix: str) -> None:
    if suffix not in request_type.media_types:
        known = ", ".join(f".{name}" for name in request_type.media_types)
        raise StudioError(
            f"A file of this kind cannot end in .{suffix}.",
            cause="invalid",
            cure=f"It can be {known}.",
        )
    if any(info.name == "format" for info in fields(request_type)):
        values["format"] = suffix


def _print_text(outcome: Any, *, streamed: bool) -> None:
    if streamed:
        sys.stdout.write("\n")
        return
    for artifact in outcome.artifacts:
        if len(outcome.artifacts) > 1:
            score = f" (score {artifact.score:.3f})" if artifact.score is not None else ""
            output.result(f"--- {artifact.ordinal + 1}{score}")
        output.result(Path(artifact.path).read_text(encoding="utf-8"))


def _note_end(outcome: Any, request: Any) -> None:
    """Note what a text alone does not show: that it stops at its limit, that candidates were
    alike.
    """
    if sentence := limit_sentence(outcome.artifacts, request.max_new_tokens):
        output.note(f"{sentence} --max-new-tokens raises it.")
    for note in outcome.statistics.notes if outcome.statistics else ():
        output.note(f"{note}.")
