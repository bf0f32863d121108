"""Finds models in the folders of other programs: hub cache, ComfyUI, A1111, InvokeAI, LM Studio.

Nothing is copied or changed. Each model comes with the card that `add` would give it, or with the
reason why Studio cannot run it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.core.paths import DataFolder, expand_home
from studio.core.regular_file import HeaderError, opened
from studio.core.translation import tr
from studio.models.files.folder_check import PICKLE_SUFFIXES, is_blob
from studio.models.files.weights_header import other_format
from studio.models.inspect.checkpoint import checkpoint_in
from studio.models.inspect.model import snapshot_of
from studio.models.inspect.summary import Inspection, inspect_any
from studio.models.registry import ModelRegistry

MAX_ENTRIES = 500_000
MAX_DEPTH = 16
_WEIGHTS = {".safetensors", ".gguf", ".sft"}
# not translated: names of folders
_SKIPPED_FOLDERS = {
    ".git",
    ".locks",
    ".no_exist",
    "blobs",
    "refs",
    "node_modules",
    "venv",
    ".venv",
    "site-packages",
    "__pycache__",
    "$RECYCLE.BIN",
    ".Trash",
    "System Volume Information",
    "proc",
    "sys",
    "dev",
}
_SHARD = re.compile(r"-(?!00001-of-)\d{5}-of-\d{5}\.(safetensors|gguf)$")
_A1111 = {
    "stable-diffusion",
    "lora",
    "lycoris",
    "esrgan",
    "realesrgan",
    "vae-approx",
    "hypernetworks",
    "text_encoder",
}
_COMFYUI = {
    "checkpoints",
    "loras",
    "vae",
    "controlnet",
    "diffusion_models",
    "unet",
    "clip",
    "text_encoders",
    "embeddings",
    "clip_vision",
    "upscale_models",
    "style_models",
    "ipadapter",
    "gligen",
    "diffusers",
    "audio_encoders",
    "latent_upscale_models",
}
_INVOKEAI = {
    "sd-1",
    "sd-2",
    "sd-3",
    "sdxl",
    "sdxl-refiner",
    "flux",
    "any",
    "cogview4",
    "qwen-image",
    "z-image",
}


class FoundModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model in a folder."""

    inspection: Inspection
    program: str = ""
    """The program whose folder layout it is in; empty if unknown."""
    known: str = ""
    """Its name if it is in the list of models already, else empty."""


def find(
    folder: Path, data: DataFolder | None = None, cancelled: Callable[[], bool] = lambda: False
) -> Iterator[FoundModel]:
    """Yield every model under `folder`. Raises StudioError if the folder does not exist.

    `data` holds the installed models. Stops when `cancelled` returns True.
    """
    folder = expand_home(folder).absolute()
    if not folder.is_dir():
        raise StudioError(
            tr("There is no folder {folder}.", folder=folder),
            cause="model",
            cure=tr("Check the path."),
        )
    known = _known(data)
    for path in _candidates(folder, cancelled):
        if cancelled():
            return
        inspection = inspect_any(path, data)
        resolved = Path(inspection.card.path if inspection.card else path).resolve()
        yield FoundModel(
            inspection=inspection, program=program_of(path), known=known.get(resolved, "")
        )


def _known(data: DataFolder | None) -> dict[Path, str]:
    known: dict[Path, str] = {}
    for card in ModelRegistry(data).list() if data is not None else []:
        if not card.path:
            continue
        known[card.folder.resolve()] = card.name
        try:
            checkpoint = checkpoint_in(card.folder)
        except StudioError:
            continue
        if checkpoint is not None:
            known[Path(checkpoint.path).resolve()] = card.name
    return known


def _candidates(root: Path, cancelled: Callable[[], bool]) -> Iterator[Path]:
    """Yield possible models: folders with a configuration, hub snapshots, and weight files."""
    seen: set[tuple[int, int]] = set()
    count, waiting = 0, [(root, 0)]
    while waiting and not cancelled():
        folder, depth = waiting.pop()
        try:
            state = folder.stat()
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        key = (state.st_dev, state.st_ino)
        count += len(entries)
        if key in seen or count > MAX_ENTRIES:
            continue
        seen.add(key)  # links may lead in circles
        snapshot = snapshot_of(folder) if folder.name.startswith("models--") else None
        if snapshot is not None:
            yield from _in_snapshot(snapshot)
            continue
        names = {entry.name for entry in entries}
        if _is_model(names):
            yield folder
            continue
        yield from (Path(entry.path) for entry in entries if _is_weights(Path(entry.path)))
        inner = [
            Path(entry.path)
            for entry in entries
            if entry.name not in _SKIPPED_FOLDERS and _is_folder(entry)
        ]
        if depth < MAX_DEPTH:
            waiting.extend((path, depth + 1) for path in reversed(inner))


def _is_model(names: set[str]) -> bool:
    """Return whether a folder is one model: it has a configuration, and not only GGUF files."""
    configs = names & {"model_index.json", "config.json", "adapter_config.json"}
    return bool(configs) and (
        not any(name.endswith(".gguf") for name in names)
        or any(name.endswith(".safetensors") for name in names)
    )


def _in_snapshot(snapshot: Path) -> Iterator[Path]:
    try:
        names = {path.name for path in snapshot.iterdir()}
    except OSError:
        return
    if _is_model(names):
        yield snapshot
        return
    model = snapshot.parent.parent.resolve()
    for path in sorted(snapshot.rglob("*")):
        # Links of a snapshot lead to blobs; the hub's client makes no others.
        if _is_weights(path) and (
            not path.is_symlink() or is_blob(model / "snapshots" / snapshot.name, path.resolve())
        ):
            yield path


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_weights(path: Path) -> bool:
    suffix = path.suffix.lower()
    if (suffix not in _WEIGHTS and suffix not in PICKLE_SUFFIXES) or _SHARD.search(path.name):
        return False
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        if suffix in _WEIGHTS:
            return True
        # A .bin can be anything; pickles are listed, with the reason why they are refused.
        with opened(path) as (file, _size):
            return bool(other_format(file.read(24)))
    except (OSError, HeaderError):
        return False


def program_of(path: Path) -> str:
    """Return the program whose folder layout a model is in, or ""."""
    parents = list(path.parents)
    names = [parent.name.lower() for parent in parents]
    if any(name.startswith("models--") for name in names):
        return "Hugging Face"  # not translated: a name
    for parent, name, above in zip(parents, names, [*names[1:], ""], strict=True):
        if (parent / "invokeai.yaml").exists() or (parent / "databases" / "invokeai.db").exists():
            return "InvokeAI"
        if above in _INVOKEAI and name in (
            "main",
            "lora",
            "vae",
            "controlnet",
            "embedding",
            "ip_adapter",
            "clip_vision",
            "t5_encoder",
        ):
            return "InvokeAI"
        if name in _A1111 and (above == "models" or (parent.parent / "Stable-diffusion").is_dir()):
            return "A1111"
        if name in _COMFYUI and (above == "models" or (parent.parent / "checkpoints").is_dir()):
            return "A1111" if (parent.parent / "Stable-diffusion").is_dir() else "ComfyUI"
        if name in (".lmstudio", "lm-studio", "lm studio"):
            return "LM Studio"
    return (
        "LM Studio"
        if path.suffix.lower() == ".gguf" and len(names) > 2 and names[2] == "models"
        else ""
    )
