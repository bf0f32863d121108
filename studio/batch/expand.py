"""Expand the cells of a row: resolve names, choose alternatives, run through sweeps.

All of this happens before the run. Random choices use the row's seed, so that the same file and
seeds produce the same requests. `grammar` defines what a cell may contain.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from studio.batch.grammar import (
    SPECIAL,
    Choice,
    GrammarError,
    Joined,
    Name,
    Node,
    choice,
    is_drawn,
    joined,
    length_of,
    parse,
    swept_of,
    total_of,
    work_of,
)
from studio.batch.wildcards import Wildcards
from studio.core.errors import StudioError
from studio.core.requests.base import MAX_PROMPT_CHARACTERS
from studio.core.translation import mark, tr

Combine = Literal["random", "all", "off"]
COMBINE: dict[str, str] = {
    "random": mark("one, selected by the row's seed"),
    "all": mark("every combination, a row each"),
    "off": mark("texts unchanged, without $name, __file__, {a|b} and [1..3]"),
}
MAX_NAMES = 8
"""Nesting depth of names that refer to names."""
MAX_PARTS = 4_000_000
"""Parts of texts that one batch parses and resolves: 100 000 rows with forty each."""
MAX_WORK = 10_000_000
"""Parts that one batch draws: 100 000 rows with a hundred each."""


def check_combine(combine: str) -> None:
    """Raise StudioError for an unknown way to combine alternatives."""
    if combine not in COMBINE:
        raise StudioError(
            tr("{name} is not a way to combine alternatives.", name=repr(combine[:40])),
            cause="invalid",
            cure=tr("Use one of: {names}.", names=", ".join(COMBINE)),
        )


@dataclass
class Scope:
    """The names of a whole file: variables, which may use the grammar, and wildcard files."""

    variables: Mapping[str, str]
    wildcards: Wildcards
    overrides: frozenset[str] = frozenset()
    """Variables that take precedence over a row's column of that name."""
    work: list[int] = field(default_factory=lambda: [0])
    """The number of resolved nodes, in a list of one element that the scopes of a batch share."""
    _bound: dict[Name, Node] = field(default_factory=dict)
    _open: list[Name] = field(default_factory=list)

    def bind(self, node: Node, row: Mapping[str, str]) -> Node:
        """Return the node with all names replaced by their values; columns are inserted unchanged.

        Raises GrammarError for an unknown name, one that refers to itself, or a text that is too
        long.
        """
        if isinstance(node, str):
            return node
        if isinstance(node, Name):
            return self._look_up(node, row)
        if not node.named:
            return _checked(node)
        self.count(len(node.options if isinstance(node, Choice) else node.parts))
        if isinstance(node, Choice):
            return choice((self.bind(option, row) for option in node.options), sweep=node.sweep)
        parts = [self.bind(part, row) for part in node.parts]
        # Checked before joining: ten references can be a gigabyte.
        if sum(map(length_of, parts)) > MAX_PROMPT_CHARACTERS:
            raise _too_long()
        return joined(parts)

    def count(self, parts: int) -> None:
        """Count resolved nodes. Raises StudioError above the limit of a batch."""
        self.work[0] += parts
        if self.work[0] > MAX_PARTS:
            raise too_much_work(MAX_PARTS)

    def _look_up(self, name: Name, row: Mapping[str, str]) -> Node:
        if name.kind == "column":
            if not row.get(name.name):
                others = ", ".join(sorted(column[:40] for column in row if column != name.name)[:8])
                column = repr(name.name[:60])
                raise GrammarError(
                    tr(
                        "the row has no value in the column {column}; it has {others}",
                        column=column,
                        others=others,
                    )
                    if others
                    else tr("the row has no value in the column {column}", column=column)
                )
            return row[name.name]
        if name.kind == "variable" and name.name in row and name.name not in self.overrides:
            return row[name.name]
        if name not in self._bound:
            self._bound[name] = self._resolved(name)
        return self._bound[name]

    def _resolved(self, name: Name) -> Node:
        if name in self._open:
            raise GrammarError(tr("has {name}, which refers to itself", name=_shown(name)))
        if len(self._open) >= MAX_NAMES:
            raise GrammarError(
                tr(
                    "has {name}, which nests more than {maximum} names",
                    name=_shown(self._open[0]),
                    maximum=MAX_NAMES,
                )
            )
        self._open.append(name)
        try:
            if name.kind == "wildcard":
                return choice(
                    self.bind(parse(line), {}) for line in self.wildcards.lines(name.name)
                )
            value = self.variables.get(name.name)
            if value is None:
                raise GrammarError(
                    tr(
                        "has {name}, which has no value; write \\$ for the sign itself",
                        name=_shown(name),
                    )
                )
            return self.bind(parse(value), {})
        finally:
            self._open.pop()


def _checked(node: Choice | Joined) -> Node:
    if node.length > MAX_PROMPT_CHARACTERS:
        raise _too_long()
    return node


def _too_long() -> GrammarError:
    return GrammarError(
        tr("expands to more than {maximum:,} characters", maximum=MAX_PROMPT_CHARACTERS)
    )


def too_much_work(most: int = MAX_WORK) -> StudioError:
    """Return the error for a batch whose texts have too many parts."""
    return StudioError(
        tr(
            "The texts of the batch contain more than {maximum} million names and alternatives.",
            maximum=most // 1_000_000,
        ),
        cause="invalid",
        cure=tr("Use fewer of them, or split the file."),
    )


def _shown(name: Name) -> str:
    return f"${name.name[:60]}" if name.kind == "variable" else f"__{name.name[:60]}__"


def is_open(text: str, combine: str) -> bool:
    """Return True for a text that may expand to other texts."""
    return combine != "off" and SPECIAL.search(text) is not None


@dataclass(slots=True)
class Cells:
    """A row's settings, fixed ones and ones still to expand (name → bound node). Immutable."""

    fixed: Mapping[str, Any]
    open: Mapping[str, Node]
    combine: str
    count: int = field(init=False, default=1)
    """The number of rows that they expand to."""
    drawn: bool = field(init=False, default=False)
    """True if a setting is chosen at random."""

    def __post_init__(self) -> None:
        for name, node in self.open.items():
            self.count *= self._count(name, node)
            self.drawn = self.drawn or (self._is_random(name) and is_drawn(node))

    @property
    def length(self) -> int:
        """The maximum number of characters of one row."""
        return sum(map(length_of, self.open.values()))

    @property
    def work(self) -> int:
        """The maximum number of nodes visited to draw one row."""
        return sum(map(work_of, self.open.values()))

    def resolve(self, index: int, seed: int = 0) -> dict[str, Any]:
        """Return combination `index`; draw alternatives by `seed`: prompt first, then by name."""
        values = dict(self.fixed)
        if not self.open:
            return values
        chance = random.Random(seed).random if self.drawn else _no_chance
        places: dict[str, int] = {}
        order = sorted(self.open, key=lambda name: (name != "prompt", name))
        for name in reversed(order):  # the last one changes fastest
            index, places[name] = divmod(index, self._count(name, self.open[name]))
        for name in order:
            if self._is_random(name):
                values[name] = _pick_swept(self.open[name], places[name], chance)
            else:
                values[name] = _pick(self.open[name], places[name])
        return values

    def _is_random(self, name: str) -> bool:
        # The seed cannot select the seed.
        return self.combine != "all" and name != "seed"

    def _count(self, name: str, node: Node) -> int:
        return swept_of(node) if self._is_random(name) else total_of(node)


def _no_chance() -> float:
    raise AssertionError("nothing is drawn")


def _pick(node: Node, index: int) -> str:
    """Return combination `index` of all alternatives."""
    if isinstance(node, Choice):
        if not node.ends:
            option = node.options[index]
            assert isinstance(option, str)
            return option
        place = bisect_right(node.ends, index)
        return _pick(node.options[place], index - (node.ends[place - 1] if place else 0))
    if isinstance(node, Joined):
        texts = []
        for part in reversed(node.parts):
            index, place = divmod(index, total_of(part))
            texts.append(_pick(part, place))
        return "".join(reversed(texts))
    assert isinstance(node, str)
    return node


def _pick_swept(node: Node, index: int, chance: Callable[[], float]) -> str:
    """Return combination `index` of the top-level sweeps; draw all other choices, left to right."""
    if isinstance(node, Joined):
        places = [0] * len(node.parts)
        if node.swept > 1:
            for at in range(len(node.parts) - 1, -1, -1):
                index, places[at] = divmod(index, swept_of(node.parts[at]))
        texts = []
        for part, place in zip(node.parts, places, strict=True):
            if isinstance(part, Choice) and not part.sweep:
                # Inlined from `_draw`, for speed.
                part = part.options[int(chance() * len(part.options))]
                texts.append(part if isinstance(part, str) else _draw(part, chance))
            else:
                texts.append(part if isinstance(part, str) else _pick_swept(part, place, chance))
        return "".join(texts)
    if isinstance(node, Choice) and node.sweep:
        return _pick(node, index)
    return _draw(node, chance)


def _draw(node: Node, chance: Callable[[], float]) -> str:
    while isinstance(node, Choice):
        # Python guarantees a stable sequence only for `random()`.
        node = node.options[int(chance() * len(node.options))]
    if isinstance(node, Joined):
        return "".join(
            [part if isinstance(part, str) else _draw(part, chance) for part in node.parts]
        )
    assert isinstance(node, str)
    return node
