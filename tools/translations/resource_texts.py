"""Texts for the user in the TOML files of `resources/`, translated where they are shown."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from tools.translations.calls import ROOT, Message, Scan, Use, scan

EACH = "*"


class Rule(NamedTuple):
    """Which texts of some files are translated."""

    files: str
    """Pattern below `resources/`."""
    key: str
    """Of the text."""
    table: str = ""
    """Key of the list of tables that have it; EACH: all tables; empty: the document itself."""


RULES = (
    Rule("presets/*.toml", "title", "preset"),
    Rule("models/*.toml", "description"),
    Rule("models/*.toml", "title", "voices"),
    Rule("licenses.toml", "summary", EACH),
    Rule("tasks/*.toml", "title"),
    Rule("tasks/*.toml", "description"),
    Rule("tasks/*.toml", "title", "field"),
    Rule("tasks/*.toml", "description", "field"),
    Rule("tasks/*.toml", "choices", "field"),
)


def scan_all() -> Scan:
    """Return what all calls of `studio/` use, with the texts of the resources."""
    found = scan()
    return Scan([*found.uses, *resource_uses()], found.problems)


def resource_uses() -> Iterator[Use]:
    """Yield the texts of all files."""
    for rule in RULES:
        for path in sorted((ROOT / "resources").glob(rule.files)):
            document = tomllib.loads(path.read_text(encoding="utf-8"))
            for table in _tables(document, rule.table):
                context = "choice" if rule.key == "choices" else ""
                for text in _texts(table.get(rule.key)):
                    yield Use(Message(text, context=context), path.relative_to(ROOT).as_posix())


def _texts(value: str | list[str] | None) -> Iterable[str]:
    """Return a text, or those of a list that are English."""
    if isinstance(value, list):
        return [text for text in value if text.isascii()]
    return [value] if value else []


def _tables(document: dict[str, Any], name: str) -> Iterable[dict[str, Any]]:
    if name == EACH:
        return document.values()
    return document.get(name, []) if name else [document]
