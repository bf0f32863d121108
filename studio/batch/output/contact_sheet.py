"""Write the contact sheet of a grid: its images, or a table of its texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from studio.batch.output.finished_batch import FinishedBatch
from studio.batch.output.grid_sheet import CellsByPlace, Sheet
from studio.batch.output.report import write_numbered
from studio.batch.output.rows import ReportRow, rows_of
from studio.core.jobs import Batch

STEM = "contact-sheet"
MAX_SHEETS = 100
MAX_CELLS = 1_000
"""Of one sheet; a larger grid of images gets a table of file names."""
MAX_TEXT = 600
"""Characters of a text in a cell."""


def write_contact_sheet(finished: FinishedBatch) -> list[Path]:
    """Write a sheet for each grid: PNG for images, Markdown otherwise. Raises OSError."""
    paths: list[Path] = []
    for sheet in sheets_of(finished.batch, rows_of(finished))[:MAX_SHEETS]:
        if sheet.kind.makes_images and len(sheet.cells) <= MAX_CELLS:
            from studio.batch.output.contact_sheet_png import draw

            content = {".png": draw(sheet)}
        else:
            content = {".md": as_table(sheet).encode(errors="replace")}
        paths += write_numbered(finished.folder, STEM, content)
    return paths


def sheets_of(batch: Batch, rows: Sequence[ReportRow]) -> list[Sheet]:
    """Return the grids of a batch in the order of its lines."""
    if not batch.axes:
        return []
    groups: dict[int, CellsByPlace] = {}
    for row in rows:
        if len(row.row.place) == len(batch.axes):
            groups.setdefault(row.row.group, {})[row.row.place] = row
    return [Sheet(_title(cells), batch.axes, cells) for cells in groups.values()]


def _title(cells: CellsByPlace) -> str:
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
    # A cell is one line; escape what would end it or be read as HTML.
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
