"""Writes the tables of models in docs/models.md: `python -m tools.models_table docs/models.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from studio.core.files import write_whole
from studio.core.kinds import KINDS
from studio.models.catalog import CatalogEntry, catalog_entries, how_to_get, why_not_run
from studio.models.memory.hardware import memory_needs

BEGIN, END = "<!-- table: made by tools.models_table -->", "<!-- end of table -->"
_COLUMNS = (
    "Model",
    "Task",
    "Size",
    "License",
    "Commercial use",
    "Memory at 16, 8, 4-bit",
    "Languages",
    "How to get it",
)


def table() -> str:
    """Return the tables, one per kind, between their markers."""
    parts = [BEGIN]
    for name, kind in KINDS.items():
        entries = [entry for entry in catalog_entries() if entry.card.kind == name]
        if not entries:  # clips need no model
            continue
        parts += [
            "",
            f"### {kind.title}",
            "",
            _line(_COLUMNS),
            _line("---" for _column in _COLUMNS),
        ]
        parts += [
            _line(_cells(entry))
            for entry in sorted(entries, key=lambda entry: entry.card.title.casefold())
        ]
    return "\n".join([*parts, "", END])


def renewed(text: str) -> str:
    """Return a document with its tables replaced."""
    before, _begin, rest = text.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    return before + table() + after


def _line(cells: Iterator[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(entry: CatalogEntry) -> tuple[str, ...]:
    card = entry.card
    size = card.size or (entry.download.size if entry.download else 0)
    mark = " (not yet)" if why_not_run(card) else ""
    return (
        f"{card.title}{mark}",
        ", ".join(card.tasks),
        f"{size / 1e9:.3g} GB" if size else "",
        card.license,
        card.commercial or "",
        _memory(entry),
        ", ".join(card.languages),
        how_to_get(entry),
    )


def _memory(entry: CatalogEntry) -> str:
    known = memory_needs(entry.card)
    if known is None:
        return ""
    sizes = [f"{size / 1e9:.3g}" for size in (known[0].bf16, known[0].int8, known[0].int4) if size]
    return ("≈ " if known[1] else "") + " / ".join(sizes) + " GB"


def main() -> int:
    """Replace the tables of a document; the entry point."""
    path = Path(sys.argv[1])
    write_whole(path, renewed(path.read_text(encoding="utf-8")).encode(), replace=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
