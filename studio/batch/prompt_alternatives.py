"""Alternatives in a prompt of a form: `{red|blue}`, `__animal__` and `[1..3]`, as in a batch.

A form is no batch file: a text without alternatives stays as it is, also with `$` and `__init__`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from studio.batch.expand import Cells, Scope
from studio.batch.grammar import GrammarError, parse
from studio.batch.wildcards import Wildcards
from studio.core.requests import Request

Mode = Literal["one", "all", "off"]
MAX_JOBS = 200
"""Of one click; a batch from a file may have more."""
# Linear in the text: each brace reads up to the next one.
_ALTERNATIVES = re.compile(
    r"\{[^{}|]*+\|"
    r"|\[\s*+[+-]?\d{1,15}(?:\.\d{1,15})?\s*+\.\.\s*+[+-]?\d"
)
_WILDCARD = re.compile(r"__(?!_)([^\s{}|$\[\]]{1,100}?)__")


class PromptTexts(NamedTuple):
    """The texts of a form that may have alternatives, named as in requests."""

    prompt: str = ""
    negative_prompt: str = ""


class Alternatives(msgspec.Struct, frozen=True):
    """What the texts of a form stand for."""

    count: int = 1
    """Number of combinations; 1 if there are no alternatives."""
    problem: str = ""
    """Why they cannot be read, which continues "The prompt …"."""


def have_alternatives(texts: PromptTexts, folder: Path) -> bool:
    """Return True if a text has alternatives. Reads no file, but looks for wildcard files."""
    return any(_is_open(text, folder) for text in texts)


def count_alternatives(texts: PromptTexts, folder: Path) -> Alternatives:
    """Count the combinations of all texts of a form. Reads wildcard files."""
    try:
        return Alternatives(_cells(texts, folder, "all").count)
    except GrammarError as error:
        return Alternatives(problem=str(error))


def expand(request: Request, mode: Mode, folder: Path) -> list[Request]:
    """Return the requests for one alternative, drawn by the seed, or for all of them.

    Raises InvalidRequestError, or GrammarError. Reads wildcard files.
    """
    values = msgspec.structs.asdict(request)
    texts = PromptTexts(*(values.get(name, "") for name in PromptTexts._fields))
    if mode == "off" or not have_alternatives(texts, folder):
        return [request]
    cells = _cells(texts, folder, "all" if mode == "all" else "random")
    if cells.count > MAX_JOBS:
        raise GrammarError(
            f"has {cells.count:,} combinations, more than {MAX_JOBS}; use a batch from a file"
        )
    found = []
    for index in range(cells.count):
        seeded = request.with_seed()
        values = cells.resolve(index, seeded.seed or 0)
        found.append(msgspec.structs.replace(seeded, **values))
    return found


def _is_open(text: str, folder: Path) -> bool:
    return _ALTERNATIVES.search(text) is not None or any(
        (folder / f"{found[1]}.txt").is_file() for found in _WILDCARD.finditer(text)
    )


def _cells(texts: PromptTexts, folder: Path, combine: str) -> Cells:
    scope = Scope({}, Wildcards(folder))
    named = {name: text for name, text in texts._asdict().items() if _is_open(text, folder)}
    nodes = {name: scope.bind(parse(text), {}) for name, text in named.items()}
    # A text may turn out to have none: "{a|" is plain text.
    fixed = {name: node for name, node in nodes.items() if isinstance(node, str)}
    still_open = {name: node for name, node in nodes.items() if not isinstance(node, str)}
    return Cells(fixed, still_open, combine)
