"""Prompt templates: `Write a headline about {{topic}}`. Cells are inserted unchanged."""

from __future__ import annotations

import re

from studio.core.errors import StudioError
from studio.core.translation import tr

_COLUMN = re.compile(r"\{\{(\s*+[^{}\s][^{}]*+)\}\}")
_VARIABLE = re.compile(r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([^{}|$]{1,100})\})")


def columns(template: str) -> tuple[str, ...]:
    """Return the columns in a template, in order. Raises StudioError for unbalanced braces."""
    if "{{" not in template and "}}" not in template:
        return ()
    rest = _COLUMN.sub("", template)
    alternatives = "|" in rest and rest.count("{") == rest.count("}")  # {a|{b|c}}
    if ("{{" in rest or "}}" in rest) and not alternatives:
        raise StudioError(
            tr("The prompt template has unbalanced braces."),
            cause="invalid",
            cure=tr("Write {{column}}, as in: Write a headline about {{topic}}."),
        )
    return tuple(dict.fromkeys(name.strip() for name in _COLUMN.findall(template)))


def variables(text: str) -> set[str]:
    """Return the names of variables in a text."""
    return (
        {plain or braced.strip() for plain, braced in _VARIABLE.findall(text)}
        if "$" in text
        else set()
    )
