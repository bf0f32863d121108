"""Prompts made from a row's columns: `Write a headline about {{topic}} for {{city}}`. What stands
in a cell is taken as it is.
"""

from __future__ import annotations

import re

from studio.core.errors import StudioError

_COLUMN = re.compile(r"\{\{(\s*+[^{}\s][^{}]*+)\}\}")
_VARIABLE = re.compile(r"\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([^{}|$]{1,100})\})")


def columns(template: str) -> tuple[str, ...]:
    """Return the columns that a template wants, in their order. Raises StudioError where its braces
    do not match.
    """
    if "{{" not in template and "}}" not in template:
        return ()
    rest = _COLUMN.sub("", template)
    alternatives = "|" in rest and rest.count("{") == rest.count("}")  # {a|{b|c}}
    if ("{{" in rest or "}}" in rest) and not alternatives:
        raise StudioError(
            "The prompt template has braces that do not match.",
            cause="invalid",
            cure="Write {{column}}, as in: Write a headline about {{topic}}.",
        )
    return tuple(dict.fromkeys(name.strip() for name in _COLUMN.findall(template)))


def variables(text: str) -> set[str]:
    """Return the names of the variables that a text may use."""
    return (
        {plain or braced.strip() for plain, braced in _VARIABLE.findall(text)}
        if "$" in text
        else set()
    )
