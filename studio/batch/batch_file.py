"""A batch file that was read: its rows, problems and options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from studio.batch.axes import Axis
from studio.batch.row_parser import Row
from studio.core.requests.base import MISSING


@dataclass(frozen=True)
class BatchFile:
    """A batch file as it was understood."""

    path: Path
    encoding: str
    warning: str
    rows: tuple[Row, ...]
    axes: tuple[Axis, ...] = ()
    first_seed: int | None = None
    """What drawn seeds go on from, where they do."""
    header: Mapping[str, str] = field(default_factory=dict)
    """The file's columns as they stand in it, each with its first value; empty where rows are
    texts.
    """

    @property
    def good(self) -> list[Row]:
        """The rows that can run."""
        return [row for row in self.rows if row.request is not None]

    @property
    def bad(self) -> list[Row]:
        """The rows that cannot."""
        return [row for row in self.rows if row.request is None]

    @property
    def result_count(self) -> int:
        """How many files the good rows make."""
        return sum(row.request.result_count for row in self.rows if row.request is not None)


def columns_of(batch: BatchFile) -> set[str]:
    """Return the columns of the file that a name template may use."""
    return {name for row in batch.rows for name in (row.columns or {})}


def cure_for(batch: BatchFile) -> str:
    """Return what to do where no row of the file can run."""
    if (
        all(any(problem.message == MISSING for problem in row.problems) for row in batch.bad)
        and batch.header
    ):
        shown = next(iter(batch.header))[:40]
        return (
            "No column is the prompt. Make it from the columns with a template such as: Write "
            f"about {{{{{shown}}}}}."
        )
    return "Mend the rows that are named."
