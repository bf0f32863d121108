"""Which models are there, and which one a request means."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.kinds import KINDS
from studio.core.paths import DataFolder
from studio.core.settings_store import load_settings
from studio.models.card import ADAPTER, ModelCard
from studio.models.card_store import read_card
from studio.models.catalog import builtin_cards
from studio.models.video_families import moves


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
    """Return the usable models of one kind, the default first. What changes a model, and can be chosen as one, is of both."""
    cards = [card for card in list_installed(data) if is_of(card, kind)]
    return default_first(cards, load_settings(data).default_models.get(kind))


def is_of(card: ModelCard, kind: str) -> bool:
    """True for a card of this kind; `ADAPTER` is a kind too."""
    return bool(card.adapter) if kind == ADAPTER else card.kind == kind


def default_first(cards: list[ModelCard], chosen: str | None) -> list[ModelCard]:
    """Return the cards of one kind with the default first: the chosen one, else the first that was installed or added.

    What a person added is meant to be used more than what came along, and a whole model more than what needs another one.
    """
    return sorted(cards, key=lambda card: (card.name != chosen, bool(card.base), card.builtin, card.added))


def find(data: DataFolder, kind: str, name: str = "") -> ModelCard:
    """Return the model of this name, or the kind's default where it is empty. Raises StudioError with what to do."""
    return _with_its_folder(among(of_kind(data, kind), kind, name), data)


def among(cards: list[ModelCard], kind: str, name: str) -> ModelCard:
    """Return the one of these cards of a kind that is meant, the default first. Raises StudioError."""
    cure, what = _cure(kind), kind if kind == ADAPTER else f"{kind} model"
    if not name:
        if not cards:
            raise StudioError(f"No {what} is installed.", cause="model", cure=cure)
        return cards[0]
    for card in sorted(cards, key=lambda card: card.name != name):  # a name counts before a title
        if name in (card.name, card.title):
            return card
    others = ", ".join(card.name for card in cards) or "none"
    raise StudioError(f"There is no {what} {name!r}; installed: {others}.", cause="model", cure=cure)


def _cure(name: str) -> str:
    """Return how to get a model of a kind."""
    kind = KINDS.get(name)
    if name == ADAPTER:
        return "Add one with `studio models add FILE`."
    if kind is not None and kind.is_optional:
        return "Add one with `studio models add FOLDER`; `studio models list --all` names some that `studio models get` fetches."
    if kind is not None and kind.starter:
        return f"Run `studio models install {kind.starter}`, or add a model of your own with `studio models add FOLDER`."
    return "Add a model of your own with `studio models add FOLDER`."


def _with_its_folder(card: ModelCard, data: DataFolder) -> ModelCard:
    if card.path and not Path(card.path).is_dir():
        raise StudioError(
            f"The folder of {card.title} is gone: {card.path}.",
            cause="model",
            cure=f"Bring it back, or take the model from the list: studio models remove {card.name}",
        )
    return msgspec.structs.replace(card, base_path=base_among(list_installed(data), card).path) if card.base else card


def base_of(data: DataFolder, card: ModelCard) -> ModelCard:
    """Return the card of what is loaded for a model: for a LoRA that can be chosen as one, the model that it changes.

    Raises StudioError where none is installed.
    """
    return base_among(list_installed(data), card) if card.base and card.adapter else card


def base_among(cards: list[ModelCard], card: ModelCard) -> ModelCard:
    """Return the model that a card's weights change: the very one, else the first of its family. Raises StudioError."""
    from studio.models.catalog import entry_named

    known = entry_named(card.base).card
    there = [other for other in cards if other.kind == known.kind and other.family == known.family and not other.base]
    fitting = [other for other in there if card.adapter or moves(card, other)]
    if not fitting:
        raise StudioError(
            f"{card.title} needs {known.title} or another model of its kind beside it, and none is installed.",
            cause="model",
            cure=f"Get it with `studio models get {known.repo}`, or add one with `studio models add FOLDER`.",
        )
    return min(fitting, key=lambda other: known.name != other.name and known.repo != other.repo)
