"""The layout of a contact sheet with axes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from studio.batch.output.rows import ReportRow
from studio.core.jobs import GridAxis
from studio.core.kinds import KINDS, Kind

CellsByPlace = dict[tuple[int, ...], ReportRow]
"""The value index on each axis → row."""


@dataclass(frozen=True)
class Sheet:
    """One grid with its cells."""

    title: str
    axes: tuple[GridAxis, ...]
    cells: CellsByPlace

    @property
    def kind(self) -> Kind:
        """The kind of its cells."""
        return KINDS[next(iter(self.cells.values())).request.kind]

    def blocks(self) -> Iterator[tuple[str, list[str], list[tuple[str, list[ReportRow | None]]]]]:
        """Yield (title, column labels, rows of (label, cells)).

        The first axis is across, the second down, and the third makes the blocks.
        """
        across, down, third = (*self.axes, None, None)[:3]
        assert across is not None
        for block in range(len(third.values) if third else 1):
            rows = []
            for row in range(len(down.values) if down else 1):
                tail = (*((row,) if down else ()), *((block,) if third else ()))
                cells = [self.cells.get((column, *tail)) for column in range(len(across.values))]
                rows.append((label(down, row), cells))
            yield (
                label(third, block),
                [label(across, column) for column in range(len(across.values))],
                rows,
            )


def label(axis: GridAxis | None, index: int) -> str:
    """Return the label for a value of an axis."""
    return f"{axis.name} {' '.join(axis.values[index].split())[:60]}" if axis else ""
