r"""The grammar of a cell that stands for more than one text: `{red|blue}`, `__animal__`, `$style`,
`[5..10 step 1]`.

    {a|b|c}            one of them; they may be nested. Braces without a | of their own are just
    braces
    __file__           a line of file.txt in the wildcards folder
    $name  ${name}     a variable; the first form takes A-Z a-z 0-9 _ [5..10 step 1]     every
    number from 5 to 10; the step is 1 where none is given \{ \| \} \$ \[ \__ the character itself;
    a backslash before anything else is a backslash, and two before one of these are one

A text is parsed into a node: a str, or a `Name`, `Choice` or `Joined`. Nothing is resolved here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

MAX_DEPTH = 16
"""Braces within braces."""
MAX_COMBINATIONS = 100_000
"""Rows that one batch makes at most; also the numbers of one sweep."""
MAX_PARTS = 20_000
"""Names, alternatives and braces of one text."""
_TOO_MANY = 10**9
"""Where counting stops, so that numbers stay small."""
_NUMBER = r"[+-]?\d{1,15}(?:\.\d{1,15})?"
SPECIAL = re.compile(r"[{$\[]|__|\\[}|]")
"""What a text has that is more than itself."""
_SWEEP = re.compile(
    rf"\[\s*({_NUMBER})\s*\.\.\s*({_NUMBER})(?:\s+step\s+({_NUMBER}))?\s*\]", re.ASCII
)
# Linear in the text: each part fails at its first character, or reads what no other attempt reads
# again.
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
    """A text that cannot be read; the message says why, for a person."""


@dataclass(frozen=True, slots=True)
class Name:
    """Something that is looked up: a variable, a wildcard file, or a column of the row."""

    kind: Literal["variable", "wildcard", "column"]
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """One of several. `ends` are the sums of combinations up to each option, where they are not one
    each.
    """

    options: tuple[Node, ...]
    sweep: bool
    total: int
    """Combinations, all alternatives counted."""
    length: int
    """Characters at most."""
    ends: tuple[int, ...] = ()
    work: int = 1
    """Nodes that drawing one of its texts goes through at most."""
    named: bool = False
    """True where names are to be looked up in it."""


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """One after the other."""

    parts: tuple[Node, ...]
    total: int
    swept: int
    """Combinations of its sweeps alone."""
    length: int
    drawn: bool
    """True where chance decides about a part, unless all combinations are wanted."""
    work: int
    """Nodes that drawing one of its texts goes through at most."""
    named: bool
    """True where names are to be looked up in it."""


Node = str | Name | Choice | Joined


def total_of(node: Node) -> int:
    """Return how many texts a bound node stands for, all alternatives counted."""
    return node.total if isinstance(node, (Choice, Joined)) else 1


def swept_of(node: Node) -> int:
    """Return how many texts the sweeps of a bound node stand for, alternatives counted once."""
    if isinstance(node, Joined):
        return node.swept
    return node.total if isinstance(node, Choice) and node.sweep else 1


def length_of(node: Node) -> int:
    """Return the characters of the longest text that a bound node stands for."""
    return len(node) if isinstance(node, str) else 0 if isinstance(node, Name) else node.length


def work_of(node: Node) -> int:
    """Return how many nodes drawing one text of a node goes through at most."""
    return node.work if isinstance(node, (Choice, Joined)) else 1


def is_named(node: Node) -> bool:
    """True where names are to be looked up in a node."""
    return not isinstance(node, str) and (isinstance(node, Name) or node.named)


def is_drawn(node: Node) -> bool:
    """True where chance decides about a bound node."""
    return node.drawn if isinstance(node, Joined) else isinstance(node, Choice) and not node.sweep


def choice(options: Iterable[Node], *, sweep: bool = False) -> Choice:
    """Return one of the options."""
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
    """Return the parts one after the other, as simply as it can be said."""
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


@functools.lru_cache(maxsize=16)  # each cell of a grid asks for the same texts
def parse(text: str, *, columns: bool = False, only_columns: bool = False) -> Node:
    """Return the text as a node. `columns`: `{{name}}` is a column of the row; `only_columns`: and
    all else is as it stands.

    Raises GrammarError.
    """
    if SPECIAL.search(text) is None:
        return text
    reader = _Reader(text)
    place = 0
    while found := _TOKEN.search(text, place):
        reader.add(text[place : found.start()])
        place = found.end()
        if found["column"] is not None and columns and found["of"].strip():
            reader.add(Name("column", found["of"].strip()))
        elif only_columns:
            reader.add(found.group())
        else:
            place = reader.read(found)
    reader.add(text[place:])
    return reader.end()


class _Reader:
    """Nested braces as a stack: what stands before them, and their options so far."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[tuple[list[Node], list[Node]]] = []
        """(parts before the brace, options that are complete)."""
        self._parts: list[Node] = []
        self._count = 0
        self._numbers = 0

    def add(self, part: Node) -> None:
        if part != "":
            self._parts.append(part)

    def read(self, found: re.Match[str]) -> int:
        """Read a token; return where to go on."""
        self._count += 1
        if self._count > MAX_PARTS:
            raise GrammarError(f"has more than {MAX_PARTS:,} names, alternatives and braces")
        if found["escape"] is not None:
            return self.escape(found)
        if found["sweep"] is not None:
            return self.sweep(found.start())
        if found["column"] is not None:  # two braces, of which each stands for itself
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
        """Halve the backslashes; an odd one takes the next character as it stands. Returns where to
        go on.
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
                f"has {shown!r}, which is no sweep; write [5..10 step 1], or \\[ for the bracket "
                "itself"
            )
        self.add(
            choice(numbers(*found.groups(), most=MAX_COMBINATIONS - self._numbers), sweep=True)
        )
        self._numbers += total_of(self._parts[-1])
        return found.end()

    def brace(self, sign: str) -> None:
        if sign == "{":
            if len(self._open) >= MAX_DEPTH:
                raise GrammarError(f"has more than {MAX_DEPTH} braces within each other")
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
                    "has a { with alternatives that no } ends; write \\{ for the brace itself"
                )
            before += ["{", *self._parts]
            self._parts = before
        return joined(self._parts)


def numbers(
    first: str, last: str, step: str | None = None, *, most: int = MAX_COMBINATIONS
) -> list[str]:
    """Return the numbers of a sweep as texts, without rounding errors. Raises GrammarError where
    they are more than `most`.
    """
    begin, end, by = Decimal(first), Decimal(last), abs(Decimal(step or "1"))
    if not by:
        raise GrammarError(f"has a sweep from {first} to {last} with the step 0")
    count = int(abs(end - begin) / by) + 1
    if count > most:
        raise GrammarError(f"has a sweep of {count:,} numbers; {MAX_COMBINATIONS:,} are the most")
    by = by if end >= begin else -by
    return [_plain(begin + number * by) for number in range(count)]


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "+0") else text
