"""A batch file: the options for reading it, and its rows."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.batch.axes import Axis
from studio.batch.row import Row
from studio.core import file_names
from studio.core.kinds import DEFAULT_KIND
from studio.core.requests.base import MISSING, UNKNOWN
from studio.core.translation import tr, tr_marked
from studio.text_tasks.loader import find_task
from studio.text_tasks.row_tasks import FindTask

_find_own = functools.partial(find_task, None)
"""Finds Studio's own tasks."""


@dataclass(frozen=True)
class BatchOptions:
    """How the rows of a file become requests; see `plan.read_batch`."""

    kind: str = DEFAULT_KIND
    folder: Path = field(default_factory=Path)
    """The base of relative file names in rows."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    template: str = ""
    name_template: str = file_names.DEFAULT_TEMPLATE
    repeat: int = 1
    combine: str = "random"
    variables: Mapping[str, str] = field(default_factory=dict)
    overrides: frozenset[str] = frozenset()
    """Names of variables that take precedence over a row's columns."""
    wildcards: Path | None = None
    axes: Sequence[Axis] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Column → its field; empty ignores the column."""
    find_task: FindTask = _find_own


@dataclass(frozen=True)
class BatchFile:
    """A batch file after reading and checking."""

    path: Path
    encoding: str
    warning: str
    rows: tuple[Row, ...]
    axes: tuple[Axis, ...] = ()
    first_seed: int | None = None
    """The start value of the seed policies "fixed" and "step"."""
    header: Mapping[str, str] = field(default_factory=dict)
    """The file's column names, each with its first value; empty if rows are plain texts."""

    @property
    def good(self) -> list[Row]:
        """The rows that can run."""
        return [row for row in self.rows if row.request is not None]

    @property
    def bad(self) -> list[Row]:
        """The rows that cannot run."""
        return [row for row in self.rows if row.request is None]

    @property
    def skipped(self) -> int:
        """Number of rows that the user skips."""
        return sum(row.is_skipped for row in self.rows)

    @property
    def result_count(self) -> int:
        """The number of files that the good rows produce."""
        return sum(row.request.result_count for row in self.rows if row.request is not None)


def columns_of(batch: BatchFile) -> set[str]:
    """Return the columns of the file that a name template may use."""
    return {name for row in batch.rows for name in (row.columns or {})}


def unknown_columns(batch: BatchFile) -> list[str]:
    """Return the columns that are no settings of the rows' kind, and keep rows from running."""
    found = (
        problem.field
        for row in batch.bad
        for problem in row.problems
        if problem.message == tr_marked(UNKNOWN) and problem.field in batch.header
    )
    return list(dict.fromkeys(found))


def lacks_prompts(batch: BatchFile) -> bool:
    """Return True if the file has columns, but none with the prompt of a row."""
    return bool(batch.header and batch.bad) and all(
        any(problem.message == tr_marked(MISSING) for problem in row.problems) for row in batch.bad
    )


def suggest_fix(batch: BatchFile) -> str:
    """Return what the user can do if no row of the file can run."""
    if lacks_prompts(batch):
        shown = next(iter(batch.header))[:40]
        return tr(
            "No column contains the prompt. Make it from the columns with a template such as: "
            "Write about {column}.",
            column=f"{{{{{shown}}}}}",
        )
    return tr("Correct the rows that are listed.")
