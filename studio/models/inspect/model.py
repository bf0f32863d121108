"""Recognizes the model in a folder or file by its headers and configurations, not by its name.

Refuses what is unsafe or cannot run, with the reason, before anything is copied or loaded. See
docs/security.md.
"""

from __future__ import annotations

import stat
from pathlib import Path

from studio.core.paths import DataFolder
from studio.core.regular_file import HeaderError, opened
from studio.core.translation import tr
from studio.models.card import ModelCard
from studio.models.files.config import read_config
from studio.models.files.folder_check import check_folder, check_weights, refused
from studio.models.files.tensor_layout import identify
from studio.models.files.weights_header import read_safetensors
from studio.models.files.weights_kind import WeightsKind
from studio.models.inspect import adapter, piper
from studio.models.inspect.diffusers_folder import inspect_motion_adapter, inspect_pipeline
from studio.models.inspect.names import card_name
from studio.models.inspect.single_file import inspect_checkpoint, inspect_gguf
from studio.models.inspect.transformers_folder import inspect_transformers


def inspect(path: Path, data: DataFolder | None = None) -> ModelCard:
    """Return a card for the model at `path`: a folder, or a file (.gguf, .safetensors, .onnx).

    `data` holds the installed models: a checkpoint in one file takes its vocabulary from another.
    Raises StudioError with the reason why the model cannot be added.
    """
    try:
        str(path).encode()  # a card cannot store a name that is not Unicode
        return _inspect(path, data)
    except UnicodeEncodeError as error:
        raise refused(path, tr("its name is not readable text. Rename it.")) from error
    except HeaderError as error:
        raise refused(path, tr("{why}.", why=error)) from error
    except OSError as error:
        raise refused(
            path, tr("it cannot be read ({reason}).", reason=error.strerror or error)
        ) from error


def _inspect(path: Path, data: DataFolder | None) -> ModelCard:
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        return _inspect_folder(path, data)
    if not stat.S_ISREG(mode):
        raise refused(path, tr("it is neither a file nor a folder."))
    return _inspect_file(path, data)


def _inspect_folder(folder: Path, data: DataFolder | None) -> ModelCard:
    snapshot = snapshot_of(folder)
    if snapshot is not None:
        return _inspect_folder(snapshot, data)
    check_folder(folder)
    if (folder / "model_index.json").exists():
        return inspect_pipeline(folder)
    if (folder / "adapter_config.json").exists():
        return adapter.inspect_peft_folder(folder, data)
    if (folder / "config.json").exists():
        config = read_config(folder / "config.json")
        if config.get("_class_name") == "MotionAdapter":
            return inspect_motion_adapter(folder)
        return inspect_transformers(folder, config, data)
    files = [path for path in folder.iterdir() if path.suffix.lower() in (".gguf", ".safetensors")]
    files = files or [path for path in folder.iterdir() if path.suffix.lower() == ".onnx"]
    if len(files) == 1:
        return _inspect_file(files[0], data)
    if len(files) > 1:
        raise refused(folder, tr("it holds several models. Add one of its files."))
    check_weights(folder, folder)  # raises the more exact reason: pickles, no weights …
    raise refused(
        folder, tr("it has neither a model_index.json nor a config.json, so its kind is unknown.")
    )


def snapshot_of(folder: Path) -> Path | None:
    """Return the current snapshot of a model's folder in a hub cache: of `main`, else the newest.

    None for other folders.
    """
    snapshots = [
        path
        for path in folder.glob("snapshots/*/")
        if (folder / "blobs").is_dir() or folder.name.startswith("models--")
    ]
    if not snapshots:
        return None
    try:
        with opened(folder / "refs" / "main") as (file, _size):
            main = folder / "snapshots" / Path(file.read(200).decode().strip()).name
    except (OSError, ValueError):
        main = folder
    return main if main in snapshots else max(snapshots, key=lambda path: path.stat().st_mtime)


def _inspect_file(path: Path, data: DataFolder | None) -> ModelCard:
    with opened(path) as (file, _size):
        magic = file.read(4)
    if magic == b"GGUF":
        return inspect_gguf(path)
    if path.suffix.lower() == ".onnx":
        return piper.inspect_voice(path, card_name(path.stem))
    header = read_safetensors(path)
    kind = identify(header)
    in_pipeline = (path.parent.parent / "model_index.json").exists()
    if kind.kind == "checkpoint":
        return inspect_checkpoint(path, header, kind, data)
    if kind.kind in adapter.KINDS and not in_pipeline:
        return adapter.inspect_adapter_file(path, header, kind, data)
    if (path.parent / "config.json").exists() or (path.parent / "model_index.json").exists():
        return _inspect(path.parent, data)
    if in_pipeline:
        raise refused(path, tr("it is one part of a model. Add the folder above."))
    raise refused(path, _why_not_alone(kind))


def _why_not_alone(kind: WeightsKind) -> str:
    if kind.kind == "denoiser":
        return tr("it is {kind}. Add the model's diffusers folder.", kind=kind)
    if kind.kind in ("unknown", "language_model"):
        return tr("its config.json is missing. Add the folder that holds both.")
    return tr("it is {kind} and makes nothing alone.", kind=kind)
