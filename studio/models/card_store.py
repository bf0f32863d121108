"""Reads and writes the card files of installed models."""

from __future__ import annotations

import datetime
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from studio.core.files import write_whole
from studio.core.paths import DataFolder
from studio.models.card import ModelCard

CARD_FILE = "card.toml"


def read_card(folder: Path) -> ModelCard | None:
    """Return the card in a model's folder, or None if it is missing or damaged."""
    try:
        card = msgspec.convert(
            tomllib.loads((folder / CARD_FILE).read_text(encoding="utf-8")), ModelCard
        )
    except (OSError, ValueError, RecursionError):  # tomllib's and msgspec's errors are ValueErrors
        return None
    return card if card.path else msgspec.structs.replace(card, path=str(folder.absolute()))


def write_card(card: ModelCard, folder: Path) -> None:
    """Write the card atomically.

    The path of weights in `folder` itself is stored as empty, so that the folder can be moved.
    """
    import tomlkit

    folder.mkdir(parents=True, exist_ok=True)
    if card.path and Path(card.path) == folder.absolute():
        card = msgspec.structs.replace(card, path="")
    table: dict[str, Any] = {
        name: value for name, value in msgspec.to_builtins(card).items() if value is not None
    }
    write_whole(folder / CARD_FILE, tomlkit.dumps(table).encode(), replace=True)


def stamp() -> str:
    """Return the current time for `ModelCard.added`."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def card_folder(data: DataFolder, name: str) -> Path:
    """Return the folder of a model's card."""
    return data.models / name
