"""Reads and writes the table in docs/models.md."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.coverage import audio, image, text, video
from tests.coverage.run import COLUMNS

FAMILIES = [*text.FAMILIES, *image.FAMILIES, *audio.FAMILIES, *video.FAMILIES]
BEGIN, END = "<!-- table: made by tests.coverage -->", "<!-- end of coverage -->"


def line(cells: Iterable[str]) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def with_table(document: str, rows: Iterable[tuple[str, ...]]) -> str:
    """Return the document with these rows in place of its table."""
    before, _begin, rest = document.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    return (
        "\n".join(
            [
                before + BEGIN,
                "",
                line(COLUMNS),
                line("---" for _column in COLUMNS),
                *map(line, rows),
                "",
                END,
            ]
        )
        + after
    )


def rows_of(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the rows of a document, by card."""
    _before, _begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    lines = [
        row.strip("| ").split(" | ")
        for row in rest.partition(END)[0].splitlines()
        if row.startswith("| ")
    ]
    return {cells[0]: tuple(cells) for cells in lines[2:]}
