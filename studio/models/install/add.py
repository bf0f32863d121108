"""Adds and removes the user's own models."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.files import sha256_of
from studio.core.paths import DataFolder, expand_home
from studio.core.translation import tr
from studio.models import llama_cpp
from studio.models.adapter_compatibility import architecture
from studio.models.card import ModelCard
from studio.models.card_store import read_card, stamp
from studio.models.files.tensor_layout import identify
from studio.models.files.weights_header import read_safetensors
from studio.models.inspect.adapter import check_family_is_known
from studio.models.inspect.checkpoint import vocabulary_size, write_folder, write_pointer
from studio.models.inspect.clip_vocabulary import find_clip_vocabulary
from studio.models.inspect.model import inspect
from studio.models.inspect.piper import copy_voice
from studio.models.install.gguf_convert_process import (
    check_room,
    fits_gpu,
    run_conversion,
    try_out,
)
from studio.models.install.staging import InstallCancelledError, discard, publish, staging, stopped
from studio.models.llama_cpp import RUNNER
from studio.models.registry import ModelRegistry

log = logging.getLogger(__name__)
Say = Callable[[str], None]
Cancelled = Callable[[], bool]


def add(
    data: DataFolder,
    path: Path,
    say: Say = lambda _text: None,
    cancelled: Cancelled = lambda: False,
    *,
    made_for: ModelCard | None = None,
    convert: bool = False,
) -> ModelCard:
    """Add the model at `path` and return its card.

    A folder, checkpoint, adapter, or GGUF that llama.cpp runs stays where it is. Another GGUF, or
    any with `convert`, is converted once into the data folder, and replaces the unconverted one. A
    Piper voice is copied. `made_for` is the model of an adapter whose file names none. Raises
    StudioError and InstallCancelledError, with nothing left behind.
    """
    try:
        return _add(data, path, say, cancelled, made_for, convert)
    except OSError as error:
        raise StudioError(
            tr(
                "{name} was not added: {reason}.",
                name=path.name,
                reason=error.strerror or error,
            ),
            cause="disk",
            cure=tr("Check the disk's space and permissions."),
        ) from error


def _add(
    data: DataFolder,
    path: Path,
    say: Say,
    cancelled: Cancelled,
    made_for: ModelCard | None,
    convert: bool,
) -> ModelCard:
    path = _existing(path)
    say(f"Inspecting {path.name}")
    card = inspect(path, data)
    if card.adapter and made_for is not None:
        card = msgspec.structs.replace(card, family=architecture(made_for))
    check_family_is_known(card)
    known = ModelRegistry(data).list()
    source = Path(card.path)
    for other in known:
        if other.path and Path(other.path).resolve() == source.resolve():
            raise _known_already(other)
    unconverted = None
    say(tr("Reading the weights of {title}", title=card.title))
    digest = _digest(source, cancelled)
    for other in known:
        if (
            other.sha256 == digest
            and other.runner == RUNNER
            and (convert or not llama_cpp.is_installed())
        ):
            unconverted = other
        elif other.sha256 == digest:
            raise _known_already(other)
    card = msgspec.structs.replace(card, sha256=digest, added=stamp())
    if card.adapter and source.is_file():
        return _add_adapter(data, source, card)
    if card.runner == "diffusers" and source.is_file():
        return _add_checkpoint(data, source, card)
    if card.runner == "piper":
        with staging(data) as folder:
            copy_voice(source, folder)
            return publish(data, folder, msgspec.structs.replace(card, path="", source=str(source)))
    if source.is_file():
        if unconverted is not None:
            card = msgspec.structs.replace(
                card, name=unconverted.name, title=unconverted.title, runner="transformers"
            )
        return add_gguf(
            data, source, card, say, cancelled, keep_name=unconverted is not None, convert=convert
        )
    with staging(data) as folder:
        return publish(data, folder, card)


def _existing(path: Path) -> Path:
    try:
        path = expand_home(path).absolute()
        if path.exists():
            return path
    except RuntimeError:  # ~user of an unknown user
        pass
    raise StudioError(
        tr("There is nothing at {path}.", path=path), cause="model", cure=tr("Check the path.")
    )


def _known_already(other: ModelCard) -> StudioError:
    return StudioError(
        tr("{title} is in the list already.", title=other.title),
        cause="model",
        cure=tr("Its name is {name}.", name=other.name),
    )


def _digest(source: Path, cancelled: Cancelled) -> str:
    """Return the SHA-256 of a file, or of the sorted `name:hash` lines of a folder's weights."""

    def check(_size: int) -> None:
        if cancelled():
            raise stopped()

    if source.is_file():
        return sha256_of(source, check)
    files = sorted(
        source.rglob("*.safetensors"), key=lambda file: file.relative_to(source).as_posix()
    )
    lines = [f"{file.relative_to(source).as_posix()}:{sha256_of(file, check)}\n" for file in files]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _add_checkpoint(data: DataFolder, source: Path, card: ModelCard) -> ModelCard:
    """Add a checkpoint, which stays where it is; the model's folder has its configuration."""
    header = read_safetensors(source)
    family = identify(header).family
    vocabulary = find_clip_vocabulary(source, vocabulary_size(family, header.shapes), data)
    assert vocabulary is not None  # `inspect` found them
    with staging(data) as folder:
        write_folder(folder, source, family, header, vocabulary)
        return publish(data, folder, msgspec.structs.replace(card, path="", source=str(source)))


def _add_adapter(data: DataFolder, source: Path, card: ModelCard) -> ModelCard:
    """Add an adapter file, which stays where it is; the model's folder points to it."""
    with staging(data) as folder:
        write_pointer(folder, str(source), source.stat().st_size)
        return publish(data, folder, msgspec.structs.replace(card, path="", source=str(source)))


def add_gguf(
    data: DataFolder,
    gguf: Path,
    card: ModelCard,
    say: Say,
    cancelled: Cancelled,
    *,
    keep_name: bool = False,
    convert: bool = False,
    prefer_gpu: bool = True,
) -> ModelCard:
    """Add a GGUF unconverted if llama.cpp can run it, else convert it in a child process.

    `prefer_gpu`: convert it if a GPU would run it then. Raises StudioError and OSError, with
    nothing left behind.
    """
    if (
        llama_cpp.is_installed()
        and not convert
        and not card.encoder_decoder
        and not (prefer_gpu and fits_gpu(card.parameters, cancelled))
    ):
        unconverted = _add_unconverted(data, gguf, card, say, cancelled, keep_name)
        if unconverted is not None:
            return unconverted
    with staging(data) as folder:
        check_room(folder, card.parameters)
        say(tr("Converting to safetensors, once (takes a minute)"))
        converted = run_conversion(gguf, folder, cancelled)
        card = msgspec.structs.replace(
            card,
            path="",
            size=sum(file.stat().st_size for file in folder.iterdir()),
            family=converted.family,
            parameters=converted.parameters,
            max_positions=converted.max_positions,
            chat=converted.chat,
            template_tokens=converted.template_tokens,
            added=card.added or stamp(),
        )
        return publish(data, folder, card, keep_name=keep_name)


def _add_unconverted(
    data: DataFolder, gguf: Path, card: ModelCard, say: Say, cancelled: Cancelled, keep_name: bool
) -> ModelCard | None:
    """Add a GGUF that llama.cpp runs, or return None.

    The file stays where it is, unless it was downloaded.
    """
    with staging(data) as folder:
        say(tr("Trying {name} with llama.cpp", name=gguf.name))
        try:
            described = try_out(gguf, folder, cancelled)
        except InstallCancelledError:
            raise
        except StudioError as error:
            log.info("a GGUF is converted because llama.cpp does not run it: %s", error)
            return None
        card = msgspec.structs.replace(
            card,
            path="",
            runner=RUNNER,
            size=gguf.stat().st_size,
            family=described.family,
            parameters=described.parameters,
            max_positions=described.max_positions,
            chat=described.chat,
            template_tokens=described.template_tokens,
            added=card.added or stamp(),
        )
        if gguf.is_relative_to(data.downloads):
            write_pointer(folder, gguf.name, card.size)
            gguf.replace(folder / gguf.name)
        else:
            write_pointer(folder, str(gguf), card.size)
            card = msgspec.structs.replace(card, source=card.source or str(gguf))
        return publish(data, folder, card, keep_name=keep_name)


def remove(data: DataFolder, name: str) -> ModelCard:
    """Remove a model from the list. Deletes weights in the data folder, but no others.

    Raises StudioError.
    """
    folders = (
        [path for path in sorted(data.models.iterdir()) if path.is_dir()]
        if data.models.is_dir()
        else []
    )
    cards = [
        (folder, card)
        for folder in folders
        if not folder.name.startswith(".") and (card := read_card(folder))
    ]
    # A name counts before a title.
    for folder, card in sorted(cards, key=lambda entry: entry[1].name != name):
        if name in (card.name, card.title):
            _remove(folder, card)
            return card
    builtin = [
        card
        for card in ModelRegistry(data).list()
        if card.builtin and name in (card.name, card.title)
    ]
    if builtin:
        raise StudioError(
            tr("{title} comes with Studio and cannot be removed.", title=builtin[0].title),
            cause="invalid",
        )
    raise StudioError(
        tr("There is no model {name} in the list.", name=repr(name)),
        cause="invalid",
        cure=tr("`studio models list` shows the names."),
    )


def _remove(folder: Path, card: ModelCard) -> None:
    try:
        if folder.is_symlink():
            folder.unlink()
        else:
            discard(folder)
    except OSError as error:
        raise StudioError(
            tr(
                "{title} could not be removed: {reason}.",
                title=card.title,
                reason=error.strerror or error,
            ),
            cause="disk",
            cure=tr("Close the programs that use it, and try again."),
        ) from error
