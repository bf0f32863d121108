"""Maps the columns of a batch file to the fields of a request, by name, alias and mapping."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

from studio.batch.batch_file import BatchOptions
from studio.batch.row import RowError
from studio.batch.source_row import SourceRow
from studio.batch.tables.columns import as_number, fold, is_known, meant_by
from studio.batch.template import columns, variables
from studio.core import file_names
from studio.core.errors import Problem, StudioError
from studio.core.kinds import KINDS, kinds_with_settings_for
from studio.core.requests import fields
from studio.core.requests.scheduler_names import scheduler_named
from studio.core.translation import tr

MAX_CACHED = 10_000
"""Columns that are cached by name: rows of JSON may each have names of their own."""
_TOKEN = re.compile(r"\{([^{}:]{1,100})")


class RowValues(NamedTuple):
    """A row's values, sorted by use."""

    settings: dict[str, Any]
    """Field → value."""
    extra: dict[str, str]
    """Columns that are no settings, as texts."""
    cells: dict[str, str]
    """All columns as texts, also under other spellings that a template may use."""


@dataclass(frozen=True, slots=True)
class _Column:
    """The meaning of a column for rows of one kind."""

    plain: str
    name: str
    """A field or its flag, "kind", the column's own name, or empty for an ignored column."""
    field: str
    spellings: tuple[str, ...]
    """Other names that a template may use for it."""
    is_extra: bool
    """True for a column that is not a setting but is used by a template or variable."""


@dataclass
class ColumnResolver:
    """Resolves the columns of one file's rows. Caches what it finds: 100 000 rows repeat them."""

    options: BatchOptions
    source_rows: Sequence[SourceRow]
    _fields_by_kind: dict[str, dict[str, str]] = field(default_factory=dict)
    _defaults: dict[str, dict[str, Any]] = field(default_factory=dict)
    _columns: dict[tuple[str, str], _Column] = field(default_factory=dict)
    _kind_columns: dict[str, bool] = field(default_factory=dict)

    def kind_of(self, row: SourceRow) -> str:
        """Return the kind that a row names, else the file's."""
        value = next(
            (cell for column, cell in row.values.items() if self._is_kind(column)),
            self.options.kind,
        )
        return str(value).strip()

    def _is_kind(self, column: str) -> bool:
        found = self._kind_columns.get(column)
        if found is None:
            plain = column.strip()
            found = (
                self.options.mapping.get(plain, plain if plain == "kind" else fold(plain)) == "kind"
            )
            if len(self._kind_columns) < MAX_CACHED:
                self._kind_columns[column] = found
        return found

    def fields(self, kind: str) -> dict[str, str]:
        """Return the fields of a kind by flag and by name."""
        if kind not in self._fields_by_kind:
            known = fields(KINDS[kind].request_type)
            self._fields_by_kind[kind] = {info.flag: info.name for info in known} | {
                info.name: info.name for info in known
            }
        return self._fields_by_kind[kind]

    def rename_problems(self, row: SourceRow, problems: Sequence[Problem]) -> tuple[Problem, ...]:
        """Replace the field names in problems by the column names of the file."""
        kind = self.kind_of(row)
        by_name = self.fields(kind) if kind in KINDS else {}
        meanings = {column: self._meaning(column, kind) for column in map(str.strip, row.values)}
        columns_by_field = {by_name.get(name, name): column for column, name in meanings.items()}
        return tuple(
            msgspec.structs.replace(
                problem, field=columns_by_field.get(problem.field, problem.field)
            )
            for problem in problems
        )

    def prompt_of(self, row: SourceRow) -> str:
        """Return a row's prompt as it stands in the file; without one, its values."""
        kind = self.kind_of(row)
        texts = {column.strip(): str(value) for column, value in row.values.items()}
        for column, text in texts.items():
            if self._meaning(column, kind) == "prompt":
                return text
        return ", ".join(filter(None, texts.values()))

    def _meaning(self, column: str, kind: str) -> str:
        """Return a column's field or flag, "kind", its own name, or "" to ignore it."""
        if column in self.options.mapping:
            return self.options.mapping[column]
        if kind not in KINDS or column in self.fields(kind) or self._is_used(column):
            return column
        return "kind" if fold(column) == "kind" else meant_by(column, kind) or column

    def values_of(self, row: SourceRow, kind: str) -> RowValues:
        """Sort a row's values. Raises RowError if two columns set the same field."""
        settings = self._defaults_of(kind).copy()
        extra: dict[str, str] = {}
        cells: dict[str, str] = {}
        assigned: set[str] = set()
        for column, value in row.values.items():
            meaning = self._column(column, kind)
            plain, name = meaning.plain, meaning.name
            text = cells[plain] = value if isinstance(value, str) else str(value)
            for spelling in meaning.spellings:
                cells.setdefault(spelling, text)
            if name == "kind" or not name:
                continue
            if meaning.is_extra:
                extra[plain] = text
                extra |= dict.fromkeys(meaning.spellings, text)
                if plain == "task" and kind == "text" and plain not in self._used:
                    settings[plain] = text  # only a file name uses it
                continue
            if meaning.field in assigned:
                raise RowError(
                    Problem(
                        name,
                        tr("is set by {column} and by another column", column=repr(plain[:40])),
                    )
                )
            assigned.add(meaning.field)
            settings[meaning.field] = _convert(row, kind, meaning.field, value)
        return RowValues(settings, extra, cells)

    def _defaults_of(self, kind: str) -> dict[str, Any]:
        """Return the defaults that apply to a kind, by field."""
        if kind not in self._defaults:
            by_name = self.fields(kind)
            self._defaults[kind] = {
                by_name.get(name, name): value
                for name, value in self.options.defaults.items()
                if self._applies_to(name, kind)
                and not (name == "format" and _is_of_other_kind(value, kind))
            }
        return self._defaults[kind]

    def _applies_to(self, name: str, kind: str) -> bool:
        """Return False for a setting of other kinds only, and for the model of another kind."""
        if name == "model":
            return kind == self.options.kind
        return name in self.fields(kind) or not any(
            name in self.fields(other.name) for other in kinds_with_settings_for(kind)
        )

    def _column(self, column: str, kind: str) -> _Column:
        found = self._columns.get((column, kind))
        if found is None:
            plain = column.strip()
            name, by_name = self._meaning(plain, kind), self.fields(kind)
            is_extra = name not in by_name and self._is_used(plain)
            found = _Column(
                plain, name, by_name.get(name, name), self._spellings(plain, kind), is_extra
            )
            if len(self._columns) < MAX_CACHED:
                self._columns[column, kind] = found
        return found

    def _is_used(self, column: str) -> bool:
        return (
            column in self._used
            or f"{{{column}" in self.options.name_template
            or fold(column) in self._used_by_folded
        )

    @cached_property
    def _used(self) -> frozenset[str]:
        """Columns that the template, or a $variable anywhere in the file, refers to."""
        names = () if self.options.combine == "off" else map(variables, self._texts)
        return frozenset(columns(self.options.template)).union(*names)

    @cached_property
    def _used_by_folded(self) -> dict[str, tuple[str, ...]]:
        """Folded name → used columns as they are written; settings are left out."""
        found: dict[str, tuple[str, ...]] = {}
        tokens = [
            name
            for name in _TOKEN.findall(self.options.name_template)
            if name not in file_names.TOKENS
        ]
        for name in (*self._used, *tokens):
            if not is_known(name):
                found[fold(name)] = (*found.get(fold(name), ()), name)[:8]
        return found

    def _spellings(self, column: str, kind: str) -> tuple[str, ...]:
        """Return other names that templates use for a column, such as guidance for `CFG Scale`."""
        field = meant_by(column, kind)
        flags = (
            tuple(flag for flag, name in self.fields(kind).items() if name == field)
            if field
            else ()
        )
        others = (*self._used_by_folded.get(fold(column), ()), *flags)
        return tuple(name for name in others if name != column and name in self._names_in_templates)

    @cached_property
    def _names_in_templates(self) -> frozenset[str]:
        return self._used.union(_TOKEN.findall(self.options.name_template))

    @cached_property
    def _texts(self) -> list[str]:
        """All texts that may contain a $variable."""
        texts = [self.options.template, *map(str, self.options.defaults.values())]
        texts += [value for axis in self.options.axes for value in axis.values]
        return texts + [
            value
            for row in self.source_rows
            for value in row.values.values()
            if isinstance(value, str) and "$" in value
        ]

    def check_axes_are_used(self) -> None:
        """Raise StudioError for an axis that is neither a setting nor a variable of a prompt."""
        names = [
            axis.name for axis in self.options.axes if not axis.is_setting_of(self.options.kind)
        ]
        if not names:
            return
        texts = [*self._texts, *self.options.variables.values()]
        used = set[str]().union(*map(variables, texts)) if self.options.combine != "off" else set()
        # A wildcard file may contain the variable, and is read later.
        has_wildcards = any(
            "__" in str(text) for row in self.source_rows for text in row.values.values()
        ) or any("__" in text for text in texts)
        unused = next((name for name in names if name not in used), None)
        if unused is not None and not has_wildcards:
            raise StudioError(
                tr(
                    "The axis {axis} is not a setting, and no prompt contains {variable}.",
                    axis=repr(unused[:40]),
                    variable=f"${unused[:40]}",
                ),
                cause="invalid",
                cure=tr("Check its name, or write the variable into the prompts."),
            )


def _convert(row: SourceRow, kind: str, field: str, value: Any) -> Any:
    """Convert the notation of other programs and languages to Studio's."""
    if not isinstance(value, str):
        return value
    if field == "scheduler":
        return scheduler_named(value) or value
    return as_number(value, kind, field, decimal_comma=row.decimal_comma)


def _is_of_other_kind(file_format: Any, kind: str) -> bool:
    """Return True for a file format that only results of other kinds can have."""
    return file_format not in KINDS[kind].media_types and any(
        file_format in other.media_types for other in KINDS.values()
    )
