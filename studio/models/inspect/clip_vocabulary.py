"""Finds the vocabulary and merges of CLIP's tokenizer on this computer.

Checkpoints in one file do not include them, nor does Studio. Every Stable Diffusion in a diffusers
folder has them, the hub's cache has them if another program downloaded CLIP, and so has ComfyUI.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from studio.core.files import write_whole
from studio.core.paths import DataFolder
from studio.core.regular_file import HeaderError, opened
from studio.core.translation import tr
from studio.models.files.weights_header import parse_json
from studio.models.registry import ModelRegistry

START, END = "<|startoftext|>", "<|endoftext|>"
_MAX_BYTES = 8 * 2**20
_PARENTS = 6


class ClipVocabulary(msgspec.Struct, frozen=True):
    """A valid vocabulary of CLIP."""

    names: dict[str, int]
    """Token → id."""
    merges: tuple[str, ...]

    def write(self, folder: Path, padding: str) -> None:
        """Write a folder for transformers' CLIPTokenizer. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        table = {
            "tokenizer_class": "CLIPTokenizer",
            "model_max_length": 77,
            "bos_token": START,
            "eos_token": END,
            "unk_token": END,
            "pad_token": padding,
            "do_lower_case": True,
        }
        write_whole(folder / "vocab.json", msgspec.json.encode(self.names))
        write_whole(folder / "merges.txt", "\n".join(["#version: 0.2", *self.merges, ""]).encode())
        write_whole(folder / "tokenizer_config.json", msgspec.json.encode(table))


def find_clip_vocabulary(
    near: Path, size: int, data: DataFolder | None = None
) -> ClipVocabulary | None:
    """Return a vocabulary of `size` tokens, or None.

    Searches the installed models, the hub's cache, and a ComfyUI around `near`.
    """
    vocabularies = (_read(folder, size) for folder in _folders(near, data))
    return next((found for found in vocabularies if found is not None), None)


def _folders(near: Path, data: DataFolder | None) -> Iterator[Path]:
    for card in ModelRegistry(data).list() if data is not None else []:
        if card.makes_images and card.path:
            yield card.folder / "tokenizer"
    for parent in list(near.absolute().parents)[:_PARENTS]:
        yield parent / "comfy" / "sd1_tokenizer"
    cache = Path(
        os.environ.get("HF_HUB_CACHE")
        or Path(os.environ.get("HF_HOME") or "~/.cache/huggingface") / "hub"
    ).expanduser()
    for parent in (cache, *list(near.absolute().parents)[:_PARENTS]):
        yield from sorted((parent / "models--openai--clip-vit-large-patch14").glob("snapshots/*/"))


def _read(folder: Path, size: int) -> ClipVocabulary | None:
    """Return the vocabulary in a folder; None if it is missing, damaged or of another size."""
    try:
        table, pairs = (
            _from_vocab_json(folder)
            if (folder / "vocab.json").exists()
            else _from_tokenizer_json(folder)
        )
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return None
    if len(table) != size or sorted(map(str, table.values())) != sorted(map(str, range(size))):
        return None
    if table.get(START) != size - 2 or table.get(END) != size - 1:
        return None
    if any(not isinstance(pair, str) or len(pair.split(" ")) != 2 for pair in pairs):
        return None
    return ClipVocabulary(table, tuple(pairs))


def _from_vocab_json(folder: Path) -> tuple[dict[str, int], list[str]]:
    table: dict[str, int] = dict(
        parse_json(_read_limited(folder / "vocab.json"), unique=True, finite=True)
    )
    lines = _read_limited(folder / "merges.txt").decode().split("\n")
    return table, [
        line.rstrip("\r") for line in lines if line.strip() and not line.startswith("#version")
    ]


def _from_tokenizer_json(folder: Path) -> tuple[dict[str, int], list[str]]:
    model = parse_json(_read_limited(folder / "tokenizer.json"), unique=True, finite=True)["model"]
    return dict(model["vocab"]), [
        " ".join(pair) if isinstance(pair, list) else pair for pair in model["merges"]
    ]


def _read_limited(path: Path) -> bytes:
    with opened(path) as (file, size):
        if size > _MAX_BYTES:
            raise HeaderError(tr("{name} is larger than any vocabulary", name=path.name))
        return file.read(_MAX_BYTES)
