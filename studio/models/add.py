"""Adding and removing a person's own models."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.files import sha256_of
from studio.core.paths import DataFolder
from studio.models.card import ModelCard
from studio.models.catalogue import card_folder, read_card, stamp, write_card
from studio.models.convert import Converted
from studio.models.inspect import inspect
from studio.models.installed import list_installed

CONVERT_SECONDS = 3600
STAGING_PREFIX = ".staging-"


def add(data: DataFolder, path: Path, say: Callable[[str], None] = lambda _text: None) -> ModelCard:
    """Add the model at `path`. A folder stays where it is; a GGUF is converted once into the data folder.

    Raises StudioError with the reason; nothing is left behind then.
    """
    path = path.expanduser().absolute()
    if not path.exists():
        raise StudioError(f"There is nothing at {path}.", cause="model", cure="Check the path.")
    say(f"Looking into {path.name}")
    card = inspect(path)
    known = list_installed(data)
    for other in known:
        if other.path and other.path == card.path:
            raise StudioError(f"{other.title} is in the list already.", cause="model", cure=f"Its name is {other.name}.")
    card = msgspec.structs.replace(card, name=_free_name(card.name, {other.name for other in known}), added=stamp())
    source = Path(card.path)
    if source.is_file():
        return add_gguf(data, source, card, say)
    write_card(card, card_folder(data, card.name))
    return card


def add_gguf(data: DataFolder, gguf: Path, card: ModelCard, say: Callable[[str], None]) -> ModelCard:
    """Convert a GGUF in a child process and add the result; the card is written last, so that half a model is none."""
    folder = card_folder(data, card.name)
    need, free = card.parameters * (4 if card.parameters < 300_000_000 else 2), shutil.disk_usage(data.root).free
    if need and free < need * 1.1:
        raise StudioError(
            f"Converting needs {need / 1e9:.1f} GB of disk, and {free / 1e9:.1f} GB are free.",
            cause="disk",
            cure="Free some space first.",
        )
    say("Reading the file's hash")
    digest = sha256_of(gguf)
    data.models.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=STAGING_PREFIX, dir=data.models))
    try:
        say("Converting to safetensors, once (takes a minute)")
        converted = _convert(gguf, staging)
        card = msgspec.structs.replace(
            card, path="", sha256=digest, size=sum(file.stat().st_size for file in staging.iterdir()), family=converted.family,
            parameters=converted.parameters, max_positions=converted.max_positions, chat=converted.chat,
            template_tokens=converted.template_tokens, added=card.added or stamp(),
        )  # fmt: skip
        write_card(card, staging)
        staging.rename(folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return msgspec.structs.replace(card, path=str(folder.absolute()))


def _convert(gguf: Path, folder: Path) -> Converted:
    # A process of its own: it imports torch, and a hostile file that takes it down takes nothing else. A built program
    # (PyInstaller) has no `-m`; its entry point knows this one word.
    start = [sys.executable, "convert-gguf"] if getattr(sys, "frozen", False) else [sys.executable, "-m", "studio.models.convert"]
    try:
        done = subprocess.run(
            [*start, gguf, folder], capture_output=True, timeout=CONVERT_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise StudioError(f"Converting {gguf.name} took too long.", cause="model", cure="The file may be damaged.") from error
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
        raise StudioError(
            f"{gguf.name} could not be converted: {last[0][:300]}", cause="model", cure="Choose another file of the model."
        )
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Converted)


def remove(data: DataFolder, name: str) -> ModelCard:
    """Take a model from the list. Weights in the data folder are deleted; a folder of the person's own is left alone."""
    for folder in sorted(data.models.iterdir()) if data.models.is_dir() else []:
        card = read_card(folder) if folder.is_dir() else None
        if card is not None and name in (card.name, card.title):
            # The card first: without it the folder is no model, whatever happens next.
            (folder / "card.toml").unlink()
            shutil.rmtree(folder)
            return card
    builtin = [card for card in list_installed(data) if card.builtin and name in (card.name, card.title)]
    if builtin:
        raise StudioError(f"{builtin[0].title} comes with Studio and stays.", cause="invalid")
    raise StudioError(f"There is no model {name!r} in the list.", cause="invalid", cure="`studio models list` shows the names.")


def _free_name(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    return next(candidate for number in range(2, 10_000) if (candidate := f"{name}-{number}") not in taken)
