"""The commands that generate: `studio text`, `image`, `speech` … Options are request fields."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from studio.cli import output
from studio.cli.context import Context
from studio.cli.continuation import chat_values, check_alone, prompt_values
from studio.cli.model_notes import language_note, show_reading, task_note
from studio.cli.prompt_source import read_task_prompt
from studio.cli.text_task import TaskOptions, TaskRun, prepare_task, values_for_model
from studio.core.artifact import limit_sentence, stop_text
from studio.core.errors import InvalidRequestError, StudioError
from studio.core.jobs import Job, new_job
from studio.core.kinds import KINDS, Kind
from studio.core.paths import MAX_NAME_BYTES, DataFolder, check_output_folder, input_path, user_path
from studio.core.requests import Request, SpeechRequest, TextRequest, fields, resolve_files
from studio.core.requests.text_lists import split_texts
from studio.core.settings import format_defaults
from studio.core.settings_store import load_settings
from studio.core.translation import tr, tr_marked
from studio.media.companion_midi import companion_midi
from studio.models.card import request_for
from studio.preflight.checks import check, describe_inputs

if TYPE_CHECKING:
    from studio.cli.queue.runner import Outcome


def add_commands(app: typer.Typer) -> None:
    """Add a command for every kind of request."""
    for name, kind in KINDS.items():
        if kind.source:  # the modules of `cli/media` add them
            continue
        app.command(name, help=tr("Generate {noun} from a prompt.", noun=tr_marked(kind.noun)))(
            _command(kind)
        )


def _command(kind: Kind) -> Callable[..., None]:
    def command(ctx: typer.Context, **values: Any) -> None:
        target, as_json = values.pop("output_path"), values.pop("as_json")
        file, continued = values.pop("prompt_file"), values.pop("continued_file", None)
        chat = values.pop("chat_file", None)
        task, task_fields = values.pop("task", None), values.pop("task_fields", None) or ()
        fix = values.pop("task_fix", None)
        shows_reading = values.pop("show_reading", False)
        if chat is not None:
            check_alone(chat, task=task, continued=continued)
            values |= chat_values(chat, file, values)
        elif task is not None:
            values["prompt"] = read_task_prompt(values["prompt"], file, continued)
        else:
            is_spoken = kind.name == "speech"
            values |= prompt_values(file, continued, values, is_spoken=is_spoken)
        lists = {info.name for info in fields(kind.request_type) if info.is_list}
        settings = {
            name: _entries(value) if name in lists else value
            for name, value in values.items()
            if value is not None
        }
        if shows_reading:
            raise typer.Exit(show_reading(ctx.obj, settings))
        if task is None:
            raise typer.Exit(GenerateCommand(ctx.obj, kind, settings, target, as_json).run())
        run = prepare_task(ctx.obj, task, task_fields, settings, TaskOptions(fix or "", file))
        request_values = values_for_model(run, ctx.obj)
        if request_values is None:
            run.extract(as_json=as_json)
            raise typer.Exit(output.DONE)
        raise typer.Exit(GenerateCommand(ctx.obj, kind, request_values, target, as_json, run).run())

    parameters = [parameter("ctx", typer.Context)]
    parameters += [parameter(*option_of(info)) for info in fields(kind.request_type)]
    file = typer.Option(
        "--file",
        parser=input_path,
        metavar="FILE",
        help=tr("Read the prompt from a text file or document."),
    )
    parameters.append(parameter("prompt_file", Annotated[Path | None, file], None))
    if "prefix" in kind.request_type.__struct_fields__:
        continued = typer.Option(
            "--continue",
            parser=input_path,
            metavar="FILE",
            help=tr("Go on where the text of this file ends."),
        )
        parameters.append(parameter("continued_file", Annotated[Path | None, continued], None))
        chat = typer.Option(
            "--chat",
            parser=input_path,
            metavar="FILE",
            help=tr("Answer the chat in this JSON file, a list of messages."),
        )
        parameters.append(parameter("chat_file", Annotated[Path | None, chat], None))
        parameters += _task_parameters()
    if kind.name == "speech":
        shown = typer.Option("--show-reading", help=tr("Print the words that are read, and stop."))
        parameters.append(parameter("show_reading", Annotated[bool, shown], False))
    parameters += output_parameters()
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # for typer
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    return command


OutputPath = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        parser=user_path,
        metavar="PATH",
        help=tr("The file to write, or a folder for files."),
    ),
]


def output_parameters() -> list[inspect.Parameter]:
    """Return the parameters that say where a result goes, and how it is printed."""
    as_json = typer.Option("--json", help=tr("Print one JSON object."))
    return [
        parameter("output_path", OutputPath, None),
        parameter("as_json", Annotated[bool, as_json], False),
    ]


def _task_parameters() -> list[inspect.Parameter]:
    task = typer.Option("--task", metavar="NAME", help=tr("Write by a guided task: headline …"))
    one = typer.Option(
        "--field", metavar="NAME=VALUE", help=tr("A field of the task, such as style=lively.")
    )
    fix = typer.Option(
        "--fix",
        metavar="N",
        help=tr("Let the model correct a text of the task at most N times while a check fails."),
    )
    return [
        parameter("task_fix", Annotated[str | None, fix], None),
        parameter("task", Annotated[str | None, task], None),
        parameter("task_fields", Annotated[list[str] | None, one], None),
    ]


def _entries(options: list[str]) -> list[str]:
    """Return the entries of a list that is an option, which may be repeated."""
    return [entry for option in options for entry in split_texts(option)]


def parameter(
    name: str, annotation: Any, default: Any = inspect.Parameter.empty
) -> inspect.Parameter:
    """Return a parameter of a command, for typer."""
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default
    )


def option_of(info: Any) -> tuple[Any, ...]:
    """Return name, annotation and default of the option for a field of a request."""
    if info.name == "prompt":
        help_text = tr("{description} - reads standard input.", description=info.description)
        return (
            info.name,
            Annotated[str | None, typer.Argument(help=help_text, show_default=False)],
            None,
        )
    # All values are texts: `build_request` converts them, so that an invalid value gets the same
    # message here as in a form or a batch file.
    shown = f" [{'|'.join(choice for choice in info.choices if choice)}]" if info.choices else ""
    metavar = "NAME:X" if info.many else {int: "N", float: "X"}.get(info.type, "TEXT")
    metavar = "FILE" if info.takes_content else metavar
    several = info.many or info.is_list
    return (
        info.name,
        Annotated[
            list[str] | None if several else str | None,
            typer.Option(f"--{info.flag}", help=f"{info.description}{shown}", metavar=metavar),
        ],
        None,
    )


@dataclass(frozen=True)
class GenerateCommand:
    """One call of a command that generates."""

    context: Context
    kind: Kind
    values: dict[str, Any]
    """Field → value, as text."""
    target: Path | None
    """The value of `--output`."""
    as_json: bool
    task_run: TaskRun | None = None
    """Ranks and prints the results, for `--task`."""

    def run(self) -> int:
        """Run the job and print its result; return the exit code."""
        try:
            job = self._make_job()
            from studio.cli.queue.runner import QueueRunner

            streams = (
                self.kind.makes_texts
                and not self.as_json
                and self.task_run is None
                and sys.stdout.isatty()
                and job.request.result_count == 1
            )
            runner = QueueRunner(self.context, stream_text=streams)
        except (StudioError, InvalidRequestError) as error:
            output.explain(error)
            return output.WRONG
        for advice in self._advice(job.request):
            output.note(advice)
        (outcome,) = runner.submit([job])
        self._print(outcome, job, streamed=streams)
        if runner.interrupted:
            output.note(
                tr("Stopped. Kept: {files}", files=", ".join(outcome.files))
                if outcome.files
                else tr("Stopped. Nothing was generated yet.")
            )
            return output.INTERRUPTED
        return output.DONE if outcome.state == "completed" else output.FAILED

    def _advice(self, request: Request) -> list[str]:
        """Return how the model reads the request, and what it is not up to."""
        card = self.context.find_card(self.kind.name, request.model)
        notes = [describe_inputs(card, request), language_note(self.context, card, request.prompt)]
        if self.task_run is not None:
            notes.append(task_note(self.context, card, self.task_run.task))
        return list(filter(None, notes))

    def _make_job(self) -> Job:
        values, request_type = dict(self.values), self.kind.request_type
        folder, stem, suffix = resolve_target(self.context.data, self.target)
        if suffix:
            self._check_format(suffix)
            if any(info.name == "format" for info in fields(request_type)):
                values["format"] = suffix
        card = self.context.find_card(self.kind.name, str(values.pop("model", "") or ""))
        settings = load_settings(self.context.data)
        values = {**format_defaults(self.kind.name, settings), **values}
        request = request_for(card, resolve_files(request_type, values, Path.cwd()))
        if problems := check(card, request, self.context.find_card):
            raise InvalidRequestError(problems[:1])  # the others may follow from it
        if stem and card.writes_notes:
            _check_is_free(Path(folder) / f"{stem}.mid")  # the job also writes the notes
        if stem and isinstance(request, SpeechRequest) and request.subtitles:
            _check_is_free(Path(folder) / f"{stem}.{request.subtitles}")
        return new_job(request, folder, stem, template=settings.file_name)

    def _check_format(self, suffix: str) -> None:
        if suffix not in self.kind.media_types:
            known = ", ".join(f".{name}" for name in self.kind.media_types)
            raise StudioError(
                tr(
                    "`studio {name}` cannot write .{suffix} files.",
                    name=self.kind.name,
                    suffix=suffix,
                ),
                cause="invalid",
                cure=tr("Choose a name that ends in {endings}.", endings=known),
            )

    def _print(self, outcome: Outcome, job: Job, *, streamed: bool) -> None:
        if self.task_run is not None and outcome.artifacts:
            self._print_task(self.task_run, outcome)
        elif self.as_json:
            from studio.cli.queue.runner import with_texts

            output.as_json(with_texts(outcome))
        elif self.kind.makes_texts:
            _print_texts(outcome, streamed=streamed)
            _note_end(outcome, job)
        else:
            for path in outcome.files:
                output.result(path)
                if midi := companion_midi(Path(path)):
                    output.note(tr("The notes are in {name} next to it.", name=midi.name))
        if outcome.failure is not None:
            output.note(outcome.failure.message)
            output.note(outcome.failure.cure)

    def _print_task(self, run: TaskRun, outcome: Outcome) -> None:
        from studio.cli.queue.runner import with_texts

        run.print_results(with_texts(outcome), as_json=self.as_json)


MAX_DERIVED_BYTES = 10
"""Length added to a chosen name: `-32` for one of several results, `.json` for a text's recipe."""


def resolve_target(data: DataFolder, target: Path | None) -> tuple[str, str, str]:
    """Return folder, stem and suffix (without dot) for `-o`.

    An existing folder, or a name without suffix, is a folder. Raises StudioError if the file
    exists, or the folder cannot be written.
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
    _check_is_free(target)
    if len(target.name.encode()) > MAX_NAME_BYTES - MAX_DERIVED_BYTES:
        cure = tr("Use at most {limit} bytes.", limit=MAX_NAME_BYTES - MAX_DERIVED_BYTES)
        raise StudioError(
            tr("The file name {name}… is too long.", name=target.name[:60]),
            cause="invalid",
            cure=cure,
        )
    return str(target.parent), target.stem, target.suffix[1:].lower()


def _check_is_free(path: Path) -> None:
    if os.path.lexists(path):
        raise StudioError(
            tr("{path} exists already. Studio does not overwrite files.", path=path),
            cause="invalid",
            cure=tr("Choose another name."),
        )


def _print_texts(outcome: Outcome, *, streamed: bool) -> None:
    if streamed:
        sys.stdout.write("\n")
        return
    for artifact in outcome.artifacts:
        if len(outcome.artifacts) > 1:
            score = f" (score {artifact.score:.3f})" if artifact.score is not None else ""
            output.result(f"--- {artifact.ordinal + 1}{score}")
        output.result(Path(artifact.path).read_text(encoding="utf-8"))


def _note_end(outcome: Outcome, job: Job) -> None:
    """Note what the text does not show: why it stops, or that candidates were equal."""
    if not isinstance(job.request, TextRequest):  # a transcript ends with its audio
        return
    if sentence := limit_sentence(outcome.artifacts, job.request.max_new_tokens):
        output.note(
            tr("{sentence} --max-new-tokens raises it. --continue FILE goes on.", sentence=sentence)
        )
    elif outcome.artifacts:
        output.note(tr("{reason}.", reason=stop_text(outcome.artifacts).capitalize()))
    for note in outcome.statistics.notes if outcome.statistics else ():
        output.note(tr("{reason}.", reason=note))
