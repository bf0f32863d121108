"""Print the problems of a batch file by line."""

from __future__ import annotations

import itertools

from studio.batch.batch_file import BatchFile
from studio.cli import output

MAX_LINES = 10
"""The number of lines listed per problem; the report has all."""


def show_problems(batch_file: BatchFile) -> None:
    """Print warnings, and the rows that cannot run."""
    if batch_file.warning:
        output.note(batch_file.warning)
    for message, lines in itertools.groupby(batch_file.bad, key=lambda row: row.message):
        numbers = [row.line for row in lines]
        shown = ", ".join(map(str, numbers[:MAX_LINES])) + (
            f" and {len(numbers) - MAX_LINES:,} more" if numbers[MAX_LINES:] else ""
        )
        output.note(f"{'line' if len(numbers) == 1 else 'lines'} {shown}: {message}")
