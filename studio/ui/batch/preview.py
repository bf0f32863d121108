"""What the batch dialog asks for and what comes back; all of it is made away from the GUI
thread.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.batch.batch_file import BatchFile, columns_of
from studio.batch.plan import FindCard, read_batch
from studio.batch.resume import Resumed, read_resumed
from studio.batch.tables.encoding import read_bytes
from studio.batch.tables.spreadsheet import SUFFIX as SPREADSHEET
from studio.batch.tables.spreadsheet import sheet_names
from studio.core import file_names
from studio.core.errors import Problem, StudioError
from studio.core.jobs import Job
from studio.jobs.eta import Paces, total


@dataclass(frozen=True)
class Asked:
    """What the dialog's fields say."""

    path: Path
    folder: Path | None
    name_template: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """For `read_batch`."""


@dataclass(frozen=True)
class Understood:
    """A batch file as the dialog shows it."""

    batch_file: BatchFile
    resumed: Resumed
    stems: Sequence[str]
    """A file name for each row, without suffix; empty where it cannot run or the name template is
    wrong.
    """
    problem: Problem | None
    """Of the name template."""
    sheets: Sequence[str]
    good: int
    seconds: float
    """What the rows that are to be made likely take, of models that ran here before."""
    unknown: int
    """Rows of models that never ran here."""
    disk: int
    """Bytes, about."""
    free: int | None

    @property
    def bad(self) -> int:
        """How many rows cannot run."""
        return len(self.batch_file.rows) - self.good

    @property
    def missing(self) -> int:
        """How many rows can run and are neither done nor waiting."""
        return self.good - len(self.resumed.rows)


def understand(asked: Asked, find_card: FindCard, jobs: Sequence[Job], paces: Paces) -> Understood:
    """Read the file, and look what its folder holds already. Raises StudioError for the file as a
    whole.
    """

    def read(first_seed: int | None) -> BatchFile:
        return read_batch(
            asked.path,
            find_card,
            name_template=asked.name_template,
            first_seed=first_seed,
            **asked.options,
        )

    nothing = Resumed({}, frozenset())
    found, resumed = (
        read_resumed(read, asked.folder, jobs) if asked.folder else (read(None), nothing)
    )
    problem = file_names.check_template(asked.name_template, columns_of(found))
    missing = [
        row.request
        for at, row in enumerate(found.rows)
        if row.request is not None and at not in resumed.rows
    ]
    seconds, unknown = total(paces, missing)
    return Understood(
        batch_file=found,
        resumed=resumed,
        stems=[] if problem else _stems(found, asked),
        problem=problem,
        sheets=_sheets(asked.path),
        good=len(found.good),
        seconds=seconds,
        unknown=unknown,
        disk=sum(request.likely_bytes for request in missing),
        free=_free(asked.folder),
    )


def _stems(found: BatchFile, asked: Asked) -> list[str]:
    values = [
        file_names.values_of(row.request, row=row.line, job_id="", columns=row.columns)
        if row.request
        else None
        for row in found.rows
    ]
    stems = [file_names.render(asked.name_template, value) for value in values if value is not None]
    counts = [row.request.result_count for row in found.rows if row.request]
    unique = iter(file_names.number_collisions(stems, asked.folder or Path("/nowhere"), counts))
    return [next(unique) if value is not None else "" for value in values]


def _sheets(path: Path) -> list[str]:
    if path.suffix.lower() != SPREADSHEET:
        return []
    try:
        return sheet_names(read_bytes(path))
    except StudioError:
        return []


def _free(folder: Path | None) -> int | None:
    """Return the free bytes where the folder is, or will be; None where that cannot be told."""
    for place in (folder, *folder.parents) if folder else ():
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return None


def as_variables(text: str) -> dict[str, str]:
    """Return the variables of lines such as `style = oil|photo`. Raises StudioError with the line
    that is none.
    """
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, sign, value = line.partition("=")
        name = name.strip().removeprefix("$")
        if not sign or not name or not value.strip():
            raise StudioError(
                f"The variable {line[:60]!r} cannot be read.",
                cause="invalid",
                cure="Write a line for each: style = oil|photo.",
            )
        if name in found:
            raise StudioError(
                f"The variable {name[:40]!r} stands twice.", cause="invalid", cure="Write it once."
            )
        found[name] = value.strip()
    return found
