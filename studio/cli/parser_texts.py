"""Texts of typer and click, which find their translations in our catalog (`cli/language.py`).

A text that an installed version words otherwise, or does not look up, stays English.
"""

from __future__ import annotations

from studio.core.translation import mark

TEXTS = (
    mark("Usage:"),
    mark("Options"),
    mark("Arguments"),
    mark("Commands"),
    mark("Show this message and exit."),
    mark("required"),
    mark("default: {default}"),
    mark("env var: {var}"),
    mark("Aborted!"),
    mark("Missing command."),
    mark("No such command {name!r}."),
)
