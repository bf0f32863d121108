"""Texts for the user in the TOML files of `resources/`, translated where they are shown."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import NamedTuple

from tools.translations.calls import ROOT, Message, Scan, Use, scan


class Rule(NamedTuple):
    """Which texts of some files are translated."""

    files: str
    """Pattern below `resources/`."""
    key: str
    """Of the text."""
    table: str = ""
    """Key of the list of tables that have it; empty for the document itself."""


RULES = (Rule("presets/*.toml", "title", "preset"),)


def scan_all() -> Scan:
    """Return what all calls of `studio/` use, with the texts of the resources."""
    found = scan()
    return Scan([*found.uses, *resource_uses()], found.problems)


def resource_uses() -> Iterator[Use]:
    """Yield the texts of all files."""
    for rule in RULES:
        for path in sorted((ROOT / "resources").glob(rule.files)):
            document = tomllib.loads(path.read_text(encoding="utf-8"))
            tables = document.get(rule.table, []) if rule.table else [document]
            for table in tables:
                if text := table.get(rule.key):
                    yield Use(Message(text), path.relative_to(ROOT).as_posix())
