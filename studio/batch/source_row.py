"""A row of a batch file before interpretation, and the limits of a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from studio.core.errors import Problem, StudioError
from studio.core.translation import tr

MAX_ROWS = 100_000
MAX_LINE_CHARACTERS = 1_000_000
MAX_CHARACTERS = 64_000_000
"""In all cells of a file: a spreadsheet can repeat one text a hundred thousand times."""
MAX_CELLS = 1_500_000
"""In a table: 100 000 rows of 15."""
MAX_LINES = 2_000_000
"""In a file, including empty lines and those of long prompts."""
MAX_TEXT = 2_000
"""Of a row that cannot be parsed, for people to see and change."""
MAX_NAMES = 256
"""Columns of a table, or names in a row of JSON."""
_END_OF_LINE = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row of the file. Ignore the values of a row with problems."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    ignored: tuple[str, ...] = ()
    """Options in the row that Studio does not support."""
    decimal_comma: bool = False
    """True if `3,5` is a number."""
    text: str = ""
    """The beginning of a row with problems, as it stands in the file."""


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield (number, line) for lines that end with LF, CRLF or CR."""
    # Not splitlines(): that also splits on U+2028 and others, which belong to a prompt.
    number, position = 1, 0
    for end in _END_OF_LINE.finditer(text):
        yield number, text[position : end.start()]
        number, position = number + 1, end.end()
    yield number, text[position:]


def check_lines(text: str) -> None:
    """Raise StudioError for too many lines."""
    if max(text.count("\n"), text.count("\r")) > MAX_LINES:
        raise StudioError(
            tr("The file has more than {maximum:,} lines.", maximum=MAX_LINES),
            cause="invalid",
            cure=tr("Split it into several files."),
        )


def too_long(line: int) -> SourceRow:
    """Return the row for a line above the maximum length."""
    return SourceRow(
        line,
        problems=(
            Problem(
                "prompt",
                tr("the line is longer than {maximum:,} characters", maximum=MAX_LINE_CHARACTERS),
            ),
        ),
    )


def check_count(count: int) -> None:
    """Raise StudioError for too many rows."""
    if count > MAX_ROWS:
        raise StudioError(
            tr("The file has more than {maximum:,} rows.", maximum=MAX_ROWS),
            cause="invalid",
            cure=tr("Split it into several files."),
        )
