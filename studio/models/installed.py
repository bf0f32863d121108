"""Which models are there, and which one a request means."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.paths import DataFolder
from studio.core.settings import load_settings
from studio.models.card import ModelCard
from studio.models.catalogue import builtin_cards, read_card
from studio.models.inspect_video import moves

_CURE = {
    "text": "Run `studio models install starter`, or add a model of your own with `studio models add FOLDER`.",
    "speech": "Run `studio models install kokoro`, or add a model of your own with `studio models add FOLDER`.",
}
_OTHER_CURE = "Add a model of your own with `studio models add FOLDER`."


def list_installed(data: DataFolder) -> list[ModelCard]:
    """Return the usable models: what comes with Studio first, then what was added, by title."""
    builtin = [card for card in builtin_cards() if _is_there(card)]
    # What begins with a dot is on its way to become a model, or to be deleted.
    folders = sorted(data.models.glob("[!.]*/")) if data.models.is_dir() else []
    added = [card for folder in folders if (card := read_card(folder)) is not None]
    return builtin + sorted(added, key=lambda card: card.title.lower())


def _is_there(card: ModelCard) -> bool:
    if card.runner == "hibari":
        return importlib.util.find_spec("hibari") is not None
    return Path(card.path).is_dir()


def of_kind(data: DataFolder, kind: str) -> list[ModelCard]:
    """Return the usable models of one kind, the default first."""
    cards = [card for card in list_installed(data) if card.kind == kind]
    return default_first(cards, load_settings(data).default_models.get(kind))


def default_first(cards: list[ModelCard], chosen: str | None) -> list[ModelCard]:
    """Return the cards of one kind with the default first: the chosen one, else the first that was installed or added.

    What a person added is meant to be used more than what came along.
    """
    return sorted(cards, key=lambda card: (card.name != chosen, card.builtin, card.added))


def find(data: DataFolder, kind: str, name: str = "") -> ModelCard:
    """Return the model of this name, or the kind's default where it is empty. Raises StudioError with what to do."""
    cards = of_kind(data, kind)
    cure = _CURE.get(kind, _OTHER_CURE)
    if not name:
        if not cards:
            raise StudioError(f"No {kind} model is installed.", cause="model", cure=cure)
        return _with_its_folder(cards[0], data)
    for card in sorted(cards, key=lambda card: card.name != name):  # a name counts before a title
        if name in (card.name, card.title):
            return _with_its_folder(card, data)
    others = ", ".join(card.name for card in cards) or "none"
    raise StudioError(f"There is no {kind} model {name!r}; installed: {others}.", cause="model", cure=cure)


def _with_its_folder(card: ModelCard, data: DataFolder) -> ModelCard:
    if card.path and not Path(card.path).is_dir():
        raise StudioError(
            f"The folder of {card.title} is gone: {card.path}.",
            cause="model",
            cure=f"Bring it back, or take the model from the list: studio models remove {card.name}",
        )
    return msgspec.structs.replace(card, base_path=_base_of(card, data).path) if card.base else card


def _base_of(card: ModelCard, data: DataFolder) -> ModelCard:
    """Return the installed model that a card's weights change: the very one, else the first of its family."""
    from studio.models.catalogue import entry_named

    known = entry_named(card.base).card
    there = [other for other in of_kind(data, known.kind) if other.family == known.family and moves(card, other)]
    if not there:
        raise StudioError(
            f"{card.title} needs {known.title} or another model of its kind beside it, and none is installed.",
            cause="model",
            cure=f"Get it with `studio models get {known.repo}`, or add one with `studio models add FOLDER`.",
        )
    return min(there, key=lambda other: known.name != other.name and known.repo != other.repo)
