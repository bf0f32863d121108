"""From a row's cells to the texts that they stand for: names are looked up, alternatives chosen,
sweeps gone through.

Everything is resolved before the run, and chance comes from the row's own seed, so that the same
file and seeds make the same requests. `grammar` says what a cell may hold.
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

Combine = Literal["random", "all", "off"]
COMBINE: dict[str, str] = {
    "random": "one drawn by the row's seed",
    "all": "every combination, a row each",
    "off": "texts as they stand, without $name, __file__, {a|b} and [1..3]",
}
MAX_NAMES = 8
"""Names that lead to names."""
MAX_PARTS = 4_000_000
"""Parts of texts that are read and looked up for one batch: 100 000 rows with forty each."""
MAX_WORK = 10_000_000
"""Parts that are drawn for one batch: 100 000 rows with a hundred each."""


def check_combine(combine: str) -> None:
    """Raise StudioError where it is no way to combine."""
    if combine not in COMBINE:
        raise StudioError(
            f"{combine[:40]!r} is no way to combine alternatives.",
            cause="invalid",
            cure=f"There are: {', '.join(COMBINE)}.",
        )


@dataclass
class Scope:
    """What names stand for, for a whole file: variables, whose values may hold the grammar, and
    wildcard files.
    """

    variables: Mapping[str, str]
    wildcards: Wildcards
    first: frozenset[str] = frozenset()
    """Variables that go before a row's column of that name."""
    work: list[int] = field(default_factory=lambda: [0])
    """Nodes that were looked up, in the one element; scopes of one batch share it."""
    _bound: dict[Name, Node] = field(default_factory=dict)
    _open: list[Name] = field(default_factory=list)

    def bind(self, node: Node, row: Mapping[str, str]) -> Node:
        """Return the node with every name replaced by what it stands for; a row's columns are taken
        as they stand.

        Raises GrammarError: a name that nothing has, or that leads to itself; a text that becomes
        too long.
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
        if (
            sum(map(length_of, parts)) > MAX_PROMPT_CHARACTERS
        ):  # before they are joined: ten references can be a gigabyte
            raise _too_long()
        return joined(parts)

    def count(self, parts: int) -> None:
        """Raise StudioError where so many parts more are too many for a batch."""
        self.work[0] += parts
        if self.work[0] > MAX_PARTS:
            raise too_much_work(MAX_PARTS)

    def _look_up(self, name: Name, row: Mapping[str, str]) -> Node:
        if name.kind == "column":
            if not row.get(name.name):
                others = ", ".join(sorted(column[:40] for column in row if column != name.name)[:8])
                it_has = f"; it has {others}" if others else ""
                raise GrammarError(f"the row has nothing in the column {name.name[:60]!r}{it_has}")
            return row[name.name]
        if name.kind == "variable" and name.name in row and name.name not in self.first:
            return row[name.name]
        if name not in self._bound:
            self._bound[name] = self._resolved(name)
        return self._bound[name]

    def _resolved(self, name: Name) -> Node:
        if name in self._open:
            raise GrammarError(f"has {_shown(name)}, which leads to itself")
        if len(self._open) >= MAX_NAMES:
            raise GrammarError(
                f"has {_shown(self._open[0])}, which leads to more than {MAX_NAMES} names, one "
                "after the other"
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
                    f"has {_shown(name)}, which nothing gives a value; write \\$ for the sign "
                    "itself"
                )
            return self.bind(parse(value), {})
        finally:
            self._open.pop()


def _checked(node: Choice | Joined) -> Node:
    if node.length > MAX_PROMPT_CHARACTERS:
        raise _too_long()
    return node


def _too_long() -> GrammarError:
    return GrammarError(f"becomes longer than {MAX_PROMPT_CHARACTERS:,} characters")


def too_much_work(most: int = MAX_WORK) -> StudioError:
    """Return the error for a batch whose texts have too many parts."""
    return StudioError(
        f"The texts of the batch have more than {most // 1_000_000} million names and alternatives "
        "together.",
        cause="invalid",
        cure="Use fewer of them, or split the file.",
    )


def _shown(name: Name) -> str:
    return f"${name.name[:60]}" if name.kind == "variable" else f"__{name.name[:60]}__"


def is_open(text: str, combine: str) -> bool:
    """True where a cell may stand for more than itself."""
    return combine != "off" and SPECIAL.search(text) is not None


@dataclass(slots=True)
class Cells:
    """A row's settings with what is still open in them: name → node, all names bound. It does not
    change.
    """

    fixed: Mapping[str, Any]
    open: Mapping[str, Node]
    combine: str
    count: int = field(init=False, default=1)
    """How many rows it makes."""
    drawn: bool = field(init=False, default=False)
    """True where chance decides about a setting."""

    def __post_init__(self) -> None:
        for name, node in self.open.items():
            self.count *= self._count(name, node)
            self.drawn = self.drawn or (self._is_random(name) and is_drawn(node))

    @property
    def length(self) -> int:
        """Characters of one row at most."""
        return sum(map(length_of, self.open.values()))

    @property
    def work(self) -> int:
        """Nodes that drawing one row goes through at most."""
        return sum(map(work_of, self.open.values()))

    def resolve(self, index: int, seed: int = 0) -> dict[str, Any]:
        """Return combination number `index`; chance comes from the seed, the prompt first, then the
        others by name.
        """
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
        # What a seed is cannot be drawn by the seed.
        return self.combine != "all" and name != "seed"

    def _count(self, name: str, node: Node) -> int:
        return swept_of(node) if self._is_random(name) else total_of(node)


def _no_chance() -> float:
    raise AssertionError("nothing is drawn")


def _pick(node: Node, index: int) -> str:
    """Return combination number `index` of all."""
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
    """Return combination number `index` of the sweeps that stand by themselves; all else is drawn,
    from left to right.
    """
    if isinstance(node, Joined):
        places = [0] * len(node.parts)
        if node.swept > 1:
            for at in range(len(node.parts) - 1, -1, -1):
                index, places[at] = divmod(index, swept_of(node.parts[at]))
        texts = []
        for part, place in zip(node.parts, places, strict=True):
            if isinstance(part, Choice) and not part.sweep:
                part = part.options[
                    int(chance() * len(part.options))
                ]  # as `_draw` does; 100 000 rows have many of them
                texts.append(part if isinstance(part, str) else _draw(part, chance))
            else:
                texts.append(part if isinstance(part, str) else _pick_swept(part, place, chance))
        return "".join(texts)
    if isinstance(node, Choice) and node.sweep:
        return _pick(node, index)
    return _draw(node, chance)


def _draw(node: Node, chance: Callable[[], float]) -> str:
    while isinstance(node, Choice):
        # `random()` is the one method whose sequence Python promises to keep.
        node = node.options[int(chance() * len(node.options))]
    if isinstance(node, Joined):
        return "".join(
            [part if isinstance(part, str) else _draw(part, chance) for part in node.parts]
        )
    assert isinstance(node, str)
    return node
