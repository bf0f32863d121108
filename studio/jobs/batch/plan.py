"""From a batch file to jobs: every row is understood, or named as an error with its line, before anything runs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from studio.core import names
from studio.core.errors import InvalidRequestError, Problem, StudioError
from studio.core.jobs import Batch, Job, SkippedRow, new_id, new_job
from studio.core.requests import KINDS, Request, fields
from studio.jobs.batch.decode import decode, read_bytes
from studio.jobs.batch.read import RawRow, read_folder, read_rows
from studio.jobs.batch.seeds import spread
from studio.jobs.batch.template import columns, fill
from studio.models.card import ModelCard, request_for
from studio.models.tokens import check_length

FindCard = Callable[[str, str], ModelCard]
"""(kind, name or empty) → card; raises StudioError."""


@dataclass(frozen=True)
class Row:
    """One row as it was understood: a request, or problems."""

    line: int
    request: Request | None
    problems: tuple[Problem, ...] = ()
    columns: Mapping[str, str] | None = None
    """The row's own columns, for the name template."""

    @property
    def message(self) -> str:
        """What is wrong, in one line; empty where nothing is."""
        return "; ".join(f"{problem.field}: {problem.message}" for problem in self.problems)


@dataclass(frozen=True)
class BatchFile:
    """A batch file as it was understood."""

    path: Path
    encoding: str
    warning: str
    rows: tuple[Row, ...]

    @property
    def good(self) -> list[Row]:
        """The rows that can run."""
        return [row for row in self.rows if row.request is not None]

    @property
    def bad(self) -> list[Row]:
        """The rows that cannot."""
        return [row for row in self.rows if row.request is None]


def read_batch(
    path: Path, find_card: FindCard, *, kind: str = "text", defaults: Mapping[str, Any] | None = None, encoding: str = "",
    name_template: str = names.DEFAULT_TEMPLATE, template: str = "", seeds: str = "random", repeat: int = 1,
) -> BatchFile:  # fmt: skip
    """Read and check a batch file, or a folder of .txt files with a prompt each. `defaults` hold for what a row leaves out.

    With a `template` the prompt of each row is made from its columns. `seeds` and `repeat`: see `seeds.spread`.
    Raises StudioError for the file as a whole.
    """
    if path.is_dir():
        raw, found, warning = read_folder(path, encoding)
    else:
        decoded = decode(read_bytes(path), encoding)
        raw, found, warning = read_rows(decoded.text, path.suffix), decoded.encoding, decoded.warning
    find = functools.cache(find_card)
    raw = [_filled(row, template, columns(template)) for row in raw] if template.strip() else raw
    understood = [_understand(row, kind, dict(defaults or {}), find, name_template) for row in raw]
    spread_over = spread([row.request for row in understood], seeds, repeat)
    rows = tuple(replace(understood[index], request=request) for index, request in spread_over)
    return BatchFile(path, found, " ".join(filter(None, (warning, _ignored(raw)))), rows)


def _filled(row: RawRow, template: str, wanted: tuple[str, ...]) -> RawRow:
    """Return the row with its prompt from the template; columns that only the template reads are taken for the file's name."""
    if row.problems:
        return row
    cells = {name.strip(): value for name, value in row.values.items()}
    prompt, problems = fill(template, cells)
    if problems:
        return RawRow(row.line, problems=problems)
    return RawRow(row.line, {**cells, "prompt": prompt}, ignored=row.ignored, cells=wanted)


def _ignored(rows: list[RawRow]) -> str:
    options = sorted({name for row in rows for name in row.ignored})
    if not options:
        return ""
    lines = sum(bool(row.ignored) for row in rows)
    told = ", ".join(f"--{name}" for name in options)
    return f"Ignored in {lines} {'line' if lines == 1 else 'lines'}, because they mean nothing here: {told}."


def _understand(raw: RawRow, kind: str, defaults: dict[str, Any], find_card: FindCard, name_template: str) -> Row:
    if raw.problems:
        return Row(raw.line, None, raw.problems)
    kind = str(raw.values.get("kind", kind)).strip()
    if kind not in KINDS:
        return Row(raw.line, None, (Problem("kind", f"{kind[:40]!r} is not one of {', '.join(KINDS)}"),))
    by_flag = {info.flag: info.name for info in fields(KINDS[kind])}
    values: dict[str, Any] = {by_flag.get(name, name): value for name, value in defaults.items()}
    extra: dict[str, str] = {}
    for name, value in raw.values.items():
        plain = name.strip()
        if plain == "kind":
            continue
        if plain not in by_flag and plain not in by_flag.values() and (plain in raw.cells or f"{{{plain}" in name_template):
            extra[plain] = str(value)
        else:
            values[by_flag.get(plain, plain)] = value
    try:
        card = find_card(kind, str(values.pop("model", "") or ""))
        request = request_for(card, values)
    except InvalidRequestError as error:
        return Row(raw.line, None, tuple(error.problems))
    except StudioError as error:
        return Row(raw.line, None, (Problem("model", error.message),))
    too_long = check_length(card, request)
    if too_long:
        return Row(raw.line, None, (too_long,))
    return Row(raw.line, request, columns=extra)


def columns_of(batch: BatchFile) -> set[str]:
    """Return the columns of the file that a name template may use."""
    return {name for row in batch.rows for name in (row.columns or {})}


def plan(batch: BatchFile, folder: Path, name_template: str = names.DEFAULT_TEMPLATE) -> tuple[Batch, list[Job]]:
    """Return the batch and a job for each good row, with names that are different from each other and from what is there.

    Raises StudioError where the name template is wrong or no row can run.
    """
    problem = names.check_template(name_template, columns_of(batch))
    if problem:
        raise StudioError(f"The name template {problem.message}.", cause="invalid", cure=f"For example {names.DEFAULT_TEMPLATE}.")
    if not batch.good:
        raise StudioError("No row of the file can run.", cause="invalid", cure="Mend the rows that are named.")
    folder = folder.expanduser().absolute()
    batch_id = new_id()
    jobs = [new_job(row.request, str(folder), "later", batch=batch_id, row=row.line) for row in batch.good if row.request]
    stems = [
        names.render(name_template, names.values_of(job.request, row=job.row, job_id=job.id, columns=row.columns))
        for job, row in zip(jobs, batch.good, strict=True)
    ]
    placed = [_named(job, stem) for job, stem in zip(jobs, names.number_collisions(stems, folder), strict=True)]
    skipped = tuple(SkippedRow(row.line, row.message) for row in batch.bad)
    return Batch(id=batch_id, source=str(batch.path), folder=str(folder), created=placed[0].created, skipped=skipped), placed


def _named(job: Job, stem: str) -> Job:
    import msgspec

    return msgspec.structs.replace(job, target=msgspec.structs.replace(job.target, stem=stem))
