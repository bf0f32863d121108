"""Checks that a model's weight files are unchanged since it was added, by their hash."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from studio.core.errors import StudioError
from studio.core.files import sha256_of
from studio.core.paths import DataFolder
from studio.core.regular_file import HeaderError
from studio.core.translation import mark, tr, tr_marked, tr_plural
from studio.models.card import ModelCard
from studio.models.card_store import card_folder, write_card
from studio.models.catalog import catalog_entries
from studio.models.files.config import read_json
from studio.models.files.folder_check import names_and_formats
from studio.models.files.gguf_header import read_gguf
from studio.models.files.weight_names import problem
from studio.models.files.weights_header import read_safetensors
from studio.models.inspect.checkpoint import checked, checkpoint_in
from studio.models.install.staging import stopped

_WEIGHTS = (".safetensors", ".onnx")
_CURE = mark("Remove the model, and get it again.")


class Checked(msgspec.Struct, frozen=True):
    """The result of a check."""

    state: Literal["same", "noted", "changed"]
    """`noted`: complete, and its unknown hash is stored now for the next check."""
    files: int
    size: int
    """Bytes read."""

    @property
    def words(self) -> str:
        """Return the result as a sentence."""
        if self.state == "same":
            return tr_plural(
                "The weight file is unchanged.",
                "All {count} weight files are unchanged.",
                self.files,
            )
        if self.state == "noted":
            return tr(
                "The files are complete. Their hash was unknown, and is stored now for the next "
                "check."
            )
        return tr("The files have changed since the model was added. {cure}", cure=tr_marked(_CURE))


def check(
    data: DataFolder,
    card: ModelCard,
    report: Callable[[int, int], None] = lambda _done, _total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Checked:
    """Read an installed model's weights. `report` gets the bytes done and the total.

    Raises StudioError if files are missing, damaged or cannot be read, and
    InstallCancelledError.
    """
    try:
        return _check(data, card, report, cancelled)
    except OSError as error:
        raise StudioError(
            tr(
                "The files of {title} cannot be read: {reason}.",
                title=card.title,
                reason=error.strerror or error,
            ),
            cause="disk",
            cure=tr_marked(_CURE),
        ) from error


def _check(
    data: DataFolder,
    card: ModelCard,
    report: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> Checked:
    files = _weights(_folder(card), card)
    for file in files:
        _check_header(card, file)
    _check_names(card, files)
    total, done = sum(file.stat().st_size for file in files), 0

    def read(size: int) -> None:
        nonlocal done
        if cancelled():
            raise stopped()
        done += size
        report(done, total)

    hashes = {_name(file, card): sha256_of(file, read) for file in files}
    # As `models/install/add.py` computes it: of a folder's sorted lines, or of a single file.
    lines = "".join(f"{name}:{sha256}\n" for name, sha256 in sorted(hashes.items()))
    folder_hash = hashlib.sha256(lines.encode()).hexdigest()
    possible = {folder_hash, *(hashes.values() if len(hashes) == 1 else ())}
    return Checked(_compare(data, card, possible, folder_hash), len(files), total)


def _check_names(card: ModelCard, files: list[Path]) -> None:
    """Raise StudioError if a transformers folder's tensors do not match its configuration."""
    own = [file for file in files if file.parent == card.folder and file.suffix == ".safetensors"]
    if card.runner != "transformers" or not own or not (card.folder / "config.json").is_file():
        return
    try:
        names, formats = names_and_formats(own)
        why = problem(read_json(card.folder / "config.json"), names, formats, head=card.makes_texts)
    except HeaderError as error:
        raise StudioError(
            tr("{title} is damaged: {error}.", title=card.title, error=error),
            cause="model",
            cure=tr_marked(_CURE),
        ) from error
    if why:
        raise StudioError(
            tr("{title} cannot be loaded: {reason}", title=card.title, reason=why),
            cause="model",
            cure=tr_marked(_CURE),
        )


def _compare(
    data: DataFolder, card: ModelCard, possible: set[str], folder_hash: str
) -> Literal["same", "noted", "changed"]:
    if (card.files_sha256 or card.sha256) in possible:
        return "same"
    own = card_folder(data, card.name)
    if card.files_sha256 or (card.sha256 and not _was_converted(data, card)) or not own.is_dir():
        return "changed"
    write_card(msgspec.structs.replace(card, files_sha256=folder_hash), own)
    return "noted"


def _was_converted(data: DataFolder, card: ModelCard) -> bool:
    """Return whether `sha256` is that of a GGUF from which the folder was converted."""
    if card.repo or card.runner != "transformers" or not card.folder.is_relative_to(data.models):
        return False
    entry = next((entry for entry in catalog_entries() if entry.card.name == card.name), None)
    return entry is None or (entry.download is not None and entry.download.convert)


def _folder(card: ModelCard) -> Path:
    if card.path:
        folder = card.folder
    else:  # inside a Python package
        found = importlib.util.find_spec(card.runner)
        folder = Path(found.origin or "").parent if found is not None else Path("-")
    if not folder.is_dir():
        raise StudioError(
            tr("The folder of {title} is missing: {folder}.", title=card.title, folder=folder),
            cause="model",
            cure=tr("Put it back. {cure}", cure=tr_marked(_CURE)),
        )
    return folder


def _name(file: Path, card: ModelCard) -> str:
    inside = card.path and file.is_relative_to(card.folder)
    return file.relative_to(card.folder).as_posix() if inside else file.name


def _weights(folder: Path, card: ModelCard) -> list[Path]:
    """Return the weight files, in the order in which they are hashed."""
    checkpoint = checkpoint_in(folder)
    if checkpoint is not None:
        return [checked(checkpoint)]
    if not card.path:
        files = sorted(folder.rglob(f"{card.family}.onnx"))
    else:
        files = sorted(
            (file for file in folder.rglob("*") if file.suffix in _WEIGHTS),
            key=lambda file: file.as_posix(),
        )
    if not files:
        raise StudioError(
            tr("The weights of {title} are missing.", title=card.title),
            cause="model",
            cure=tr_marked(_CURE),
        )
    return files


def _check_header(card: ModelCard, file: Path) -> None:
    read = {".safetensors": read_safetensors, ".gguf": read_gguf}.get(file.suffix.lower())
    if read is None:
        return
    try:
        read(file)
    except HeaderError as error:
        raise StudioError(
            tr(
                "{title}: {name} is damaged: {error}.",
                title=card.title,
                name=file.name,
                error=error,
            ),
            cause="model",
            cure=tr_marked(_CURE),
        ) from error
