"""Rows of a batch: a request each, or the problems that keep it from running."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from studio.batch.expand import Cells
from studio.batch.grammar import Joined
from studio.core.errors import Problem
from studio.core.requests import Request
from studio.core.translation import mark, tr_marked

SKIPPED = (Problem("row", mark("is skipped")),)
"""The problems of a row that the user does not want to run."""


class RowError(Exception):
    """A row with problems."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__()
        self.problems = problems


class Redraw(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Builds the request of a row with drawn alternatives for another seed."""

    read_cells: Callable[[], Cells]
    """Reads the row again: keeping the nodes of 100 000 rows would take hundreds of megabytes."""
    index: int
    build: Callable[[dict[str, Any], int], Request]

    @property
    def prompt_prefix(self) -> str:
        """The start of the prompt, the same for every seed."""
        cells = _cells_of(self)
        if cells.fixed.get("task"):
            return ""  # a guided task writes the prompt
        node = cells.open.get("prompt", cells.fixed.get("prompt", ""))
        first = node.parts[0] if isinstance(node, Joined) else node
        return first if isinstance(first, str) else ""

    def request(self, seed: int) -> Request | None:
        """Return the request for this seed, or None if the row is invalid with it."""
        try:
            return self.build(_cells_of(self).resolve(self.index, seed), seed)
        except RowError:
            return None


@functools.lru_cache(maxsize=4)
def _cells_of(redraw: Redraw) -> Cells:
    return redraw.read_cells()  # callers try many seeds on one row before the next


# gc=False: rows hold no cycles, and a collection of 100 000 of them stalls the window.
class Row(msgspec.Struct, frozen=True, gc=False):
    """One planned run: a request, or problems. A line of the file may produce several."""

    line: int
    request: Request | None
    problems: tuple[Problem, ...] = ()
    columns: Mapping[str, str] | None = None
    """The row's own columns, for the name template."""
    task: str = ""
    """The guided task that makes its prompt; empty for none."""
    place: tuple[int, ...] = ()
    """Its cell in the grid: the index of a value on each axis."""
    group: int = 0
    """The number of its grid; a file can make several."""
    drawn: bool = False
    """True if the seed was drawn, and isn't the row's own."""
    text: str = ""
    """The prompt as it stands in the file, of a row that cannot run; else its first values."""
    redraw: Redraw | None = None
    """Set if the drawn seed selects alternatives too; all repeats share the object."""

    @property
    def is_skipped(self) -> bool:
        """True if the user does not want to run it."""
        return self.problems == SKIPPED

    @property
    def message(self) -> str:
        """The problems in one line; empty for a row that can run."""
        return "; ".join(
            f"{problem.field}: {tr_marked(problem.message)}" for problem in self.problems
        )


def key_of(request: Request) -> str:
    """Return a hash of a request without its seed (32 hex digits), which identifies its row.

    `resume` compares the seed separately for rows that name one.
    """
    values = msgspec.to_builtins(request)
    values.pop("seed", None)
    if values.get("task") is None:  # so that texts without a task keep their keys
        values.pop("task", None)
    return hashlib.sha256(msgspec.json.encode(values, order="sorted")).hexdigest()[:32]
