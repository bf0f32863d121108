"""Reads a batch file for the dialog's preview, outside the GUI thread."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.batch.batch_file import BatchFile, columns_of
from studio.batch.plan import FindCard, read_batch
from studio.batch.resume import Resumed, read_resumed
from studio.batch.tables.read_file import read_bytes
from studio.batch.tables.spreadsheet import SUFFIX as SPREADSHEET
from studio.batch.tables.spreadsheet import sheet_names
from studio.core import file_names
from studio.core.errors import Problem, StudioError
from studio.core.jobs import Job
from studio.core.translation import tr
from studio.jobs.eta import Paces, total


@dataclass(frozen=True)
class PreviewOptions:
    """The dialog's input."""

    path: Path
    folder: Path | None
    name_template: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of `read_batch`."""


@dataclass(frozen=True)
class BatchPreview:
    """What the dialog shows of a batch file."""

    batch_file: BatchFile
    resumed: Resumed
    stems: Sequence[str]
    """File names of the rows without extension; "" for rows that cannot run.

    Empty if the name template is invalid.
    """
    problem: Problem | None
    """What is wrong with the name template."""
    sheets: Sequence[str]
    good: int
    seconds: float
    """Estimated time of the missing rows whose models ran here before."""
    unknown: int
    """Number of missing rows whose models never ran here."""
    disk: int
    """Estimated size of the results in bytes."""
    free: int | None

    @property
    def bad(self) -> int:
        """Number of rows that cannot run, without skipped ones."""
        return len(self.batch_file.rows) - self.good - self.batch_file.skipped

    @property
    def missing(self) -> int:
        """Number of rows that can run and are neither done nor queued."""
        return self.good - len(self.resumed.rows)


def read_preview(
    options: PreviewOptions, find_card: FindCard, jobs: Sequence[Job], paces: Paces
) -> BatchPreview:
    """Read the file and find its existing results. Raises StudioError if it is unreadable."""

    def read(first_seed: int | None) -> BatchFile:
        return read_batch(
            options.path,
            find_card,
            name_template=options.name_template,
            first_seed=first_seed,
            **options.arguments,
        )

    no_results = Resumed({}, frozenset())
    batch_file, resumed = (
        read_resumed(read, options.folder, jobs) if options.folder else (read(None), no_results)
    )
    problem = file_names.check_template(options.name_template, columns_of(batch_file))
    missing = [
        row.request
        for index, row in enumerate(batch_file.rows)
        if row.request is not None and index not in resumed.rows
    ]
    seconds, unknown = total(paces, missing)
    return BatchPreview(
        batch_file=batch_file,
        resumed=resumed,
        stems=[] if problem else _stems(batch_file, options),
        problem=problem,
        sheets=_sheets(options.path),
        good=len(batch_file.good),
        seconds=seconds,
        unknown=unknown,
        disk=sum(request.likely_bytes for request in missing),
        free=_free(options.folder),
    )


def _stems(batch_file: BatchFile, options: PreviewOptions) -> list[str]:
    values = [
        file_names.values_of(row.request, row=row.line, job_id="", columns=row.columns)
        if row.request
        else None
        for row in batch_file.rows
    ]
    stems = [
        file_names.render(options.name_template, value) for value in values if value is not None
    ]
    counts = [row.request.result_count for row in batch_file.rows if row.request]
    unique = iter(file_names.number_collisions(stems, options.folder or Path("/nowhere"), counts))
    return [next(unique) if value is not None else "" for value in values]


def _sheets(path: Path) -> list[str]:
    if path.suffix.lower() != SPREADSHEET:
        return []
    try:
        return sheet_names(read_bytes(path))
    except StudioError:
        return []


def _free(folder: Path | None) -> int | None:
    """Return the free bytes on the folder's disk; None if unknown."""
    for path_or_parent in (folder, *folder.parents) if folder else ():
        try:
            return shutil.disk_usage(path_or_parent).free
        except OSError:
            continue
    return None


def parse_variables(text: str) -> dict[str, str]:
    """Parse lines such as `style = oil|photo`. Raises StudioError for an invalid line."""
    variables: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, sign, value = line.partition("=")
        name = name.strip().removeprefix("$")
        if not sign or not name or not value.strip():
            raise StudioError(
                tr("The variable {line} cannot be read.", line=repr(line[:60])),
                cause="invalid",
                cure=tr("Write one per line, for example: style = oil|photo."),
            )
        if name in variables:
            raise StudioError(
                tr("The variable {name} is defined twice.", name=repr(name[:40])),
                cause="invalid",
                cure=tr("Define it once."),
            )
        variables[name] = value.strip()
    return variables
