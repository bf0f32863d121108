"""Reads and writes the card files of installed models."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from studio.core.files import write_whole
from studio.core.paths import DataFolder
from studio.models.card import ModelCard

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

CARD_FILE = "card.toml"
_RENAMED = {
    "licence": "license",
    "smallest_side": "min_side",
    "largest_side": "max_side",
    "only_sizes": "fixed_sizes",
    "most_frames": "max_frames",
    "english_words": "translate_prompts",
}
"""Key of an earlier version → field of today."""


def read_card(folder: Path) -> ModelCard | None:
    """Return the card in a model's folder, or None if it is missing or damaged."""
    try:
        table = tomllib.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
        _migrate(table)
        card = msgspec.convert(table, ModelCard)
    except (OSError, ValueError, RecursionError):  # tomllib's and msgspec's errors are ValueErrors
        return None
    return card if card.path else msgspec.structs.replace(card, path=str(folder.absolute()))


def write_card(card: ModelCard, folder: Path) -> None:
    """Write the card atomically.

    A card file that is there keeps its comments and unknown keys. The path of weights in `folder`
    itself is stored as empty, so that the folder can be moved.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if card.path and Path(card.path) == folder.absolute():
        card = msgspec.structs.replace(card, path="")
    document = _read_document(folder)
    _migrate(document)
    _update(document, msgspec.to_builtins(card))
    write_whole(folder / CARD_FILE, document.as_string().encode(), replace=True)


def _read_document(folder: Path) -> TOMLDocument:
    """Return the card file with its comments, or an empty document if it cannot be read."""
    import tomlkit

    if read_card(folder) is None:
        return tomlkit.document()
    return tomlkit.parse((folder / CARD_FILE).read_text(encoding="utf-8"))


def _migrate(table: MutableMapping[str, Any]) -> None:
    """Rename the keys of an earlier version. A new key that is there already stays."""
    for old, new in _RENAMED.items():
        if old in table:
            value = table.pop(old)
            table.setdefault(new, value)


def _update(table: MutableMapping[str, Any], values: Mapping[str, Any]) -> None:
    """Set the values that differ, and remove those that are None."""
    for name, value in values.items():
        if value is None:
            table.pop(name, None)
        elif name not in table or table[name] != value:
            table[name] = value


def stamp() -> str:
    """Return the current time for `ModelCard.added`."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def card_folder(data: DataFolder, name: str) -> Path:
    """Return the folder of a model's card."""
    return data.models / name
