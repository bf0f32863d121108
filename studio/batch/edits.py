"""Changes of a batch file's rows that a person makes in the window; the file stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from studio.batch.source_row import SourceRow


@dataclass(frozen=True)
class Edit:
    """Other values for a row."""

    before: Mapping[str, str]
    """The row's values as texts when it was changed; the change ends when the file has others."""
    after: Mapping[str, str]


@dataclass(frozen=True)
class Edits:
    """Changed and skipped rows, by line."""

    changed: Mapping[int, Edit] = field(default_factory=dict)
    skipped: frozenset[int] = frozenset()

    def apply(self, rows: Iterable[SourceRow]) -> list[SourceRow]:
        """Return the rows with other values. Skipped ones remain, so that they stay visible."""
        return [self._changed(row) for row in rows]

    def _changed(self, row: SourceRow) -> SourceRow:
        edit = self.changed.get(row.line)
        if edit is None or edit.before != texts_of(row):
            return row
        return replace(row, values=dict(edit.after), problems=(), text="")


NO_EDITS = Edits()


def texts_of(row: SourceRow) -> dict[str, str]:
    """Return the values of a row as texts, to edit; a row that cannot be parsed is a prompt."""
    if row.problems and not row.values:
        return {"prompt": row.text}
    return {str(name): "" if value is None else str(value) for name, value in row.values.items()}


def find_row(rows: Sequence[SourceRow], line: int) -> SourceRow | None:
    """Return the row that begins at a line."""
    return next((row for row in rows if row.line == line), None)
