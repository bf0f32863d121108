"""Whole models in one file, as Stable Diffusion and SDXL are passed on.

Such a file holds weights only. Its configuration follows from the shapes of its tensors; its
vocabulary is taken from another model (`clip_vocabulary.py`). The weights stay where they are:
`checkpoint.json` in the model's folder points to them.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.file_names import printable
from studio.core.files import write_whole
from studio.core.translation import tr
from studio.models.files.weights_header import WeightsHeader
from studio.models.files.weights_kind import Shapes, WeightsKind
from studio.models.inspect.checkpoint_config import (
    TEXT_ENCODERS,
    configurations,
    pipeline_class,
)
from studio.models.inspect.clip_vocabulary import END, ClipVocabulary
from studio.models.inspect.prediction import prediction

POINTER_FILE = "checkpoint.json"
V_PREDICTION = "v-prediction"
"""The variant whose denoiser predicts v; the scheduler's configuration states it."""


class Checkpoint(msgspec.Struct, frozen=True):
    """The file of a model's weights, outside the model's folder or inside it."""

    path: str
    size: int


def checkpoint_in(folder: Path) -> Checkpoint | None:
    """Return the file of the weights of the model in `folder`.

    None if the folder holds the weights itself. Raises StudioError if the pointer is damaged.
    """
    try:
        checkpoint = msgspec.json.decode((folder / POINTER_FILE).read_bytes(), type=Checkpoint)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise StudioError(
            tr("{name} is damaged: {file}.", name=folder.name, file=POINTER_FILE),
            cause="model",
            cure=tr("Remove the model and add it again."),
        ) from error
    # A relative path is a file in the folder.
    return msgspec.structs.replace(checkpoint, path=str(folder / checkpoint.path))


def checked(checkpoint: Checkpoint) -> Path:
    """Return the path of the weights. Raises StudioError if the file is missing or changed."""
    path = Path(checkpoint.path)
    try:
        is_same = path.stat().st_size == checkpoint.size and path.suffix.lower() in (
            ".safetensors",
            ".gguf",
        )
    except OSError:
        is_same = False
    if not is_same:
        raise StudioError(
            tr("The file of this model is missing or has changed: {path}.", path=path),
            cause="model",
            cure=tr("Put it back, or remove the model from the list and add the new file."),
        )
    return path


def why_not(kind: WeightsKind, header: WeightsHeader) -> str:
    """Return why a checkpoint cannot be loaded, as the end of a sentence; empty if it can."""
    if kind.variant not in ("", V_PREDICTION):
        return tr("it is {kind}, which Studio cannot load from one file yet", kind=kind)
    if not pipeline_class(kind.family):
        return tr(
            "it is {kind}, whose configuration is not in the file. Add the model's diffusers "
            "folder",
            kind=kind,
        )
    predicted = prediction(header.shapes, header.metadata)
    if not predicted.kind:
        return tr(
            "it is {kind}, and no scheduler supports its prediction type ({type})",
            kind=kind,
            type=printable(predicted.stated)[:40],
        )
    try:
        configurations(kind.family, header)
    except (KeyError, IndexError, ValueError, ZeroDivisionError):
        return tr("it is {kind}, but its parts are not laid out as in other such files", kind=kind)
    return ""


def vocabulary_size(family: str, shapes: Shapes) -> int:
    """Return how many tokens the text encoder knows."""
    return shapes[TEXT_ENCODERS[family][0] + "embeddings.token_embedding.weight"][0]


def write_folder(
    folder: Path, source: Path, family: str, header: WeightsHeader, vocabulary: ClipVocabulary
) -> None:
    """Write the folder from which diffusers loads `source`: configurations, vocabulary, pointer.

    Raises OSError.
    """
    for name, config in configurations(family, header).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(folder / name, msgspec.json.format(msgspec.json.encode(config), indent=2))
    tokenizers = (("tokenizer", END), ("tokenizer_2", "!"))
    for part, padding in tokenizers[: len(TEXT_ENCODERS[family])]:
        vocabulary.write(folder / part, padding if padding in vocabulary.names else END)
    write_pointer(folder, str(source.absolute()), source.stat().st_size)


def write_pointer(folder: Path, path: str, size: int) -> None:
    """Write where the weights of the model in `folder` are. Raises OSError."""
    write_whole(folder / POINTER_FILE, msgspec.json.encode(Checkpoint(path, size)))
