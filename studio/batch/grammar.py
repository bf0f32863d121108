r"""Parse cells with alternatives: `{red|blue}`, `__animal__`, `$style`, `[5..10 step 1]`.

    {a|b|c}            one of the options, which may be nested; braces without | are plain text
    __file__           a line of file.txt in the wildcards folder
    $name  ${name}     a variable; the first form allows A-Z a-z 0-9 _
    [5..10 step 1]     every number from 5 to 10; the step defaults to 1
    \{ \| \} \$ \[ \__ the character itself; \\ before one of these is a backslash

A text becomes a node: a str, or a `Name`, `Choice` or `Joined`. Nothing is resolved here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from studio.core.translation import tr

MAX_DEPTH = 16
"""Nesting depth of braces."""
MAX_COMBINATIONS = 100_000
"""The maximum number of rows of a batch, and of numbers in a sweep."""
MAX_PARTS = 20_000
"""The maximum number of names, alternatives and braces in a text."""
_TOO_MANY = 10**9
"""Counting stops here, to keep the numbers small."""
_NUMBER = r"[+-]?\d{1,15}(?:\.\d{1,15})?"
SPECIAL = re.compile(r"[{$\[]|__|\\[}|]")
"""Finds anything in a text that the grammar may expand."""
_SWEEP = re.compile(
    rf"\[\s*({_NUMBER})\s*\.\.\s*({_NUMBER})(?:\s+step\s+({_NUMBER}))?\s*\]", re.ASCII
)
# Linear in the text: each alternative fails at its first character, or consumes text that no other
# attempt reads again.
_TOKEN = re.compile(
    r"(?P<escape>(?<!\\)\\++(?=[{}|$\[]|__))"
    r"|(?P<column>\{\{(?P<of>[^{}]*+)\}\})"
    r"|(?P<brace>[{}|])"
    r"|(?P<variable>\$(?:(?P<plain>[A-Za-z_]\w*)|\{(?P<braced>[^{}|$]{1,100})\}))"
    r"|(?P<wildcard>__(?!_)(?P<file>[^\s{}|$\[\]]{1,100}?)__)"
    rf"|(?P<sweep>\[\s*+{_NUMBER}\s*+\.\.)",
    re.ASCII,
)
_LETTERS = re.compile(r"__|[{}|$\[]")


class GrammarError(ValueError):
    """A text that cannot be parsed; the message, for the user, continues "the text …"."""


@dataclass(frozen=True, slots=True)
class Name:
    """A reference to a variable, a wildcard file, or a column of the row."""

    kind: Literal["variable", "wildcard", "column"]
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """One of several options. `ends`: cumulated combinations, unless each option has one."""

    options: tuple[Node, ...]
    sweep: bool
    total: int
    """Combinations of all alternatives."""
    length: int
    """The maximum number of characters."""
    ends: tuple[int, ...] = ()
    work: int = 1
    """The maximum number of nodes visited to draw one text."""
    named: bool = False
    """True if it contains unresolved names."""


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """A sequence of nodes."""

    parts: tuple[Node, ...]
    total: int
    swept: int
    """Combinations of its sweeps alone."""
    length: int
    drawn: bool
    """True if a part is chosen at random, unless all combinations are requested."""
    work: int
    """The maximum number of nodes visited to draw one text."""
    named: bool
    """True if it contains unresolved names."""


Node = str | Name | Choice | Joined


def total_of(node: Node) -> int:
    """Return how many texts a bound node can produce, all alternatives counted."""
    return node.total if isinstance(node, (Choice, Joined)) else 1


def swept_of(node: Node) -> int:
    """Return how many texts the sweeps of a bound node produce, alternatives counted once."""
    if isinstance(node, Joined):
        return node.swept
    return node.total if isinstance(node, Choice) and node.sweep else 1


def length_of(node: Node) -> int:
    """Return the maximum number of characters that a bound node can produce."""
    return len(node) if isinstance(node, str) else 0 if isinstance(node, Name) else node.length


def work_of(node: Node) -> int:
    """Return the maximum number of nodes visited to draw one text of a node."""
    return node.work if isinstance(node, (Choice, Joined)) else 1


def is_named(node: Node) -> bool:
    """Return True for a node that contains unresolved names."""
    return not isinstance(node, str) and (isinstance(node, Name) or node.named)


def is_drawn(node: Node) -> bool:
    """Return True for a bound node with a random choice."""
    return node.drawn if isinstance(node, Joined) else isinstance(node, Choice) and not node.sweep


def choice(options: Iterable[Node], *, sweep: bool = False) -> Choice:
    """Return a node that is one of the options."""
    nodes = tuple(options)
    ends: tuple[int, ...] = ()
    total, work, named = len(nodes), 1, False
    if any(not isinstance(node, str) for node in nodes):
        sums, total = [], 0
        for node in nodes:
            total = min(total + total_of(node), _TOO_MANY)
            sums.append(total)
        ends, work = tuple(sums), min(1 + max(map(work_of, nodes)), _TOO_MANY)
        named = any(map(is_named, nodes))
    return Choice(nodes, sweep, total, max(map(length_of, nodes), default=0), ends, work, named)


def joined(parts: Iterable[Node]) -> Node:
    """Return a node for the parts in sequence, with neighboring texts merged."""
    merged: list[Node] = []
    texts: list[str] = []
    for part in parts:
        for piece in part.parts if isinstance(part, Joined) and len(part.parts) < 8 else (part,):
            if isinstance(piece, str):
                texts.append(piece)
                continue
            if texts:
                merged.append("".join(texts))
                texts = []
            merged.append(piece)
    text = "".join(texts)
    if not merged:
        return text
    merged += [text] if text else []
    if len(merged) == 1:
        return merged[0]
    total = swept = 1
    for node in merged:
        total, swept = (
            min(total * total_of(node), _TOO_MANY),
            min(swept * swept_of(node), _TOO_MANY),
        )
    length, work = (
        min(sum(map(length_of, merged)), _TOO_MANY),
        min(1 + sum(map(work_of, merged)), _TOO_MANY),
    )
    return Joined(
        tuple(merged),
        total,
        swept,
        length,
        any(map(is_drawn, merged)),
        work,
        any(map(is_named, merged)),
    )


@functools.lru_cache(maxsize=16)  # the cells of a grid share their texts
def parse(text: str, *, columns: bool = False, only_columns: bool = False) -> Node:
    """Parse a text. Raises GrammarError.

    `columns`: `{{name}}` is a column of the row. `only_columns`: all else is plain text.
    """
    if SPECIAL.search(text) is None:
        return text
    reader = _Reader(text)
    position = 0
    while found := _TOKEN.search(text, position):
        reader.add(text[position : found.start()])
        position = found.end()
        if found["column"] is not None and columns and found["of"].strip():
            reader.add(Name("column", found["of"].strip()))
        elif only_columns:
            reader.add(found.group())
        else:
            position = reader.read(found)
    reader.add(text[position:])
    return reader.end()


class _Reader:
    """Parses nested braces with a stack of preceding parts and finished options."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[tuple[list[Node], list[Node]]] = []
        """(parts before the brace, finished options) of each open brace."""
        self._parts: list[Node] = []
        self._count = 0
        self._numbers = 0

    def add(self, part: Node) -> None:
        if part != "":
            self._parts.append(part)

    def read(self, found: re.Match[str]) -> int:
        """Process a token; return the position to continue at."""
        self._count += 1
        if self._count > MAX_PARTS:
            raise GrammarError(
                tr("has more than {maximum:,} names, alternatives and braces", maximum=MAX_PARTS)
            )
        if found["escape"] is not None:
            return self.escape(found)
        if found["sweep"] is not None:
            return self.sweep(found.start())
        if found["column"] is not None:  # two literal braces
            self.brace("{")
            return found.start() + 1
        if found["brace"] is not None:
            self.brace(found["brace"])
        elif found["variable"] is not None:
            self.add(Name("variable", found["plain"] or found["braced"].strip()))
        else:
            self.add(Name("wildcard", found["file"]))
        return found.end()

    def escape(self, found: re.Match[str]) -> int:
        """Halve the backslashes; after an odd number, take the next character literally.

        Returns the position to continue at.
        """
        count, end = len(found.group()), found.end()
        self.add("\\" * (count // 2))
        if count % 2 == 0:
            return end
        special = _LETTERS.match(self._text, end)
        assert special is not None
        self.add(special.group())
        return special.end()

    def sweep(self, start: int) -> int:
        found = _SWEEP.match(self._text, start)
        if found is None:
            shown = self._text[start : start + 30].partition("\n")[0]
            raise GrammarError(
                tr(
                    "has {text}, which is not a sweep; write [5..10 step 1], or \\[ for the "
                    "bracket itself",
                    text=repr(shown),
                )
            )
        self.add(
            choice(numbers(*found.groups(), most=MAX_COMBINATIONS - self._numbers), sweep=True)
        )
        self._numbers += total_of(self._parts[-1])
        return found.end()

    def brace(self, sign: str) -> None:
        if sign == "{":
            if len(self._open) >= MAX_DEPTH:
                raise GrammarError(tr("nests more than {maximum} braces", maximum=MAX_DEPTH))
            self._open.append((self._parts, []))
            self._parts = []
        elif not self._open:
            self.add(sign)
        elif sign == "|":
            self._open[-1][1].append(joined(self._parts))
            self._parts = []
        else:
            before, options = self._open.pop()
            before += (
                [choice([*options, joined(self._parts)])] if options else ["{", *self._parts, "}"]
            )
            self._parts = before

    def end(self) -> Node:
        while self._open:
            before, options = self._open.pop()
            if options:
                raise GrammarError(
                    tr(
                        "has a {brace} with alternatives but no {closing}; write {escaped} for the "
                        "brace itself",
                        brace="{",
                        closing="}",
                        escaped="\\{",
                    )
                )
            before += ["{", *self._parts]
            self._parts = before
        return joined(self._parts)


def numbers(
    first: str, last: str, step: str | None = None, *, most: int = MAX_COMBINATIONS
) -> list[str]:
    """Return the numbers of a sweep as texts, without rounding errors.

    Raises GrammarError above `most` numbers.
    """
    begin, end, by = Decimal(first), Decimal(last), abs(Decimal(step or "1"))
    if not by:
        raise GrammarError(
            tr("has a sweep from {first} to {last} with the step 0", first=first, last=last)
        )
    count = int(abs(end - begin) / by) + 1
    if count > most:
        raise GrammarError(
            tr(
                "has a sweep of {numbers:,} numbers; the maximum is {maximum:,}",
                numbers=count,
                maximum=MAX_COMBINATIONS,
            )
        )
    by = by if end >= begin else -by
    return [_plain(begin + number * by) for number in range(count)]


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "+0") else text
