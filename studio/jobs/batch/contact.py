"""The contact sheet of a grid: a picture of pictures with the axes' values, or a table of texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from studio.core.artifact import Artifact
from studio.core.jobs import Batch, GridAxis, Job
from studio.jobs.batch.report import ReportRow, rows_of, write_numbered

STEM = "contact-sheet"
MAX_SHEETS = 100
MAX_CELLS = 1_000
"""Of one sheet; a larger grid gets a table of file names."""
MAX_TEXT = 600
"""Characters of a text that a cell shows."""


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
        """Yield (title, column labels, rows of (label, cells)): the first axis goes across, the second down, the third on."""
        across, down, on = (*self.axes, None, None)[:3]
        assert across is not None
        for block in range(len(on.values) if on else 1):
            rows = []
            for row in range(len(down.values) if down else 1):
                tail = (*((row,) if down else ()), *((block,) if on else ()))
                cells = [self.cells.get((column, *tail)) for column in range(len(across.values))]
                rows.append((label(down, row), cells))
            yield label(on, block), [label(across, column) for column in range(len(across.values))], rows


def label(axis: GridAxis | None, index: int) -> str:
    """Return what stands beside the cells of a value."""
    return f"{axis.name} {' '.join(axis.values[index].split())[:60]}" if axis else ""


def write_contact_sheet(batch: Batch, jobs: list[Job], artifacts: dict[str, list[Artifact]]) -> list[Path]:
    """Write a sheet for each grid of the batch, numbered where it exists: PNG for pictures, Markdown for all else.

    Nothing where the batch is no grid. Raises OSError.
    """
    paths: list[Path] = []
    for sheet in sheets_of(batch, rows_of(batch, jobs, artifacts))[:MAX_SHEETS]:
        as_picture = sheet.kind == "image" and len(sheet.cells) <= MAX_CELLS
        if as_picture:
            from studio.jobs.batch.contact_png import draw

            content = {".png": draw(sheet)}
        else:
            content = {".md": as_table(sheet).encode(errors="replace")}
        paths += write_numbered(Path(batch.folder), STEM, content)
    return paths


def sheets_of(batch: Batch, rows: Sequence[ReportRow]) -> list[Sheet]:
    """Return the grids of a batch, in the order of its lines."""
    if not batch.axes:
        return []
    groups: dict[int, dict[tuple[int, ...], ReportRow]] = {}
    for row in rows:
        if len(row.row.place) == len(batch.axes):
            groups.setdefault(row.row.group, {})[row.row.place] = row
    return [Sheet(_title(cells), batch.axes, cells) for cells in groups.values()]


def _title(cells: dict[tuple[int, ...], ReportRow]) -> str:
    first = next(iter(cells.values()))
    same = len({row.request.prompt for row in cells.values()}) == 1
    return " ".join(first.request.prompt.split())[:160] if same else f"Line {first.line}"


def as_table(sheet: Sheet) -> str:
    """Return the sheet as Markdown tables."""
    lines = [f"# {_cell(sheet.title)}", ""]
    for title, columns, rows in sheet.blocks():
        lines += [f"## {_cell(title)}", ""] if title else []
        lines += [_line(["", *columns]), _line(["---"] * (len(columns) + 1))]
        lines += [_line([name, *map(_content, cells)]) for name, cells in rows]
        lines.append("")
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(text: str) -> str:
    # A cell is one line; what would end it, or be read as HTML, is written out.
    text = text.replace("\\", "\\\\").replace("|", "\\|").replace("&", "&amp;").replace("<", "&lt;")
    return "<br>".join(line.strip() for line in text.strip().splitlines())


def _content(row: ReportRow | None) -> str:
    if row is None:
        return ""
    if not row.files:
        return f"({row.error or row.state})"
    path = row.files[0]
    if path.suffix.lower() not in (".txt", ".md"):
        return path.name
    try:
        with path.open("rb") as file:
            text = file.read(4 * MAX_TEXT).decode(errors="ignore")
    except OSError:
        return path.name
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…"
