"""Turns the rows of a batch file into requests: grids, alternatives, repeats and seeds."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec

from studio.batch.axes import places
from studio.batch.batch_file import BatchOptions
from studio.batch.expand import MAX_WORK, Cells, Scope, is_open, too_much_work
from studio.batch.grammar import MAX_COMBINATIONS, GrammarError, Node, parse, work_of
from studio.batch.request_builder import FindCard, RequestBuilder
from studio.batch.row import Redraw, Row, RowError
from studio.batch.row_columns import ColumnResolver, RowValues
from studio.batch.seeds import Seeds
from studio.batch.source_row import MAX_TEXT, SourceRow
from studio.batch.template import columns
from studio.batch.wildcards import Wildcards
from studio.core.errors import InvalidRequestError, Problem, StudioError
from studio.core.kinds import KINDS
from studio.core.requests import MAX_SEED, Request
from studio.core.translation import tr
from studio.text_tasks.row_tasks import COLUMN, RowTasks

MAX_CHARACTERS = 40_000_000
"""Of all texts that a batch expands: 100 000 prompts of 400 characters."""
_RANDOM_SEED = -1
"""The seed that A1111, llama.cpp and others write for "draw one"."""
_INVALID_SEED = -2


@dataclass
class _Grid:
    """The seeds and group numbers that the cells of a row's grid share."""

    seeds: dict[tuple[int, int], int] = field(default_factory=dict)
    groups: dict[tuple[int, int], int] = field(default_factory=dict)


@dataclass
class RowParser:
    """Parses the rows of one file, in order, within the limits of a batch."""

    options: BatchOptions
    source_rows: Sequence[SourceRow]
    find_card: FindCard
    seeds: Seeds
    _row_count: int = 0
    _characters: int = 0
    _group_count: int = 0
    _work: int = 0

    @cached_property
    def _columns(self) -> ColumnResolver:
        return ColumnResolver(self.options, self.source_rows)

    @cached_property
    def _builder(self) -> RequestBuilder:
        return RequestBuilder(self.find_card, self.options.folder, self._tasks)

    @cached_property
    def _tasks(self) -> RowTasks:
        return RowTasks(self.options.find_task)

    def notes(self) -> list[str]:
        """Return notes for the user about the rows parsed so far."""
        return self._builder.notes()

    def rows(self) -> Iterator[Row]:
        """Yield every run of every row. Raises StudioError if they are too many."""
        valid = sum(not row.problems for row in self.source_rows)
        if valid * self.options.repeat > MAX_COMBINATIONS:
            raise _too_many(
                self.source_rows[-1].line, tr("{maximum:,} rows", maximum=MAX_COMBINATIONS)
            )
        self._columns.check_axes_are_used()
        for source in self.source_rows:
            if source.problems:
                yield Row(source.line, None, source.problems, text=source.text)
                continue
            try:
                for row in self._runs(source):
                    yield self._explained(source, row) if row.problems else row
            except RowError as error:
                yield self._explained(source, Row(source.line, None, error.problems))

    def _explained(self, source: SourceRow, row: Row) -> Row:
        """Name the file's columns in the problems, and keep the text that they are about."""
        problems = self._columns.rename_problems(source, row.problems)
        text = self._columns.prompt_of(source)[:MAX_TEXT]
        return msgspec.structs.replace(row, problems=problems, text=text)

    def _runs(self, source: SourceRow) -> Iterator[Row]:
        kind = self._columns.kind_of(source)
        if kind not in KINDS:
            raise RowError(
                Problem(
                    "kind",
                    tr(
                        "{kind} is not one of {kinds}", kind=repr(kind[:40]), kinds=", ".join(KINDS)
                    ),
                )
            )
        settings, extra, texts = self._values_of(source, kind)
        task = self._tasks.name_of(kind, settings)
        grid = [
            (place, self._cells(place, kind, settings, texts))
            for place in places(self.options.axes)
        ]
        self._count(source.line, [cells for _place, cells in grid])
        shared, messages = _Grid(), set()
        for place, cells in grid:
            base = Row(
                source.line,
                None,
                columns={**extra, **self._axis_values(place)},
                task=task,
                place=place,
            )
            read_cells = functools.partial(self._read_again, source, kind, place)
            for index in range(cells.count):
                for row in self._repeats(kind, cells, index, shared, base, read_cells):
                    if row.request is None:
                        if row.message in messages:
                            continue
                        messages.add(row.message)
                    yield row

    def _read_again(self, source: SourceRow, kind: str, place: tuple[int, ...]) -> Cells:
        self._scope.work[0] = 0  # these texts passed the limit before
        settings, _extra, texts = self._values_of(source, kind)
        return self._cells(place, kind, settings, texts)

    def _values_of(self, source: SourceRow, kind: str) -> RowValues:
        values = self._columns.values_of(source, kind)
        if task := self._tasks.name_of(kind, values.settings):
            try:
                fields = self._tasks.fields_of(task)
            except InvalidRequestError as error:
                raise RowError(*error.problems) from error
            for name in values.extra.keys() & set(fields):  # a file name uses them too
                values.settings.setdefault(name, values.extra[name])
            values.extra.setdefault(COLUMN, task)
        return values

    def _axis_values(self, place: tuple[int, ...]) -> dict[str, str]:
        """Return a grid cell's values by axis name, for file names and collected texts."""
        if not place:
            return {}
        axes = self.options.axes
        return {axis.name: axis.values[at] for axis, at in zip(axes, place, strict=True)}

    # Expanding cells
    # ----------------------------------------------------------------------

    @cached_property
    def _template(self) -> Node:
        text, only_columns = self.options.template, self.options.combine == "off"
        if not text.strip():
            return ""
        try:
            return parse(text, columns=True, only_columns=only_columns)
        except GrammarError as error:
            raise StudioError(
                tr("The prompt template is invalid: it {problem}.", problem=error),
                cause="invalid",
                cure=tr("For example: Write a {short|long} headline about {{topic}}."),
            ) from error

    @cached_property
    def _wildcards(self) -> Wildcards:
        return Wildcards(self.options.wildcards)

    @cached_property
    def _scope(self) -> Scope:
        return Scope(self.options.variables, self._wildcards, self.options.overrides)

    def _cells(
        self,
        place: tuple[int, ...],
        kind: str,
        settings: Mapping[str, Any],
        texts: Mapping[str, str],
    ) -> Cells:
        """Return the settings at one place of the grid, with every name resolved."""
        values, template, scope = dict(settings), self._template, self._scope
        fields = self._columns.fields(kind)
        if place:
            chosen = self._axis_values(place)
            on_axis = {axis.name for axis in self.options.axes if axis.is_setting_of(kind)}
            axis_settings = {name: value for name, value in chosen.items() if name in on_axis}
            values |= {fields.get(name, name): value for name, value in axis_settings.items()}
            texts = {**texts, **axis_settings}
            scope = self._scope_with(
                {name: value for name, value in chosen.items() if name not in on_axis}
            )
            if "prompt" in axis_settings and "prompt" not in columns(self.options.template):
                template = ""  # the axis replaces the prompt
        nodes: dict[str, Node] = {}
        problems: list[Problem] = []
        for name, value in {**({"prompt": template} if template else {}), **values}.items():
            from_template = name == "prompt" and bool(template)
            node = template if from_template else value
            if from_template or (
                isinstance(value, str) and is_open(value, self.options.combine) and name in fields
            ):
                try:
                    nodes[name] = _bind(node, scope, texts, parsed=from_template)
                except GrammarError as error:
                    problems.append(Problem("template" if from_template else name, str(error)))
        if problems:
            raise RowError(*problems)
        resolved = {name: node for name, node in nodes.items() if isinstance(node, str)}
        self._characters += sum(
            len(text) for name, text in resolved.items() if text is not values.get(name)
        )
        still_open = {name: node for name, node in nodes.items() if not isinstance(node, str)}
        return Cells(values | resolved, still_open, self.options.combine)

    def _scope_with(self, variables: Mapping[str, str]) -> Scope:
        """Return the scope with the variables of a grid cell, which take precedence."""
        scope = self._scope
        if not variables:
            return scope
        return Scope(
            {**scope.variables, **variables},
            self._wildcards,
            scope.overrides | variables.keys(),
            scope.work,
        )

    def _count(self, line: int, cells: Sequence[Cells]) -> None:
        """Check the limits before the rows are built. Raises RowError or StudioError."""
        repeat = self.options.repeat
        count = sum([cell.count for cell in cells]) * repeat
        if count > MAX_COMBINATIONS:
            raise RowError(
                Problem(
                    "row",
                    tr(
                        "expands to {rows:,} rows; a batch has at most {maximum:,}",
                        rows=count,
                        maximum=MAX_COMBINATIONS,
                    ),
                )
            )
        self._row_count += count
        for cell in cells:
            if cell.open:
                self._characters += cell.length * cell.count * repeat
                self._work += cell.work * cell.count * repeat
        if self._work > MAX_WORK:
            raise too_much_work()
        if self._row_count > MAX_COMBINATIONS:
            raise _too_many(line, tr("{maximum:,} rows", maximum=MAX_COMBINATIONS))
        if self._characters > MAX_CHARACTERS:
            raise _too_many(line, tr("{maximum:,} MB of text", maximum=MAX_CHARACTERS // 1_000_000))

    # Repeats and seeds
    # ----------------------------------------------------------------------

    def _repeats(
        self,
        kind: str,
        cells: Cells,
        index: int,
        grid: _Grid,
        base: Row,
        read_cells: Callable[[], Cells],
    ) -> Iterator[Row]:
        """Yield the repeats of one combination."""
        own = _own_seed(cells.resolve(index) if "seed" in cells.open else cells.fixed)
        build = functools.partial(self._builder.build, kind)
        redraw = Redraw(read_cells, index, build) if cells.drawn and own is None else None
        request: Request | None = None
        for number in range(self.options.repeat):
            seed = self._seed(own, (index, number), grid)
            if (index, number) not in grid.groups:
                grid.groups[index, number] = self._group_count
                self._group_count += 1
            try:
                if request is None or cells.drawn:
                    # An invalid seed stays in the values, for the error message.
                    request = build(
                        cells.resolve(index, seed), None if own == _INVALID_SEED else seed
                    )
            except RowError as error:
                yield msgspec.structs.replace(base, problems=error.problems)
                if cells.drawn:
                    continue
                return
            if request.seed != seed:
                request = msgspec.structs.replace(request, seed=seed)
            yield msgspec.structs.replace(
                base,
                request=request,
                group=grid.groups[index, number],
                drawn=own is None,
                redraw=redraw,
            )

    def _seed(self, own: int | None, run: tuple[int, int], grid: _Grid) -> int:
        if own is not None and own != _INVALID_SEED:
            return self.seeds.own(own, run[1])
        if not self.options.axes:
            return self.seeds.draw()
        if run not in grid.seeds:  # one seed for the whole grid: it compares the axes only
            grid.seeds[run] = self.seeds.draw()
        return grid.seeds[run]


def _too_many(line: int, limit: str) -> StudioError:
    return StudioError(
        tr("At line {line} the batch exceeds {limit}.", line=line, limit=limit),
        cause="invalid",
        cure=tr("Use fewer combinations or repeats, or split the file."),
    )


def _bind(node: Node, scope: Scope, texts: Mapping[str, str], *, parsed: bool) -> Node:
    if isinstance(node, str) and not parsed:
        node = parse(node)
    scope.count(work_of(node))
    return scope.bind(node, texts)


def _own_seed(values: Mapping[str, Any]) -> int | None:
    """Return the seed that a row names, None for none, or `_INVALID_SEED`."""
    value = values.get("seed")
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        seed = msgspec.convert(value, int, strict=False)
    except (msgspec.ValidationError, UnicodeEncodeError):
        return _INVALID_SEED
    if seed == _RANDOM_SEED:
        return None
    return seed if 0 <= seed <= MAX_SEED else _INVALID_SEED
