"""The layout of a contact sheet with axes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from studio.batch.output.rows import ReportRow
from studio.core.jobs import GridAxis


@dataclass(frozen=True)
class Sheet:
    """One grid: its cells by their place."""

    title: str
    axes: tuple[GridAxis, ...]
    cells: dict[tuple[int, ...], ReportRow]

    @property
    def kind(self) -> str:
        """What its cells are."""
        return next(iter(self.cells.values())).request.kind

    def blocks(self) -> Iterator[tuple[str, list[str], list[tuple[str, list[ReportRow | None]]]]]:
        """Yield (title, column labels, rows of (label, cells)): the first axis goes across, the
        second down, the third on.
        """
        across, down, on = (*self.axes, None, None)[:3]
        assert across is not None
        for block in range(len(on.values) if on else 1):
            rows = []
            for row in range(len(down.values) if down else 1):
                tail = (*((row,) if down else ()), *((block,) if on else ()))
                cells = [self.cells.get((column, *tail)) for column in range(len(across.values))]
                rows.append((label(down, row), cells))
            yield (
                label(on, block),
                [label(across, column) for column in range(len(across.values))],
                rows,
            )


def label(axis: GridAxis | None, index: int) -> str:
    """Return what stands beside the cells of a value."""
    return f"{axis.name} {' '.join(axis.values[index].split())[:60]}" if axis else ""
