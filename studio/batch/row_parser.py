"""From the rows of a file to the runs that they mean: a request each, or what is wrong, with the
line.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from studio.batch.a1111 import sampler_named
from studio.batch.axes import Axis, places
from studio.batch.expand import MAX_WORK, Cells, Scope, is_open, too_much_work
from studio.batch.grammar import MAX_COMBINATIONS, GrammarError, Joined, Node, parse, work_of
from studio.batch.prompt_tags import has_weights, read_tags
from studio.batch.reader import SourceRow
from studio.batch.seeds import Seeds
from studio.batch.tables.columns import as_number, fold, is_known, meant_by
from studio.batch.template import columns, variables
from studio.batch.wildcards import Wildcards
from studio.core import file_names
from studio.core.errors import InvalidRequestError, Problem, StudioError
from studio.core.kinds import KINDS
from studio.core.requests import MAX_SEED, Request, fields, resolve_files
from studio.models.card import ADAPTER, ModelCard, request_for
from studio.preflight.checks import check

FindCard = Callable[[str, str], ModelCard]
"""(kind, name or empty) → card; raises StudioError."""
MAX_CHARACTERS = 40_000_000
"""Of all texts that a batch makes of alternatives, names and templates: 100 000 prompts of 400
letters.
"""
MAX_REMEMBERED = 10_000
"""Columns and tags that are kept by their names."""


class Redraw(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A row whose alternatives are drawn: what it would be with another seed."""

    read_cells: Callable[[], Cells]
    """Reads the row again: the nodes of 100 000 rows would take hundreds of megabytes."""
    index: int
    build: Callable[[dict[str, Any], int], Request]

    @property
    def beginning(self) -> str:
        """What the prompt begins with, whatever is drawn."""
        cells = _cells_of(self)
        node = cells.open.get("prompt", cells.fixed.get("prompt", ""))
        first = node.parts[0] if isinstance(node, Joined) else node
        return first if isinstance(first, str) else ""

    def request(self, seed: int) -> Request | None:
        """Return the request with this seed; None where it cannot be one."""
        try:
            return self.build(_cells_of(self).resolve(self.index, seed), seed)
        except RowError:
            return None


@functools.lru_cache(maxsize=4)
def _cells_of(redraw: Redraw) -> Cells:
    return redraw.read_cells()  # one row is asked for many seeds, one after the other


class Row(
    msgspec.Struct, frozen=True, gc=False
):  # no cycles; and a collection of 100 000 rows stops the window
    """One run as it was understood: a request, or problems. A line of the file may mean several."""

    line: int
    request: Request | None
    problems: tuple[Problem, ...] = ()
    columns: Mapping[str, str] | None = None
    """The row's own columns, for the name template."""
    place: tuple[int, ...] = ()
    """Its cell in the grid: the index of a value on each axis."""
    group: int = 0
    """Which of the file's grids it belongs to."""
    drawn: bool = False
    """True where the seed is not the row's own."""
    redraw: Redraw | None = None
    """Where the drawn seed decides about the request too; the same object for all repeats."""

    @property
    def message(self) -> str:
        """What is wrong, in one line; empty where nothing is."""
        return "; ".join(f"{problem.field}: {problem.message}" for problem in self.problems)


@dataclass(frozen=True)
class Reading:
    """How a file is to be understood; see `plan.read_batch`."""

    kind: str = "text"
    folder: Path = field(default_factory=Path)
    """What files that the rows name are relative to."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    template: str = ""
    name_template: str = file_names.DEFAULT_TEMPLATE
    repeat: int = 1
    combine: str = "random"
    variables: Mapping[str, str] = field(default_factory=dict)
    first: frozenset[str] = frozenset()
    """Those of them that go before a row's columns."""
    wildcards: Path | None = None
    axes: Sequence[Axis] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Column → the field that it means; empty leaves the column out."""


class RowError(Exception):
    """A row with problems."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__()
        self.problems = problems


@dataclass(frozen=True, slots=True)
class _Column:
    """What a column of the file means for rows of a kind."""

    plain: str
    name: str
    """Of a field, or its flag; "kind"; empty to leave it out; else its own."""
    field: str
    spellings: tuple[str, ...]
    """Other names by which a template may know it."""
    is_extra: bool
    """True where it is no setting, and something reads it."""


@dataclass
class _Grid:
    """What the cells of a row's grid share."""

    seeds: dict[tuple[int, int], int] = field(default_factory=dict)
    groups: dict[tuple[int, int], int] = field(default_factory=dict)


@dataclass
class RowParser:
    """The rows of one file, understood one after the other."""

    reading: Reading
    raw: Sequence[SourceRow]
    find_card: FindCard
    seeds: Seeds
    _made: int = 0
    _characters: int = 0
    _groups: int = 0
    _work: int = 0
    _by_name: dict[str, dict[str, str]] = field(default_factory=dict)
    _defaults: dict[str, dict[str, Any]] = field(default_factory=dict)
    _adapter_names: dict[str, str] = field(default_factory=dict)
    _columns: dict[tuple[str, str], _Column] = field(default_factory=dict)
    _kind_columns: dict[str, bool] = field(default_factory=dict)
    _not_applied: dict[str, None] = field(default_factory=dict)
    """Tags in prompts that mean nothing here, in their order."""
    _has_weights: bool = False

    def notes(self) -> list[str]:
        """Return what a person should know about the rows that were understood."""
        found = []
        if self._not_applied:
            found.append(
                "Left out of prompts, because it cannot be applied: "
                f"{', '.join(list(self._not_applied)[:5])}."
            )
        if self._has_weights:
            found.append(
                "Weights in brackets such as (red:1.3) are not applied; the model reads them as "
                "words."
            )
        return found

    def rows(self) -> Iterator[Row]:
        """Yield every run of every row. Raises StudioError where they are too many."""
        if sum(not raw.problems for raw in self.raw) * self.reading.repeat > MAX_COMBINATIONS:
            raise _too_many(self.raw[-1].line, f"{MAX_COMBINATIONS:,} rows")
        self._check_axes()
        for raw in self.raw:
            if raw.problems:
                yield Row(raw.line, None, raw.problems)
                continue
            try:
                for row in self._runs(raw):
                    yield (
                        msgspec.structs.replace(row, problems=self._by_column(raw, row.problems))
                        if row.problems
                        else row
                    )
            except RowError as error:
                yield Row(raw.line, None, self._by_column(raw, error.problems))

    def _by_column(self, raw: SourceRow, problems: Sequence[Problem]) -> tuple[Problem, ...]:
        """Name the problems by the columns that the file has, not by the fields that these fill."""
        kind = self._kind(raw)
        by_name = self._fields(kind) if kind in KINDS else {}
        meant = {column: self._meaning(column, kind) for column in map(str.strip, raw.values)}
        columns_by_field = {by_name.get(name, name): column for column, name in meant.items()}
        return tuple(
            msgspec.structs.replace(
                problem, field=columns_by_field.get(problem.field, problem.field)
            )
            for problem in problems
        )

    def _runs(self, raw: SourceRow) -> Iterator[Row]:
        kind = self._kind(raw)
        if kind not in KINDS:
            raise RowError(Problem("kind", f"{kind[:40]!r} is not one of {', '.join(KINDS)}"))
        settings, extra, cells = self._sort(raw, kind)
        grid = [
            (place, self._cells(place, kind, settings, cells))
            for place in places(self.reading.axes)
        ]
        self._count(raw.line, [cell for _place, cell in grid])
        shared, told = _Grid(), set()
        for place, cell in grid:
            base = Row(raw.line, None, columns={**extra, **self._named(place)}, place=place)
            again = functools.partial(self._read_again, raw, kind, place)
            for index in range(cell.count):
                for row in self._repeats(kind, cell, index, shared, base, again):
                    if row.request is None:
                        if row.message in told:
                            continue
                        told.add(row.message)
                    yield row

    def _read_again(self, raw: SourceRow, kind: str, place: tuple[int, ...]) -> Cells:
        self._scope.work[0] = 0  # what was allowed is allowed again
        settings, _extra, cells = self._sort(raw, kind)
        return self._cells(place, kind, settings, cells)

    def _named(self, place: tuple[int, ...]) -> dict[str, str]:
        """Return the values of a cell of the grid by the names of the axes, for file names and
        collected texts.
        """
        return (
            {axis.name: axis.values[at] for axis, at in zip(self.reading.axes, place, strict=True)}
            if place
            else {}
        )

    def _kind(self, raw: SourceRow) -> str:
        value = next(
            (cell for column, cell in raw.values.items() if self._is_kind(column)),
            self.reading.kind,
        )
        return str(value).strip()

    def _is_kind(self, column: str) -> bool:
        found = self._kind_columns.get(column)
        if found is None:
            plain = column.strip()
            found = (
                self.reading.mapping.get(plain, plain if plain == "kind" else fold(plain)) == "kind"
            )
            if len(self._kind_columns) < MAX_REMEMBERED:
                self._kind_columns[column] = found
        return found

    def _meaning(self, column: str, kind: str) -> str:
        """Return what a column is: the name of a field or its flag, "kind", the column itself, or
        nothing to leave it out.
        """
        if column in self.reading.mapping:
            return self.reading.mapping[column]
        if kind not in KINDS or column in self._fields(kind) or self._is_wanted(column):
            return column
        return "kind" if fold(column) == "kind" else meant_by(column, kind) or column

    def _sort(
        self, raw: SourceRow, kind: str
    ) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
        """Return a row's settings by field, its columns that are none, and all its columns as
        texts.
        """
        settings = self._defaults_of(kind).copy()
        extra: dict[str, str] = {}
        cells: dict[str, str] = {}
        given: set[str] = set()
        for column, value in raw.values.items():
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
                continue
            if meaning.field in given:
                raise RowError(
                    Problem(name, f"comes from the column {plain[:40]!r} and from another one")
                )
            given.add(meaning.field)
            settings[meaning.field] = self._value(raw, kind, meaning.field, value)
        return settings, extra, cells

    def _defaults_of(self, kind: str) -> dict[str, Any]:
        """Return the defaults that hold for a kind, by field."""
        if kind not in self._defaults:
            by_name = self._fields(kind)
            self._defaults[kind] = {
                by_name.get(name, name): value
                for name, value in self.reading.defaults.items()
                if self._counts_for(name, kind)
                and not (name == "format" and _is_of_other_kind(value, kind))
            }
        return self._defaults[kind]

    def _column(self, column: str, kind: str) -> _Column:
        """Return what a column means; the same for each row of the kind."""
        found = self._columns.get((column, kind))
        if found is None:
            plain = column.strip()
            name, by_name = self._meaning(plain, kind), self._fields(kind)
            is_extra = name not in by_name and self._is_wanted(plain)
            found = _Column(
                plain, name, by_name.get(name, name), self._spellings(plain, kind), is_extra
            )
            if len(self._columns) < MAX_REMEMBERED:  # rows of JSON may each have names of their own
                self._columns[column, kind] = found
        return found

    def _value(self, raw: SourceRow, kind: str, field: str, value: Any) -> Any:
        """Return the value of a setting as it is written here."""
        if not isinstance(value, str):
            return value
        if field == "scheduler":
            return sampler_named(value) or value
        return as_number(value, kind, field, decimal_comma=raw.decimal_comma)

    def _counts_for(self, name: str, kind: str) -> bool:
        """False for the default of a setting that only other kinds have, and of the model for
        another kind than the file's.
        """
        if name == "model":
            return kind == self.reading.kind
        return name in self._fields(kind) or not any(name in self._fields(other) for other in KINDS)

    def _fields(self, kind: str) -> dict[str, str]:
        if kind not in self._by_name:
            known = fields(KINDS[kind].request_type)
            self._by_name[kind] = {info.flag: info.name for info in known} | {
                info.name: info.name for info in known
            }
        return self._by_name[kind]

    def _is_wanted(self, column: str) -> bool:
        return (
            column in self._wanted
            or f"{{{column}" in self.reading.name_template
            or fold(column) in self._wanted_folded
        )

    @cached_property
    def _wanted_folded(self) -> dict[str, tuple[str, ...]]:
        """Wanted columns as they are written, by what they are called without capitals and the
        like; settings are none.
        """
        found: dict[str, tuple[str, ...]] = {}
        tokens = [
            name
            for name in _TOKEN.findall(self.reading.name_template)
            if name not in file_names.TOKENS
        ]
        for name in (*self._wanted, *tokens):
            if not is_known(name):
                found[fold(name)] = (*found.get(fold(name), ()), name)[:8]
        return found

    def _spellings(self, column: str, kind: str) -> tuple[str, ...]:
        """Return the other names by which templates may know a column: `Topic` as topic, `CFG
        Scale` as guidance.
        """
        field = meant_by(column, kind)
        flags = (
            tuple(flag for flag, name in self._fields(kind).items() if name == field)
            if field
            else ()
        )
        others = (*self._wanted_folded.get(fold(column), ()), *flags)
        return tuple(name for name in others if name != column and name in self._asked)

    @cached_property
    def _asked(self) -> frozenset[str]:
        return self._wanted.union(_TOKEN.findall(self.reading.name_template))

    @cached_property
    def _texts(self) -> list[str]:
        """Everything in which a $variable may stand."""
        texts = [self.reading.template, *map(str, self.reading.defaults.values())]
        texts += [value for axis in self.reading.axes for value in axis.values]
        return texts + [
            value
            for row in self.raw
            for value in row.values.values()
            if isinstance(value, str) and "$" in value
        ]

    @cached_property
    def _wanted(self) -> frozenset[str]:
        """Columns that need not be settings: the template reads them, or a $variable anywhere in
        the file.
        """
        named = () if self.reading.combine == "off" else map(variables, self._texts)
        return frozenset(columns(self.reading.template)).union(*named)

    def _check_axes(self) -> None:
        """Raise StudioError for an axis that would change nothing."""
        loose = [axis.name for axis in self.reading.axes if not axis.is_setting]
        if not loose:
            return
        texts = [*self._texts, *self.reading.variables.values()]
        used = set[str]().union(*map(variables, texts)) if self.reading.combine != "off" else set()
        in_files = any(
            "__" in str(text) for row in self.raw for text in row.values.values()
        ) or any("__" in t for t in texts)
        unused = next((name for name in loose if name not in used), None)
        if unused is not None and not in_files:
            raise StudioError(
                f"The axis {unused[:40]!r} is no setting, and no prompt has ${unused[:40]}.",
                cause="invalid",
                cure="Check its name, or write the variable into the prompts.",
            )

    @cached_property
    def _template(self) -> Node:
        if not self.reading.template.strip():
            return ""
        try:
            return parse(
                self.reading.template, columns=True, only_columns=self.reading.combine == "off"
            )
        except GrammarError as error:
            raise StudioError(
                f"The prompt template cannot be read: it {error}.",
                cause="invalid",
                cure="For example: Write a {short|long} headline about {{topic}}.",
            ) from error

    @cached_property
    def _wildcards(self) -> Wildcards:
        return Wildcards(self.reading.wildcards)

    @cached_property
    def _scope(self) -> Scope:
        return Scope(self.reading.variables, self._wildcards, self.reading.first)

    def _cells(
        self,
        place: tuple[int, ...],
        kind: str,
        settings: Mapping[str, Any],
        cells: Mapping[str, str],
    ) -> Cells:
        """Return the settings of a cell of the grid, with every name looked up."""
        values, template, scope = dict(settings), self._template, self._scope
        if place:
            chosen = [
                (axis, axis.values[index])
                for axis, index in zip(self.reading.axes, place, strict=True)
            ]
            set_here = {axis.name: value for axis, value in chosen if axis.is_setting}
            named = {axis.name: value for axis, value in chosen if not axis.is_setting}
            values |= {
                self._fields(kind).get(name, name): value for name, value in set_here.items()
            }
            cells = {**cells, **set_here}
            if named:
                scope = Scope(
                    {**scope.variables, **named},
                    self._wildcards,
                    scope.first | named.keys(),
                    scope.work,
                )
            template = (
                ""
                if "prompt" in set_here and "prompt" not in columns(self.reading.template)
                else template
            )
        nodes: dict[str, Node] = {"prompt": template} if template else {}
        problems = []
        for name, value in values.items():
            if name in nodes:
                problems += _bind(nodes, name, nodes[name], scope, cells, told="template")
            elif (
                isinstance(value, str)
                and is_open(value, self.reading.combine)
                and name in self._fields(kind)
            ):
                problems += _bind(nodes, name, value, scope, cells)
        if template and "prompt" not in values:
            problems += _bind(nodes, "prompt", template, scope, cells, told="template")
        if problems:
            raise RowError(*problems)
        if not nodes:
            return Cells(values, nodes, self.reading.combine)
        texts = {name: node for name, node in nodes.items() if isinstance(node, str)}
        self._characters += sum(
            len(text) for name, text in texts.items() if text is not values.get(name)
        )
        values |= texts
        return Cells(
            values,
            {name: node for name, node in nodes.items() if not isinstance(node, str)},
            self.reading.combine,
        )

    def _count(self, line: int, cells: Sequence[Cells]) -> None:
        """Refuse what becomes too much before it is made."""
        repeat = self.reading.repeat
        count = sum([cell.count for cell in cells]) * repeat
        if count > MAX_COMBINATIONS:
            raise RowError(
                Problem("row", f"makes {count:,} rows; a batch has at most {MAX_COMBINATIONS:,}")
            )
        self._made += count
        for cell in cells:
            if cell.open:
                self._characters += cell.length * cell.count * repeat
                self._work += cell.work * cell.count * repeat
        if self._work > MAX_WORK:
            raise too_much_work()
        if self._made > MAX_COMBINATIONS or self._characters > MAX_CHARACTERS:
            much = (
                f"{MAX_COMBINATIONS:,} rows"
                if self._made > MAX_COMBINATIONS
                else f"{MAX_CHARACTERS // 1_000_000:,} MB of text"
            )
            raise _too_many(line, much)

    def _repeats(
        self,
        kind: str,
        cells: Cells,
        index: int,
        grid: _Grid,
        base: Row,
        again: Callable[[], Cells],
    ) -> Iterator[Row]:
        own = _own_seed(cells.resolve(index) if "seed" in cells.open else cells.fixed)
        redraw = (
            Redraw(again, index, functools.partial(self._build, kind))
            if cells.drawn and own is None
            else None
        )
        once: Request | None = None
        for number in range(self.reading.repeat):
            seed = self._seed(own, (index, number), grid)
            if (index, number) not in grid.groups:
                grid.groups[index, number] = self._groups
                self._groups += 1
            try:
                if once is None or cells.drawn:
                    once = self._build(
                        kind, cells.resolve(index, seed), None if own == _NOT_A_SEED else seed
                    )
            except RowError as error:
                yield msgspec.structs.replace(base, problems=error.problems)
                if cells.drawn:
                    continue
                return
            request = once if once.seed == seed else msgspec.structs.replace(once, seed=seed)
            yield msgspec.structs.replace(
                base,
                request=request,
                group=grid.groups[index, number],
                drawn=own is None,
                redraw=redraw,
            )

    def _seed(self, own: int | None, run: tuple[int, int], grid: _Grid) -> int:
        if own is not None and own != _NOT_A_SEED:
            return self.seeds.own(own, run[1])
        if not self.reading.axes:
            return self.seeds.draw()
        if run not in grid.seeds:  # what a grid compares is its axes, not chance
            grid.seeds[run] = self.seeds.draw()
        return grid.seeds[run]

    def _read_tags(self, values: dict[str, Any]) -> str:
        """Make adapters of the tags in a prompt for an image; return how they can be written."""
        tagged = read_tags(values["prompt"], self._adapter_name)
        self._has_weights = self._has_weights or has_weights(tagged.prompt)
        if tagged.not_applied and len(self._not_applied) < MAX_REMEMBERED:
            self._not_applied |= dict.fromkeys(tagged.not_applied)
        values["prompt"] = tagged.prompt
        if tagged.adapters:
            named = str(values.get("adapters") or "").strip(", ")
            own = {part.partition(":")[0].strip() for part in named.split(",")}
            more = [
                one for one in tagged.adapters if one.partition(":")[0] not in own
            ]  # the column goes before the tag
            values["adapters"] = ", ".join([*([named] if named else []), *more])
        return " ".join(f"<lora:{one}>" for one in tagged.adapters)

    def _adapter_name(self, name: str) -> str:
        """Return the name of the installed adapter that a tag means, or the tag's own where none is
        there.
        """
        if name not in self._adapter_names:
            file = name.replace("\\", "/").rpartition("/")[2].removesuffix(".safetensors")
            self._adapter_names[name] = next(
                filter(self._is_adapter, (file, fold(file).replace(" ", "-"))), file
            )
        return self._adapter_names[name]

    def _is_adapter(self, name: str) -> bool:
        try:
            self.find_card(ADAPTER, name)
        except StudioError:
            return False
        return True

    def _build(self, kind: str, values: dict[str, Any], seed: int | None) -> Request:
        """Return the request; `seed` None keeps what stands in the values. Raises RowError."""
        if seed is not None:
            values["seed"] = seed
        tags = ""
        try:
            card = self.find_card(kind, str(values.pop("model", "") or ""))
            if isinstance(values.get("prompt"), str) and "adapters" in self._fields(kind):
                tags = self._read_tags(values)
            request: Request = request_for(
                card, resolve_files(KINDS[kind].request_type, values, self.reading.folder)
            )
        except InvalidRequestError as error:
            raise RowError(*error.problems) from error
        except StudioError as error:
            raise RowError(Problem("model", error.message)) from error
        if problems := check(card, request, self.find_card):
            problem = problems[0]  # the others may follow from it
            if tags and problem.field == "adapters":
                problem = Problem(problem.field, f"{tags} in the prompt: {problem.message}")
            raise RowError(problem)
        return request


def _too_many(line: int, much: str) -> StudioError:
    return StudioError(
        f"With line {line} the batch comes to more than {much}.",
        cause="invalid",
        cure="Use fewer combinations or repeats, or split the file.",
    )


def _bind(
    nodes: dict[str, Node],
    name: str,
    value: Node,
    scope: Scope,
    cells: Mapping[str, str],
    told: str = "",
) -> list[Problem]:
    try:
        node = parse(value) if isinstance(value, str) and not told else value
        scope.count(work_of(node))
        nodes[name] = scope.bind(node, cells)
    except GrammarError as error:
        return [Problem(told or name, str(error))]
    return []


_DRAWN = -1
"""What A1111, llama.cpp and others call a seed that is drawn."""
_NOT_A_SEED = -2
_TOKEN = re.compile(r"\{([^{}:]{1,100})")


def _own_seed(values: Mapping[str, Any]) -> int | None:
    """Return the seed that a row names, None where it names none, `_NOT_A_SEED` for what is
    none.
    """
    value = values.get("seed")
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        seed = msgspec.convert(value, int, strict=False)
    except (msgspec.ValidationError, UnicodeEncodeError):
        return _NOT_A_SEED
    if seed == _DRAWN:
        return None
    return seed if 0 <= seed <= MAX_SEED else _NOT_A_SEED


def _is_of_other_kind(file_format: Any, kind: str) -> bool:
    """Return whether results of other kinds can have this file format, but not those of this
    kind.
    """
    return file_format not in KINDS[kind].media_types and any(
        file_format in other.media_types for other in KINDS.values()
    )
