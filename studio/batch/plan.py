"""Plan a batch: read and check every row of a file, and make a job for each."""

from __future__ import annotations

import functools
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from studio.batch import seeds as seed_policies
from studio.batch import wildcards as wildcard_files
from studio.batch.axes import check_axes, read_axis
from studio.batch.batch_file import BatchFile, BatchOptions, columns_of, suggest_fix
from studio.batch.edits import NO_EDITS, Edits, find_row, texts_of
from studio.batch.expand import check_combine
from studio.batch.output.collected import check_collect
from studio.batch.reader import SourceRow, read_folder, read_rows
from studio.batch.request_builder import FindCard
from studio.batch.resume import PartialJob, Resumed
from studio.batch.row import SKIPPED, Row
from studio.batch.row_parser import RowParser
from studio.batch.source_row import MAX_TEXT
from studio.batch.tables.read_file import read_bytes
from studio.batch.tables.spreadsheet import SUFFIX as SPREADSHEET
from studio.batch.tables.spreadsheet import read_spreadsheet
from studio.batch.template import columns
from studio.core import file_names
from studio.core.errors import StudioError
from studio.core.jobs import Batch, BatchRow, DoneRow, GridAxis, Job, SkippedRow, new_id, new_job
from studio.core.kinds import DEFAULT_KIND
from studio.core.paths import DataFolder, expand_home
from studio.core.translation import tr, tr_plural
from studio.media.text_encoding import decode
from studio.models.card import ModelCard
from studio.text_tasks.loader import find_task

__all__ = ["BatchFile", "FindCard", "Row", "columns_of", "plan", "read_batch", "suggest_fix"]


MAX_UNKNOWN = 500
"""Unknown names of models and adapters that are looked up before a file is refused."""


class _TooManyUnknownError(Exception):
    """A file names too many models that are not installed."""


def read_batch(
    path: Path,
    find_card: FindCard,
    *,
    kind: str = DEFAULT_KIND,
    defaults: Mapping[str, Any] | None = None,
    encoding: str = "",
    name_template: str = file_names.DEFAULT_TEMPLATE,
    template: str = "",
    seeds: str = "random",
    repeat: int = 1,
    first_seed: int | None = None,
    variables: Mapping[str, str] | None = None,
    wildcards: Path | None = None,
    combine: str = "random",
    axes: Sequence[str] = (),
    mapping: Mapping[str, str] | None = None,
    sheet: str = "",
    data: bytes | None = None,
    edits: Edits = NO_EDITS,
    data_folder: DataFolder | None = None,
) -> BatchFile:
    """Read and check a batch file, or a folder of .txt files with a prompt each.

    `defaults` apply where a row leaves a setting out. Their table "variables" defines $names with
    lower precedence than a row's columns, `variables` those with higher. `template` makes the
    prompt from the row's columns. `wildcards` is a folder, by default "wildcards" next to the file.
    `seeds`, `repeat` and `first_seed`: see `seeds`. `combine`: see `expand.COMBINE`. `axes`: see
    `axes.read_axis`. `mapping`: column → field, or "" to ignore the column. `sheet`: the name of a
    sheet in a spreadsheet, by default the first. `data`: the file's bytes if they are not at `path`
    (standard input). `edits`: changes of its rows. `data_folder`: has the user's guided tasks.
    Raises StudioError for errors of the whole file.
    """
    seed_policies.check(seeds, repeat, first_seed)
    check_combine(combine)
    grid = tuple(read_axis(axis) for axis in axes)
    check_axes(grid)
    columns(template)
    values = dict(defaults or {})
    default_variables = _variables(values.pop("variables", {}))
    variables, mapping = variables or {}, mapping or {}
    source_rows, source, notes = _source_rows(
        path, encoding, sheet, {*columns(template), *mapping}, data
    )
    source_rows = edits.apply(source_rows)
    _check_mapping(mapping, source_rows)
    options = BatchOptions(
        kind=kind,
        folder=path if data is None and path.is_dir() else path.absolute().parent,
        defaults=values,
        template=template,
        name_template=name_template,
        repeat=repeat,
        combine=combine,
        variables={**default_variables, **variables},
        overrides=frozenset(variables),
        axes=grid,
        mapping=mapping,
        find_task=functools.partial(find_task, data_folder),
        wildcards=wildcards or path.absolute().parent / wildcard_files.FOLDER,
    )
    seed_source = seed_policies.Seeds(seeds, first_seed)
    parser = RowParser(options, source_rows, _cached(find_card), seed_source)
    rows = _without_skipped(_parse(parser), edits.skipped)
    return BatchFile(
        path,
        source,
        " ".join(filter(None, (*notes, _ignored(source_rows), *parser.notes()))),
        rows,
        grid,
        None if seeds == "random" else seed_source.first,
        _header(source_rows),
    )


def read_row(path: Path, line: int, *, encoding: str = "", sheet: str = "") -> dict[str, str]:
    """Return the values of the row that begins at a line, as texts to edit. Raises StudioError."""
    rows, _source, _notes = _source_rows(path, encoding, sheet, (), None)
    row = find_row(rows, line)
    if row is None:
        raise StudioError(
            tr("{file} has no row in line {line} any more.", file=path.name, line=line),
            cause="invalid",
        )
    return texts_of(row)


def _parse(parser: RowParser) -> tuple[Row, ...]:
    try:
        return tuple(parser.rows())
    except _TooManyUnknownError as error:
        raise StudioError(
            tr(
                "The file names more than {maximum} models or adapters that are not installed.",
                maximum=MAX_UNKNOWN,
            ),
            cause="invalid",
            cure=tr("Check the names; `studio models list` shows those that are installed."),
        ) from error


def _without_skipped(rows: tuple[Row, ...], skipped: Collection[int]) -> tuple[Row, ...]:
    """Replace the runs of a skipped line by one row that does not run."""
    if not skipped:
        return rows
    found: dict[int, Row] = {}
    kept: list[Row] = []
    for row in rows:
        if row.line not in skipped:
            kept.append(row)
        elif row.line not in found:
            text = row.request.prompt if row.request is not None else row.text
            found[row.line] = Row(row.line, None, SKIPPED, text=text[:MAX_TEXT])
            kept.append(found[row.line])
    return tuple(kept)


def _cached(find_card: FindCard) -> FindCard:
    """Return `find_card` with its answers cached, errors too: 100 000 rows may repeat a name."""

    unknown = 0

    @functools.cache
    def ask(kind: str, name: str) -> ModelCard | StudioError:
        nonlocal unknown
        try:
            return find_card(kind, name)
        except StudioError as error:
            unknown += 1
            if unknown > MAX_UNKNOWN:  # each one reads the disk
                raise _TooManyUnknownError from error
            return error

    def find(kind: str, name: str) -> ModelCard:
        found = ask(kind, name)
        if isinstance(found, StudioError):
            raise found.with_traceback(None)
        return found

    return find


def _header(source_rows: Sequence[SourceRow]) -> dict[str, str]:
    header: dict[str, str] = {}
    for row in source_rows:
        for column, value in row.values.items():
            header.setdefault(column.strip(), str(value))
    return {} if header.keys() <= {"prompt"} else header


def _source_rows(
    path: Path, encoding: str, sheet: str, wanted: Collection[str], data: bytes | None
) -> tuple[list[SourceRow], str, list[str]]:
    """Return the file's rows, its encoding or sheet, and notes for the user."""
    notes: list[str] = []
    if data is None:
        if path.is_dir():
            rows, encodings, warning = read_folder(path, encoding)
            return rows, encodings, [warning]
        data = read_bytes(path)
    if path.suffix.lower() == SPREADSHEET:
        rows, name = read_spreadsheet(data, sheet, wanted=wanted, notes=notes)
        return rows, tr("sheet {name}", name=name), notes
    decoded = decode(data, encoding)
    rows = read_rows(decoded.text, path.suffix, wanted=wanted, notes=notes)
    return rows, decoded.encoding, [decoded.warning, *notes]


def _variables(table: Any) -> dict[str, str]:
    if not isinstance(table, Mapping) or any(
        isinstance(value, (Mapping, list)) for value in table.values()
    ):
        raise StudioError(
            tr("The variables in the defaults file are invalid."),
            cause="invalid",
            cure=tr('Write lines such as style = "oil" below [variables].'),
        )
    return {str(name): str(value) for name, value in table.items()}


def _check_mapping(mapping: Mapping[str, str], source_rows: Sequence[SourceRow]) -> None:
    if not mapping:
        return
    columns = {column.strip() for row in source_rows for column in row.values}
    missing = next((column for column in mapping if column not in columns), None)
    if missing is not None:
        shown = ", ".join(sorted(columns)[:10])
        raise StudioError(
            tr("The file has no column {column}.", column=repr(missing[:40])),
            cause="invalid",
            cure=tr("It has: {names}.", names=shown),
        )


def _ignored(rows: list[SourceRow]) -> str:
    options = sorted({name for row in rows for name in row.ignored})
    if not options:
        return ""
    lines = sum(bool(row.ignored) for row in rows)
    names = ", ".join(f"--{name}" for name in options)
    return tr_plural(
        "Ignored in 1 line, because Studio does not support them: {names}.",
        "Ignored in {count} lines, because Studio does not support them: {names}.",
        lines,
        names=names,
    )


def plan(
    batch: BatchFile,
    folder: Path,
    name_template: str = file_names.DEFAULT_TEMPLATE,
    *,
    resumed: Resumed | None = None,
    collect: str = "",
    report: Path | None = None,
) -> tuple[Batch, list[Job]]:
    """Return the batch and a job for each good row, with unique names that are free in the folder.

    With `resumed`, rows that are done or in the queue get no job; there may be none left.
    `collect`: a format of `output.collected.FORMATS`. `report`: another place for the report.
    Raises StudioError for an invalid name template, or if no row can run.
    """
    problem = file_names.check_template(name_template, columns_of(batch))
    if problem:
        raise StudioError(
            tr("The name template {problem}.", problem=problem.message),
            cause="invalid",
            cure=tr("For example: {example}.", example=file_names.DEFAULT_TEMPLATE),
        )
    if not batch.good:
        raise StudioError(
            tr("No row of the file can run."), cause="invalid", cure=suggest_fix(batch)
        )
    check_collect(collect)
    folder = expand_home(folder).absolute()
    check_folder(folder)
    batch_id = new_id()
    resumed = resumed or Resumed({}, frozenset())
    settled = resumed.rows
    chosen = [
        (index, row)
        for index, row in enumerate(batch.rows)
        if row.request is not None and index not in settled
    ]
    rows = [row for _index, row in chosen]
    partial = resumed.partial
    jobs = [
        _continue_job(partial[index], folder, batch_id, row)
        if index in partial
        else new_job(row.request, str(folder), "later", batch=batch_id, row=row.line)
        for index, row in chosen
        if row.request is not None
    ]
    new = [at for at, (index, _row) in enumerate(chosen) if index not in partial]
    jobs = _with_names(jobs, rows, new, folder, name_template)
    planned = Batch(
        id=batch_id,
        source=_shown(batch.path),
        folder=str(folder),
        created=time.time(),
        collect=collect,
        skipped=tuple(SkippedRow(row.line, row.message) for row in batch.bad),
        axes=tuple(GridAxis(axis.name, axis.values) for axis in batch.axes),
        rows={
            job.id: details
            for job, row in zip(jobs, rows, strict=True)
            if (details := _details(row, collect)) is not None
        },
        done=_done(batch, resumed, collect),
        report=_report_path(report),
    )
    _check_storable(planned, jobs)
    return planned, jobs


def _with_names(
    jobs: Sequence[Job], rows: Sequence[Row], new: Sequence[int], folder: Path, name_template: str
) -> list[Job]:
    """Name the new jobs by the template, uniquely; the others have their names."""
    stems = [
        file_names.render(
            name_template,
            file_names.values_of(
                jobs[at].request, row=jobs[at].row, job_id=jobs[at].id, columns=rows[at].columns
            ),
        )
        for at in new
    ]
    unique = file_names.number_collisions(
        stems, folder, [jobs[at].request.result_count for at in new]
    )
    named = list(jobs)
    for at, stem in zip(new, unique, strict=True):
        named[at] = _named(jobs[at], stem)
    return named


def _continue_job(partial: PartialJob, folder: Path, batch_id: str, row: Row) -> Job:
    """Return the job that an earlier run started, to generate its missing results."""
    job = new_job(partial.request, str(folder), partial.stem, batch=batch_id, row=row.line)
    return msgspec.structs.replace(job, id=partial.job_id)


def check_folder(folder: Path) -> None:
    """Raise StudioError if the folder, or one that contains it, is a file."""
    taken = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    if taken.exists() and not taken.is_dir():
        raise StudioError(
            tr("{path} is a file, not a folder.", path=taken),
            cause="invalid",
            cure=tr("Choose a folder for the results."),
        )


def _check_storable(batch: Batch, jobs: Sequence[Job]) -> None:
    """Raise StudioError for names that the queue cannot store, before anything runs."""
    if not _is_storable(batch.folder):
        raise _unstorable(tr("The name of the folder for results is not valid UTF-8."))
    if not _is_storable(batch.report):
        raise _unstorable(tr("The name of the report is not valid UTF-8."))
    for job in jobs:
        if not _is_storable(job.request):
            raise _unstorable(
                tr("The name of a file in line {line} is not valid UTF-8.", line=job.row)
            )


def _is_storable(value: Any) -> bool:
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError:
        return False
    return True


def _unstorable(message: str) -> StudioError:
    return StudioError(
        message, cause="invalid", cure=tr("Rename it: Studio stores the name in its queue.")
    )


def _shown(path: Path) -> str:
    """Return a path as storable text, with � for bytes that are not UTF-8."""
    return str(path).encode(errors="surrogateescape").decode(errors="replace")


def _details(row: Row, collect: str) -> BatchRow | None:
    columns = dict(row.columns or {}) if collect else {}
    return (
        BatchRow(place=row.place, group=row.group, columns=columns, task=row.task)
        if row.place or columns or row.task
        else None
    )


def _done(batch: BatchFile, resumed: Resumed, collect: str) -> tuple[DoneRow, ...]:
    return tuple(
        DoneRow(
            job_id=done.job_id,
            line=batch.rows[index].line,
            request=done.request,
            files=done.files,
            row=_details(batch.rows[index], collect) or BatchRow(),
        )
        for index, done in sorted(resumed.done.items())
    )


def _report_path(path: Path | None) -> str:
    if path is None:
        return ""
    path = expand_home(path).absolute()
    if path.suffix.lower() not in (".csv", ".jsonl"):
        raise StudioError(
            tr("{file} cannot be a report.", file=path.name),
            cause="invalid",
            cure=tr("Choose a name that ends in .csv or .jsonl."),
        )
    return str(path)


def _named(job: Job, stem: str) -> Job:
    return msgspec.structs.replace(job, target=msgspec.structs.replace(job.target, stem=stem))
