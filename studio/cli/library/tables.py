"""How `studio library` prints items."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import msgspec
from rich.cells import cell_len, set_cell_size

from studio.core.file_names import printable
from studio.core.translation import tr
from studio.library.foreign.metadata import describe
from studio.library.foreign.reader import read_foreign
from studio.library.items import MAX_RATING, Annotation, Item
from studio.library.library import Library

_PROMPT_CELLS = 48
_MODEL_CELLS = 20


def item_json(item: Item, annotation: Annotation) -> dict[str, Any]:
    """Return an item with a person's notes for JSON."""
    return {**msgspec.to_builtins(item), **notes_json(annotation)}


def notes_json(annotation: Annotation) -> dict[str, Any]:
    """Return a person's notes for JSON, empty ones too."""
    return {
        "rating": annotation.rating,
        "favorite": annotation.favorite,
        "note": annotation.note,
        "tags": annotation.tags,
        "collections": annotation.collections,
    }


def items_json(library: Library, items: list[Item]) -> list[dict[str, Any]]:
    """Return items with a person's notes for JSON."""
    notes = library.index.annotations([item.id for item in items])
    return [item_json(item, notes.get(item.id, Annotation())) for item in items]


def line_of(item: Item) -> str:
    """Return one line about an item: time, kind, stars, model, first words, path."""
    day = time.strftime("%Y-%m-%d %H:%M", time.localtime(item.created))
    mark = "♥" if item.favorite else " "
    words = item.prompt or item.excerpt
    gone = f"  {tr('(missing)')}" if item.missing else ""
    return (
        f"{day}  {item.kind or item.media:7}{stars(item.rating)}{mark} "
        f"{_cell(item.model, _MODEL_CELLS)} {_cell(words, _PROMPT_CELLS)} "
        f"{printable(item.path)}{gone}"
    )


def stars(rating: int) -> str:
    """Return a rating as stars, five characters wide."""
    return "★" * rating + "·" * (MAX_RATING - rating) if rating else " " * MAX_RATING


def _cell(text: str, cells: int) -> str:
    """Return a text on one line, exactly this wide; Chinese characters take two cells."""
    line = printable(" ".join(text[: 4 * cells].split()))
    if cell_len(line) > cells:
        return f"{set_cell_size(line, cells - 1)}…"
    return set_cell_size(line, cells)


def details(library: Library, item: Item) -> list[str]:
    """Return lines about everything that the library knows of an item."""
    notes = library.index.annotation(item.id)
    made_from = [
        f"{role}: {_name_of(library, sha256)}"
        for role, sha256 in library.index.parents(item.id).items()
    ]
    made = [printable(child.path) for child in library.index.children(item.sha256)]
    rows = {
        tr("File"): printable(item.path) + (f" {tr('(missing)')}" if item.missing else ""),
        tr("Kind"): item.kind or item.media,
        tr("Made", context="a result"): time.strftime(
            "%Y-%m-%d %H:%M:%S", time.localtime(item.created)
        ),
        tr("By", context="a result"): printable(item.program),
        tr("Model"): printable(item.model),
        tr("Prompt"): printable(" ".join(item.prompt.split())),
        tr("Text"): printable(item.excerpt),
        tr("Seed"): "" if item.seed is None else str(item.seed),
        tr("Score"): "" if item.score is None else f"{item.score:.3f}",
        tr("Size"): tr("{count:,} bytes", count=item.size),
        tr("Pixels"): f"{item.width} × {item.height}" if item.width else "",
        tr("Duration"): tr("{seconds:.1f} s", seconds=item.duration) if item.duration else "",
        tr("Batch"): printable(item.batch),
        tr("Partial"): tr("yes, the job was cancelled") if item.partial else "",
        tr("Rating"): stars(item.rating).strip(),
        tr("Favorite"): tr("yes") if item.favorite else "",
        tr("Tags"): printable(", ".join(notes.tags)),
        tr("Collections"): printable(", ".join(notes.collections)),
        tr("Note"): printable(" ".join(notes.note.split())),
        tr("Made from"): "\n               ".join(made_from),
        tr("Used for"): "\n               ".join(made),
        "SHA-256": item.sha256,
        "Id": str(item.id),
    }
    return [
        printable(Path(item.path).name),
        *(f"  {set_cell_size(name, 13)}{value}" for name, value in rows.items() if value),
        *_settings_lines(item),
    ]


def foreign_settings(item: Item) -> list[tuple[str, str]]:
    """Return the names and values of all settings that another program wrote into an image."""
    if item.media != "image" or item.program == "Studio":
        return []
    metadata = read_foreign(Path(item.path))
    return [] if metadata is None else describe(metadata)


def _settings_lines(item: Item) -> list[str]:
    settings = foreign_settings(item)
    lines = [
        f"    {printable(name)}: {printable(' '.join(value.split()))}" for name, value in settings
    ]
    return [f"  {tr('In the file')}", *lines] if lines else []


def _name_of(library: Library, sha256: str) -> str:
    """Return the path of a file with this content, or the hash if the library has none."""
    found = library.index.find_by_hash(sha256)
    return (
        printable(found[0].path)
        if found
        else tr("a file with SHA-256 {sha256}", sha256=printable(sha256))
    )
