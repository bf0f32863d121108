"""Are a model's files still what they were when it was added? Every weight file is read once, and
its hash compared.
"""

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
from studio.models.card import ModelCard
from studio.models.card_store import card_folder, write_card
from studio.models.catalog import catalogue
from studio.models.files.config import read_json
from studio.models.files.folder_check import names_and_formats
from studio.models.files.gguf_header import read_gguf
from studio.models.files.weight_names import problem
from studio.models.files.weights_header import read_safetensors
from studio.models.inspect.checkpoint import checked, checkpoint_in
from studio.models.install.staging import stopped

_WEIGHTS = (".safetensors", ".onnx")
_CURE = "Remove the model, and get it again."


class Checked(msgspec.Struct, frozen=True):
    """What a check found."""

    state: Literal["same", "noted", "changed"]
    """As when it was added; whole, and noted for the next time; not as it was."""
    files: int
    size: int
    """Bytes that were read."""

    @property
    def words(self) -> str:
        """Return it as a sentence for a person."""
        if self.state == "same":
            return (
                f"All {self.files} weight files are as they were."
                if self.files > 1
                else "The weight file is as it was."
            )
        if self.state == "noted":
            return (
                "The files are whole. Their hash was not known, and is noted now for the next "
                "check."
            )
        return f"The files are not what they were when the model was added. {_CURE}"


def check(
    data: DataFolder,
    card: ModelCard,
    say: Callable[[int, int], None] = lambda _done, _total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Checked:
    """Read an installed model's weights. `say` gets bytes done and in all.

    Raises StudioError where files are missing, damaged or cannot be read, and
    InstallCancelledError.
    """
    try:
        return _check(data, card, say, cancelled)
    except OSError as error:
        raise StudioError(
            f"The files of {card.title} cannot be read: {error.strerror or error}.",
            cause="disk",
            cure=_CURE,
        ) from error


def _check(
    data: DataFolder,
    card: ModelCard,
    say: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> Checked:
    files = _weights(_folder(card), card)
    for file in files:
        _look_at(card, file)
    _check_names(card, files)
    total, done = sum(file.stat().st_size for file in files), 0

    def read(size: int) -> None:
        nonlocal done
        if cancelled():
            raise stopped()
        done += size
        say(done, total)

    hashes = {_name(file, card): sha256_of(file, read) for file in files}
    # As `models/install/add.py` counts them: of a folder the sorted lines, of one file that came as
    # such its own.
    lines = "".join(f"{name}:{found}\n" for name, found in sorted(hashes.items()))
    whole = hashlib.sha256(lines.encode()).hexdigest()
    found = {whole, *(hashes.values() if len(hashes) == 1 else ())}
    return Checked(_compare(data, card, found, whole), len(files), total)


def _check_names(card: ModelCard, files: list[Path]) -> None:
    """Raise StudioError where the tensors of a folder of transformers are not those of its
    configuration.
    """
    own = [file for file in files if file.parent == card.folder and file.suffix == ".safetensors"]
    if card.runner != "transformers" or not own or not (card.folder / "config.json").is_file():
        return
    try:
        names, formats = names_and_formats(own)
        why = problem(
            read_json(card.folder / "config.json"), names, formats, head=card.kind == "text"
        )
    except HeaderError as error:
        raise StudioError(
            f"{card.title} is damaged: {error}.", cause="model", cure=_CURE
        ) from error
    if why:
        raise StudioError(f"{card.title} cannot be loaded: {why}", cause="model", cure=_CURE)


def _compare(
    data: DataFolder, card: ModelCard, found: set[str], whole: str
) -> Literal["same", "noted", "changed"]:
    if (card.files_sha256 or card.sha256) in found:
        return "same"
    own = card_folder(data, card.name)
    if card.files_sha256 or (card.sha256 and not _was_converted(data, card)) or not own.is_dir():
        return "changed"
    write_card(msgspec.structs.replace(card, files_sha256=whole), own)
    return "noted"


def _was_converted(data: DataFolder, card: ModelCard) -> bool:
    """True where `sha256` is that of a GGUF, and the folder holds what was made from it."""
    if card.repo or card.runner != "transformers" or not card.folder.is_relative_to(data.models):
        return False
    entry = next((entry for entry in catalogue() if entry.card.name == card.name), None)
    return entry is None or (entry.download is not None and entry.download.convert)


def _folder(card: ModelCard) -> Path:
    if card.path:
        folder = card.folder
    else:  # inside a Python package
        found = importlib.util.find_spec(card.runner)
        folder = Path(found.origin or "").parent if found is not None else Path("-")
    if not folder.is_dir():
        raise StudioError(
            f"The folder of {card.title} is gone: {folder}.",
            cause="model",
            cure=f"Bring it back. {_CURE}",
        )
    return folder


def _name(file: Path, card: ModelCard) -> str:
    inside = card.path and file.is_relative_to(card.folder)
    return file.relative_to(card.folder).as_posix() if inside else file.name


def _weights(folder: Path, card: ModelCard) -> list[Path]:
    """Return the files that count, in the order in which they are hashed."""
    elsewhere = checkpoint_in(folder)
    if elsewhere is not None:
        return [checked(elsewhere)]
    if not card.path:
        files = sorted(folder.rglob(f"{card.family}.onnx"))
    else:
        files = sorted(
            (file for file in folder.rglob("*") if file.suffix in _WEIGHTS),
            key=lambda file: file.as_posix(),
        )
    if not files:
        raise StudioError(f"The weights of {card.title} are gone.", cause="model", cure=_CURE)
    return files


def _look_at(card: ModelCard, file: Path) -> None:
    read = {".safetensors": read_safetensors, ".gguf": read_gguf}.get(file.suffix.lower())
    if read is None:
        return
    try:
        read(file)
    except HeaderError as error:
        raise StudioError(
            f"{card.title}: {file.name} is damaged: {error}.", cause="model", cure=_CURE
        ) from error
