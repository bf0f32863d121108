"""Adding and removing a person's own models."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.files import sha256_of
from studio.core.paths import DataFolder
from studio.models.card import ModelCard
from studio.models.catalogue import read_card, stamp
from studio.models.checkpoint import vocabulary_size, write_folder
from studio.models.conversion import check_room, run_conversion
from studio.models.headers import read_safetensors
from studio.models.inspect import inspect
from studio.models.installed import list_installed
from studio.models.layouts import tell
from studio.models.piper import copy_voice
from studio.models.staging import discard, publish, staging, stopped
from studio.models.words import find_words

Say = Callable[[str], None]
Cancelled = Callable[[], bool]


def add(data: DataFolder, path: Path, say: Say = lambda _text: None, cancelled: Cancelled = lambda: False) -> ModelCard:
    """Add the model at `path`. A folder or a checkpoint stays where it is; a GGUF is converted once into the data folder, a voice
    of Piper is copied there.

    Raises StudioError with the reason, InstallCancelledError; nothing is left behind then.
    """
    try:
        return _add(data, path, say, cancelled)
    except OSError as error:
        raise StudioError(
            f"{path.name} was not added: {error.strerror or error}.", cause="disk", cure="Check the disk's space and rights."
        ) from error


def _add(data: DataFolder, path: Path, say: Say, cancelled: Cancelled) -> ModelCard:
    path = _existing(path)
    say(f"Looking into {path.name}")
    card = inspect(path, data)
    known = list_installed(data)
    source = Path(card.path)
    for other in known:
        if other.path and Path(other.path).resolve() == source.resolve():
            raise _known_already(other)
    say(f"Reading the weights of {path.name}")
    digest = _digest(source, cancelled)
    for other in known:
        if other.sha256 == digest:
            raise _known_already(other)
    card = msgspec.structs.replace(card, sha256=digest, added=stamp())
    if card.runner == "diffusers" and source.is_file():
        return _add_checkpoint(data, source, card)
    if card.runner == "piper":
        with staging(data) as folder:
            copy_voice(source, folder)
            return publish(data, folder, msgspec.structs.replace(card, path="", source=str(source)))
    if source.is_file():
        return add_gguf(data, source, card, say, cancelled)
    with staging(data) as folder:
        return publish(data, folder, card)


def _existing(path: Path) -> Path:
    try:
        path = path.expanduser().absolute()
        if path.exists():
            return path
    except RuntimeError:  # ~somebody who is not there
        pass
    raise StudioError(f"There is nothing at {path}.", cause="model", cure="Check the path.")


def _known_already(other: ModelCard) -> StudioError:
    return StudioError(f"{other.title} is in the list already.", cause="model", cure=f"Its name is {other.name}.")


def _digest(source: Path, cancelled: Cancelled) -> str:
    """Return the SHA-256 of the one file, or of the sorted `name:hash` lines of a folder's weights."""

    def check(_size: int) -> None:
        if cancelled():
            raise stopped()

    if source.is_file():
        return sha256_of(source, check)
    files = sorted(source.rglob("*.safetensors"), key=lambda file: file.relative_to(source).as_posix())
    lines = [f"{file.relative_to(source).as_posix()}:{sha256_of(file, check)}\n" for file in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _add_checkpoint(data: DataFolder, source: Path, card: ModelCard) -> ModelCard:
    """Add a checkpoint in one file: it stays where it is, and a folder of its own says how it is loaded."""
    header = read_safetensors(source)
    family = tell(header).family
    words = find_words(source, vocabulary_size(family, header.shapes), data)
    assert words is not None  # `inspect` found them
    with staging(data) as folder:
        write_folder(folder, source, family, header.shapes, words)
        return publish(data, folder, msgspec.structs.replace(card, path="", source=str(source)))


def add_gguf(
    data: DataFolder, gguf: Path, card: ModelCard, say: Say, cancelled: Cancelled, *, keep_name: bool = False
) -> ModelCard:
    """Convert a GGUF in a child process and add the result. Raises StudioError and OSError; nothing is left behind then."""
    with staging(data) as folder:
        check_room(folder, card.parameters)
        say("Converting to safetensors, once (takes a minute)")
        converted = run_conversion(gguf, folder, cancelled)
        card = msgspec.structs.replace(
            card, path="", size=sum(file.stat().st_size for file in folder.iterdir()), family=converted.family,
            parameters=converted.parameters, max_positions=converted.max_positions, chat=converted.chat,
            template_tokens=converted.template_tokens, added=card.added or stamp(),
        )  # fmt: skip
        return publish(data, folder, card, keep_name=keep_name)


def remove(data: DataFolder, name: str) -> ModelCard:
    """Take a model from the list. Weights in the data folder are deleted; a folder of the person's own is left alone.

    Raises StudioError.
    """
    folders = [path for path in sorted(data.models.iterdir()) if path.is_dir()] if data.models.is_dir() else []
    cards = [(folder, card) for folder in folders if not folder.name.startswith(".") and (card := read_card(folder))]
    for folder, card in sorted(cards, key=lambda entry: entry[1].name != name):  # a name counts before a title
        if name in (card.name, card.title):
            _remove(folder, card)
            return card
    builtin = [card for card in list_installed(data) if card.builtin and name in (card.name, card.title)]
    if builtin:
        raise StudioError(f"{builtin[0].title} comes with Studio and stays.", cause="invalid")
    raise StudioError(f"There is no model {name!r} in the list.", cause="invalid", cure="`studio models list` shows the names.")


def _remove(folder: Path, card: ModelCard) -> None:
    try:
        if folder.is_symlink():
            folder.unlink()
        else:
            discard(folder)
    except OSError as error:
        raise StudioError(
            f"{card.title} could not be removed: {error.strerror or error}.",
            cause="disk",
            cure="Close what uses it, and try again.",
        ) from error
