"""Reads the alternatives in the texts of a form, as a batch does."""

from __future__ import annotations

from pathlib import Path

import msgspec

from studio.batch.expand import Cells, Scope
from studio.batch.form_prompt.texts import (
    MAX_JOBS,
    Alternatives,
    Mode,
    PromptTexts,
    has_alternatives,
    have_alternatives,
)
from studio.batch.grammar import GrammarError, parse
from studio.batch.wildcards import Wildcards
from studio.core.requests import Request
from studio.core.translation import tr


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
            tr(
                "has {combinations:,} combinations, more than {maximum}; use a batch from a file",
                combinations=cells.count,
                maximum=MAX_JOBS,
            )
        )
    found = []
    for index in range(cells.count):
        seeded = request.with_seed()
        values = cells.resolve(index, seeded.seed or 0)
        found.append(msgspec.structs.replace(seeded, **values))
    return found


def _cells(texts: PromptTexts, folder: Path, combine: str) -> Cells:
    scope = Scope({}, Wildcards(folder))
    named = {name: text for name, text in texts._asdict().items() if has_alternatives(text, folder)}
    nodes = {name: scope.bind(parse(text), {}) for name, text in named.items()}
    # A text may turn out to have none: "{a|" is plain text.
    fixed = {name: node for name, node in nodes.items() if isinstance(node, str)}
    still_open = {name: node for name, node in nodes.items() if not isinstance(node, str)}
    return Cells(fixed, still_open, combine)
