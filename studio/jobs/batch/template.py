"""Prompts made from a row's columns: `Write a headline about {{topic}} for {{city}}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from studio.core.errors import Problem, StudioError

_COLUMN = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")


def columns(template: str) -> tuple[str, ...]:
    """Return the columns that a template wants, in their order. Raises StudioError where its braces do not match."""
    rest = _COLUMN.sub("", template)
    if "{{" in rest or "}}" in rest:
        raise StudioError(
            "The prompt template has braces that do not match.",
            cause="invalid",
            cure="Write {{column}}, as in: Write a headline about {{topic}}.",
        )
    return tuple(dict.fromkeys(_COLUMN.findall(template)))


def fill(template: str, row: Mapping[str, Any]) -> tuple[str, tuple[Problem, ...]]:
    """Return the prompt of a row, and which columns it lacks. What stands in a cell is never read as a template."""
    missing = [name for name in columns(template) if row.get(name) in (None, "")]
    if missing:
        return "", tuple(Problem("template", f"the row has nothing in the column {name[:60]!r}") for name in missing)
    return _COLUMN.sub(lambda found: str(row[found[1]]), template), ()
