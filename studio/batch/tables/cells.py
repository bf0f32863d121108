"""Turn the cells of a CSV file or spreadsheet into rows, as a person sees the table.

Empty rows and columns are ignored, a title may be above the header, and white space around a cell
is removed. The readers yield `Cells`; `read_table` makes rows of them.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from studio.batch.source_row import MAX_CELLS, MAX_CHARACTERS, MAX_NAMES, SourceRow, check_count
from studio.batch.tables.columns import fold, is_known, is_prompt
from studio.core.errors import Problem, StudioError
from studio.core.translation import tr

MAX_ABOVE = 20
"""The header is one of this many first rows."""
Header = dict[int, str]
"""Position from 0 → column name."""
IsWanted = Callable[[str], bool]
"""True for a column that identifies a header: the prompt, or one in a template or mapping."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The non-empty cells of a row by position from 0, cleaned; or a problem."""

    line: int
    texts: dict[int, str]
    problem: Problem | None = None


def wanted_by(names: Iterable[str]) -> IsWanted:
    """Return a test for columns that identify a header: the prompt, or one of these names."""
    folded = frozenset(map(fold, names))
    return lambda name: is_prompt(name) or fold(name) in folded


def find_header(rows: list[Cells], is_wanted: IsWanted) -> int:
    """Return the index of the header: the first row with a wanted column, else the first row."""
    return next((at for at, row in enumerate(rows) if any(map(is_wanted, row.texts.values()))), 0)


def score(rows: list[Cells], is_wanted: IsWanted) -> tuple[int, int, int]:
    """Return how much these rows resemble the start of a table."""
    if not rows:
        return (0, 0, 0)
    header = rows[find_header(rows, is_wanted)].texts.values()
    return (sum(map(is_wanted, header)), sum(map(is_known, header)), len(header))


def read_table(
    cells: Iterable[Cells], is_wanted: IsWanted, notes: list[str], *, decimal_comma: bool = False
) -> Iterator[SourceRow]:
    """Yield the rows below the header; note the lines above it in `notes`. Raises StudioError."""
    filled = iter(row for row in cells if row.texts or row.problem)
    begin: list[Cells] = []
    for row in filled:
        if row.problem and not begin:  # the header itself is unreadable
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
        notes.append(_skipped_lines(begin[:at]))
    characters = filled_cells = 0
    for count, row in enumerate(itertools.chain(begin[at + 1 :], filled), start=1):
        check_count(count)
        characters += sum(map(len, row.texts.values()))
        filled_cells += len(row.texts)
        if characters > MAX_CHARACTERS or filled_cells > MAX_CELLS:
            raise StudioError(
                tr(
                    "The table has more than {maximum} million characters.",
                    maximum=MAX_CHARACTERS // 1_000_000,
                )
                if characters > MAX_CHARACTERS
                else tr("The table has more than {maximum:,} cells.", maximum=MAX_CELLS),
                cause="invalid",
                cure=tr("Split it into several files."),
            )
        yield _row(row, header, decimal_comma)


def _skipped_lines(above: list[Cells]) -> str:
    """Return a note about the rows above the header."""
    first, last = above[0], above[-1]
    title = next(iter(first.texts.values()), "")
    shown = repr(title[:60]) + (" …" if len(above) > 1 or len(first.texts) > 1 else "")
    if len(above) == 1:
        return tr("Skipped line {line} above the table: {text}.", line=first.line, text=shown)
    return tr(
        "Skipped lines {first} to {last} above the table: {text}.",
        first=first.line,
        last=last.line,
        text=shown,
    )


def _row(row: Cells, header: Header, decimal_comma: bool) -> SourceRow:
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
        problem = Problem(
            "row",
            tr("has {cells} cells; the header has {columns}", cells=beyond + 1, columns=last + 1),
        )
        return SourceRow(row.line, problems=(problem,))
    for at, text in row.texts.items():
        # pandas and others write row numbers to a first column without a name.
        if at not in header and not (at < next(iter(header)) and text.isdecimal()):
            raise StudioError(
                tr(
                    "Line {line} has {text} in a column without a name.",
                    line=row.line,
                    text=repr(text[:40]),
                ),
                cause="invalid",
                cure=tr("Name every column in the table's header."),
            )
    return SourceRow(
        row.line,
        {header[at]: text for at, text in row.texts.items() if at in header},
        decimal_comma=decimal_comma,
    )


def _check_header(texts: Header) -> Header:
    """Return the column names by position, in order. Raises StudioError for a duplicate."""
    if len(texts) > MAX_NAMES:
        raise StudioError(
            tr("The table has more than {maximum} columns.", maximum=MAX_NAMES),
            cause="invalid",
            cure=tr("Remove the columns that are not needed."),
        )
    doubled = next((name for name, count in Counter(texts.values()).items() if count > 1), None)
    if doubled:
        raise StudioError(
            tr("The header has the column {column} twice.", column=repr(doubled[:40])),
            cause="invalid",
            cure=tr("Rename or remove one of them."),
        )
    return {at: texts[at] for at in sorted(texts)}
