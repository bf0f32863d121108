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
from studio.core.translation import tr, tr_marked
from studio.models.adapter_compatibility import motion_fits
from studio.models.card import ADAPTER, RENDERER, ModelCard
from studio.models.card_store import CARD_FILE, read_card
from studio.models.catalog import builtin_cards, entry_named

Cards = list[ModelCard]
STARTER_RANKS = {"smollm2-135m-instruct": 2, "qwen2.5-coder-0.5b-instruct": 1}
"""Small starter model → how far it stands back as a default behind models that do more.

Here, since the cards of models that are installed already would lack a new field.
"""
_Version = tuple[int, int, int]
"""Inode, modification time in ns and size in bytes: changes with every write of a card."""


class ModelRegistry:
    """The usable models of a data folder.

    Reads each card file once until it changes. Every call lists the folder, so that changes by
    other processes are seen at once. Thread-safe.
    """

    def __init__(self, data: DataFolder) -> None:
        self._data = data
        self._lock = threading.Lock()
        self._known: dict[Path, tuple[_Version, ModelCard]] = {}

    def list(self) -> Cards:
        """Return the usable models: those that come with Studio, then the added ones by title."""
        builtin = [card for card in builtin_cards() if _is_installed(card)]
        return builtin + sorted(self._added(), key=lambda card: card.title.lower())

    def of_kind(self, kind: str) -> Cards:
        """Return the usable models of one kind, the default first.

        An adapter that can be chosen as a model is of both kinds.
        """
        return self._of_kind(self.list(), kind)

    def find(self, kind: str, name: str = "") -> ModelCard:
        """Return the model of this name, or the kind's default if `name` is empty.

        Raises StudioError with what to do.
        """
        if kind == RENDERER.kind:
            return RENDERER
        cards = self.list()
        card = among(self._of_kind(cards, kind, name), kind, name)
        if card.path and not Path(card.path).is_dir():
            raise StudioError(
                tr("The folder of {title} is missing: {path}.", title=card.title, path=card.path),
                cause="model",
                cure=tr(
                    "Put it back, or remove the model from the list: studio models remove {name}",
                    name=card.name,
                ),
            )
        return (
            msgspec.structs.replace(card, base_path=base_among(cards, card).path)
            if card.base
            else card
        )

    def base_of(self, card: ModelCard) -> ModelCard:
        """Return the model to load: for a LoRA that is chosen as a model, its base.

        Raises StudioError if no base is installed.
        """
        return base_among(self.list(), card) if card.base and card.adapter else card

    def _of_kind(self, cards: Cards, kind: str, name: str = "") -> Cards:
        chosen = load_settings(self._data).default_models.get(kind)
        return default_first([card for card in cards if is_of(card, kind, name)], chosen)

    def _added(self) -> Cards:
        """Return the cards in the folder of models, in the order of the folders' names."""
        # Folders that begin with a dot are being filled or deleted.
        folders = sorted(self._data.models.glob("[!.]*/")) if self._data.models.is_dir() else []
        with self._lock:
            # Damaged cards are not cached: they may become readable without a new version.
            self._known = {
                folder: entry for folder in folders if (entry := self._read(folder)) is not None
            }
            return [card for _version, card in self._known.values()]

    def _read(self, folder: Path) -> tuple[_Version, ModelCard] | None:
        """Return the version of a folder's card file and the card, or None without a valid card."""
        try:
            status = (folder / CARD_FILE).stat()
        except OSError:
            return None
        # Taken before the file is read, so that a later change is noticed.
        version = (status.st_ino, status.st_mtime_ns, status.st_size)
        known = self._known.get(folder)
        if known is not None and known[0] == version:
            return known
        card = read_card(folder)
        return (version, card) if card is not None else None


def _is_installed(card: ModelCard) -> bool:
    if card.runner == "hibari":
        return importlib.util.find_spec("hibari") is not None
    return Path(card.path).is_dir()


def is_of(card: ModelCard, kind: str, name: str = "") -> bool:
    """Return whether a card is of this kind; `ADAPTER` counts as a kind.

    A model of only one guided task is of no kind, unless it has this name.
    """
    if card.only_task and name not in (card.name, card.title):
        return False
    return bool(card.adapter) if kind == ADAPTER else card.kind == kind


def default_first(cards: list[ModelCard], chosen: str | None) -> list[ModelCard]:
    """Return the cards of one kind with the default first: the chosen one, else the first added.

    Added models come before those that come with Studio (but for kinds that keep theirs), whole
    models before adapters, and larger models before the small starter models.
    """
    return sorted(
        cards,
        key=lambda card: (
            card.name != chosen,
            bool(card.base),
            card.builtin != (card.kind in KINDS and KINDS[card.kind].keeps_builtin),
            STARTER_RANKS.get(card.name, 0),
            card.added,
        ),
    )


def among(cards: list[ModelCard], kind: str, name: str) -> ModelCard:
    """Return the card with this name or title; without a name the first. Raises StudioError."""
    cure = _cure(kind)
    if not name:
        if not cards:
            raise StudioError(_none_installed(kind), cause="model", cure=cure)
        return cards[0]
    for card in sorted(cards, key=lambda card: card.name != name):  # a name counts before a title
        if name in (card.name, card.title):
            return card
    raise StudioError(_not_found(kind, name, cards), cause="model", cure=cure)


def _none_installed(kind: str) -> str:
    if kind == ADAPTER:
        return tr("No adapter is installed.")
    return tr("No {kind} model is installed.", kind=_title(kind))


def _not_found(kind: str, name: str, cards: list[ModelCard]) -> str:
    installed = ", ".join(card.name for card in cards) or tr("none")
    if kind == ADAPTER:
        return tr(
            "There is no adapter {name}; installed: {installed}.",
            name=repr(name),
            installed=installed,
        )
    return tr(
        "There is no {kind} model {name}; installed: {installed}.",
        kind=_title(kind),
        name=repr(name),
        installed=installed,
    )


def _title(kind: str) -> str:
    """Return a kind's name within a sentence."""
    return tr_marked(KINDS[kind].title).lower() if kind in KINDS else kind


def _cure(name: str) -> str:
    """Return what to do to get a model of a kind."""
    kind = KINDS.get(name)
    if name == ADAPTER:
        return tr("Add one with `studio models add FILE`.")
    if kind is not None and kind.is_optional and not kind.starter:
        return tr(
            "Add one with `studio models add FOLDER`; `studio models list --all` names some "
            "that `studio models get` downloads."
        )
    if kind is not None and kind.starter:
        return tr(
            "Run `studio models install {starter}`, or add a model of your own with "
            "`studio models add FOLDER`.",
            starter=kind.starter,
        )
    return tr("Add a model of your own with `studio models add FOLDER`.")


def base_among(cards: list[ModelCard], card: ModelCard) -> ModelCard:
    """Return the model that a card's weights change: `card.base`, else one of its family.

    Raises StudioError.
    """
    known = entry_named(card.base).card
    candidates = [
        other
        for other in cards
        if other.kind == known.kind and other.family == known.family and not other.base
    ]
    bases = [other for other in candidates if card.adapter or motion_fits(card, other)]
    if not bases:
        raise StudioError(
            tr(
                "{title} needs {base} or another model of its kind, and none is installed.",
                title=card.title,
                base=known.title,
            ),
            cause="model",
            cure=tr(
                "Get it with `studio models get {repo}`, or add one with `studio models add "
                "FOLDER`.",
                repo=known.repo,
            ),
        )
    return min(bases, key=lambda other: known.name != other.name and known.repo != other.repo)
