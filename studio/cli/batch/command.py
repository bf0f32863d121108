"""`studio batch FILE` and `studio batch --watch FOLDER`: run files of prompts."""

from __future__ import annotations

import typer

from studio.cli import output
from studio.cli.batch import parameters as options
from studio.cli.batch.options import pairs, read_defaults, read_limit, report_path
from studio.cli.batch.run import BatchRun, from_standard_input
from studio.cli.prompt_source import STANDARD_INPUT
from studio.core import file_names
from studio.core.errors import StudioError
from studio.core.kinds import DEFAULT_KIND, KINDS
from studio.core.translation import tr


def check_format(file_format: str, kind: str) -> dict[str, str]:
    """Return `--format` as a default setting. Raises StudioError if the kind lacks the format."""
    known = KINDS[kind].media_types if kind in KINDS else options.FILE_FORMATS
    if file_format and file_format not in known:
        raise StudioError(
            tr("{format!r} is not a file format of {kind}.", format=file_format[:40], kind=kind),
            cause="invalid",
            cure=tr("Use one of: {formats}.", formats=", ".join(known)),
        )
    return {"format": file_format} if file_format else {}


def batch_command(
    ctx: typer.Context,
    file: options.File = None,
    kind: options.KindName = DEFAULT_KIND,
    model: options.Model = "",
    file_format: options.FileFormat = "",
    folder: options.Folder = None,
    name: options.NameTemplate = file_names.DEFAULT_TEMPLATE,
    template: options.Template = "",
    mapping: options.Mapping = None,
    defaults: options.Defaults = None,
    variables: options.Variables = None,
    wildcards: options.WildcardFolder = None,
    combine: options.Combine = "random",
    axis: options.Axes = None,
    repeat: options.Repeat = 1,
    seed_policy: options.SeedPolicy = "random",
    first_seed: options.FirstSeed = None,
    encoding: options.Encoding = "",
    sheet: options.Sheet = "",
    collect: options.Collect = "",
    report: options.Report = None,
    resume: options.Resume = False,
    until: options.Until = "",
    at_most: options.AtMost = None,
    watch: options.Watch = None,
    input_format: options.InputFormat = "txt",
    check: options.Check = False,
    as_json: options.AsJson = False,
) -> None:
    """Run every prompt of a file. Invalid rows are reported with their line, the others run."""
    try:
        if (file is None) == (watch is None):
            raise StudioError(
                tr("Pass either a file, or a folder with --watch."),
                cause="invalid",
                cure=tr("See: studio batch --help"),
            )
        run = BatchRun(
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

            code = watch_folder(run, watch, check=check)
        else:
            assert file is not None
            if str(file) == STANDARD_INPUT:
                run, file = from_standard_input(run, input_format)
            code = run.check(file) if check else run.run(file)
    except StudioError as error:
        output.explain(error)
        raise typer.Exit(output.WRONG) from error
    raise typer.Exit(code)
