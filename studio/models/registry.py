"""Which models are there, and which one a request means."""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.kinds import KINDS
from studio.core.paths import DataFolder
from studio.core.settings_store import load_settings
from studio.models.adapter_compatibility import motion_fits
from studio.models.card import ADAPTER, ModelCard
from studio.models.card_store import CARD_FILE, read_card
from studio.models.catalog import builtin_cards

Cards = list[ModelCard]
_Version = tuple[int, int, int]
"""Inode, time of the last change in ns, size in bytes: another one after every write of a card,
which replaces the file.
"""


class ModelRegistry:
    """The usable models of a data folder.

    Reads each card file once until it changes. Every call lists the folder, so that models which
    another process adds or removes are seen at once. Safe to share between threads.
    """

    def __init__(self, data: DataFolder) -> None:
        self._data = data
        self._lock = threading.Lock()
        self._known: dict[Path, tuple[_Version, ModelCard]] = {}

    def list(self) -> Cards:
        """Return the usable models: what comes with Studio first, then what was added, by title."""
        builtin = [card for card in builtin_cards() if _is_there(card)]
        return builtin + sorted(self._added(), key=lambda card: card.title.lower())

    def of_kind(self, kind: str) -> Cards:
        """Return the usable models of one kind, the default first. An adapter that can be chosen as
        a model is of both kinds.
        """
        return self._of_kind(self.list(), kind)

    def find(self, kind: str, name: str = "") -> ModelCard:
        """Return the model of this name, or the kind's default where it is empty. Raises
        StudioError with what to do.
        """
        cards = self.list()
        card = among(self._of_kind(cards, kind), kind, name)
        if card.path and not Path(card.path).is_dir():
            raise StudioError(
                f"The folder of {card.title} is gone: {card.path}.",
                cause="model",
                cure="Bring it back, or take the model from the list: studio models remove "
                f"{card.name}",
            )
        return (
            msgspec.structs.replace(card, base_path=base_among(cards, card).path)
            if card.base
            else card
        )

    def base_of(self, card: ModelCard) -> ModelCard:
        """Return the card of what is loaded for a model: for a LoRA that can be chosen as one, the
        model that it changes.

        Raises StudioError where none is installed.
        """
        return base_among(self.list(), card) if card.base and card.adapter else card

    def _of_kind(self, cards: Cards, kind: str) -> Cards:
        chosen = load_settings(self._data).default_models.get(kind)
        return default_first([card for card in cards if is_of(card, kind)], chosen)

    def _added(self) -> Cards:
        """Return the cards in the folder of models, in the order of the folders' names."""
        # What begins with a dot is on its way to become a model, or to be deleted.
        folders = sorted(self._data.models.glob("[!.]*/")) if self._data.models.is_dir() else []
        with self._lock:
            # Damaged cards are left out, and so read again: why reading failed may not show in the
            # file's version.
            self._known = {
                folder: entry for folder in folders if (entry := self._read(folder)) is not None
            }
            return [card for _version, card in self._known.values()]

    def _read(self, folder: Path) -> tuple[_Version, ModelCard] | None:
        """Return the card in a folder and the version of its file; None where it has none or it is
        damaged.
        """
        try:
            status = (folder / CARD_FILE).stat()
        except OSError:
            return None
        version = (
            status.st_ino,
            status.st_mtime_ns,
            status.st_size,
        )  # before the file is read: a later change is seen
        known = self._known.get(folder)
        if known is not None and known[0] == version:
            return known
        card = read_card(folder)
        return (version, card) if card is not None else None


def _is_there(card: ModelCard) -> bool:
    if card.runner == "hibari":
        return importlib.util.find_spec("hibari") is not None
    return Path(card.path).is_dir()


def is_of(card: ModelCard, kind: str) -> bool:
    """True for a card of this kind; `ADAPTER` is a kind too."""
    return bool(card.adapter) if kind == ADAPTER else card.kind == kind


def default_first(cards: list[ModelCard], chosen: str | None) -> list[ModelCard]:
    """Return the cards of one kind with the default first: the chosen one, else the first that was
    installed or added.

    What a person added is meant to be used more than what came along, and a whole model more than
    what needs another one.
    """
    return sorted(
        cards, key=lambda card: (card.name != chosen, bool(card.base), card.builtin, card.added)
    )


def among(cards: list[ModelCard], kind: str, name: str) -> ModelCard:
    """Return the one of these cards of a kind that is meant, the default first. Raises
    StudioError.
    """
    cure, what = _cure(kind), kind if kind == ADAPTER else f"{kind} model"
    if not name:
        if not cards:
            raise StudioError(f"No {what} is installed.", cause="model", cure=cure)
        return cards[0]
    for card in sorted(cards, key=lambda card: card.name != name):  # a name counts before a title
        if name in (card.name, card.title):
            return card
    others = ", ".join(card.name for card in cards) or "none"
    raise StudioError(
        f"There is no {what} {name!r}; installed: {others}.", cause="model", cure=cure
    )


def _cure(name: str) -> str:
    """Return how to get a model of a kind."""
    kind = KINDS.get(name)
    if name == ADAPTER:
        return "Add one with `studio models add FILE`."
    if kind is not None and kind.is_optional:
        return (
            "Add one with `studio models add FOLDER`; `studio models list --all` names some "
            "that `studio models get` fetches."
        )
    if kind is not None and kind.starter:
        return (
            f"Run `studio models install {kind.starter}`, or add a model of your own with "
            "`studio models add FOLDER`."
        )
    return "Add a model of your own with `studio models add FOLDER`."


def base_among(cards: list[ModelCard], card: ModelCard) -> ModelCard:
    """Return the model that a card's weights change: the very one, else the first of its family.
    Raises StudioError.
    """
    from studio.models.catalog import entry_named

    known = entry_named(card.base).card
    there = [
        other
        for other in cards
        if other.kind == known.kind and other.family == known.family and not other.base
    ]
    fitting = [other for other in there if card.adapter or motion_fits(card, other)]
    if not fitting:
        raise StudioError(
            f"{card.title} needs {known.title} or another model of its kind beside it, and none is "
            "installed.",
            cause="model",
            cure=f"Get it with `studio models get {known.repo}`, or add one with `studio models "
            "add FOLDER`.",
        )
    return min(fitting, key=lambda other: known.name != other.name and known.repo != other.repo)
