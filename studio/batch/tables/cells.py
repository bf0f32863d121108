"""A table as a person sees it, out of CSV and spreadsheets alike.

Empty rows and columns mean nothing, wherever they are; a title may stand above the header; white
space around a cell is not part of it. The readers yield `Cells`; `read_table` makes rows of them.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from studio.batch.source_row import MAX_CELLS, MAX_CHARACTERS, MAX_NAMES, SourceRow, check_count
from studio.batch.tables.columns import fold, is_known, is_prompt
from studio.core.errors import Problem, StudioError

MAX_ABOVE = 20
"""Rows in which the header is looked for."""
IsWanted = Callable[[str], bool]
"""True for a column by which a header is known: the prompt, or what a template or a mapping
names.
"""


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a row that are not empty, cleaned, by their place from 0; or what is wrong with
    the row.
    """

    line: int
    texts: dict[int, str]
    problem: Problem | None = None


def wanted_by(names: Iterable[str]) -> IsWanted:
    """Return what tells a header: it has a prompt, or one of these columns."""
    folded = frozenset(map(fold, names))
    return lambda name: is_prompt(name) or fold(name) in folded


def find_header(rows: list[Cells], is_wanted: IsWanted) -> int:
    """Return the index of the header: the first row with a wanted column, else the first row."""
    return next((at for at, row in enumerate(rows) if any(map(is_wanted, row.texts.values()))), 0)


def score(rows: list[Cells], is_wanted: IsWanted) -> tuple[int, int, int]:
    """Return how much these rows look like the beginning of a table."""
    if not rows:
        return (0, 0, 0)
    header = rows[find_header(rows, is_wanted)].texts.values()
    return (sum(map(is_wanted, header)), sum(map(is_known, header)), len(header))


def read_table(
    cells: Iterable[Cells], is_wanted: IsWanted, notes: list[str], *, decimal_comma: bool = False
) -> Iterator[SourceRow]:
    """Yield a row for each row below the header; what stands above it goes to `notes`. Raises
    StudioError.
    """
    filled = iter(row for row in cells if row.texts or row.problem)
    begin: list[Cells] = []
    for row in filled:
        if row.problem and not begin:  # a row that cannot be read where the header should be
            yield SourceRow(row.line, problems=(row.problem,))
            return
        begin.append(row)
        if any(map(is_wanted, row.texts.values())) or len(begin) == MAX_ABOVE:
            break
    if not begin:
        return
    at = find_header(begin, is_wanted)
    header = _check_header(begin[at].texts)
    if at:
        title = next(iter(begin[0].texts.values()), "")
        lines = (
            f"line {begin[0].line}" if at == 1 else f"lines {begin[0].line} to {begin[at - 1].line}"
        )
        notes.append(
            f"Left out {lines} above the table: "
            f"{title[:60]!r}{' …' if at > 1 or len(begin[0].texts) > 1 else ''}."
        )
    characters = filled_cells = 0
    for count, row in enumerate(itertools.chain(begin[at + 1 :], filled), start=1):
        check_count(count)
        characters += sum(map(len, row.texts.values()))
        filled_cells += len(row.texts)
        if characters > MAX_CHARACTERS or filled_cells > MAX_CELLS:
            much = (
                f"{MAX_CHARACTERS // 1_000_000} million characters"
                if characters > MAX_CHARACTERS
                else f"{MAX_CELLS:,} cells"
            )
            raise StudioError(
                f"The table holds more than {much}.",
                cause="invalid",
                cure="Split it into several files.",
            )
        yield _row(row, header, decimal_comma)


def _row(row: Cells, header: dict[int, str], decimal_comma: bool) -> SourceRow:
    if row.problem:
        return SourceRow(row.line, problems=(row.problem,))
    last = next(reversed(header))
    if row.texts.keys() <= header.keys():
        return SourceRow(
            row.line,
            {header[at]: text for at, text in row.texts.items()},
            decimal_comma=decimal_comma,
        )
    beyond = max(row.texts)
    if beyond > last:
        problem = Problem("row", f"has {beyond + 1} cells; the header has {last + 1}")
        return SourceRow(row.line, problems=(problem,))
    for at, text in row.texts.items():
        # The first column of a table that another program wrote often has the rows' numbers and no
        # name.
        if at not in header and not (at < next(iter(header)) and text.isdecimal()):
            raise StudioError(
                f"A column of the table has no name, and line {row.line} has {text[:40]!r} in it.",
                cause="invalid",
                cure="Name every column in the table's first line.",
            )
    return SourceRow(
        row.line,
        {header[at]: text for at, text in row.texts.items() if at in header},
        decimal_comma=decimal_comma,
    )


def _check_header(texts: dict[int, str]) -> dict[int, str]:
    """Return the columns' names by their places, in order. Raises StudioError where one stands
    twice.
    """
    if len(texts) > MAX_NAMES:
        raise StudioError(
            f"The table has more than {MAX_NAMES} columns.",
            cause="invalid",
            cure="Keep those that count.",
        )
    doubled = next((name for name, count in Counter(texts.values()).items() if count > 1), None)
    if doubled:
        raise StudioError(
            f"The column {doubled[:40]!r} stands twice in the first line.",
            cause="invalid",
            cure="Name it once.",
        )
    return {at: texts[at] for at in sorted(texts)}
