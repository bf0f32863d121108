"""Inspects whole models in one file: checkpoints of Stable Diffusion, and GGUF files."""

from __future__ import annotations

from pathlib import Path

from studio.core.paths import DataFolder
from studio.core.translation import tr
from studio.models.card import ModelCard
from studio.models.families import find_family, find_gguf_family
from studio.models.families.architectures import ARCHITECTURES
from studio.models.files import licenses, scaled_weights
from studio.models.files.config import Config
from studio.models.files.folder_check import refused
from studio.models.files.gguf_header import read_gguf
from studio.models.files.tensor_layout import identify
from studio.models.files.weights_header import WeightsHeader
from studio.models.files.weights_kind import WeightsKind
from studio.models.inspect import checkpoint
from studio.models.inspect.clip_vocabulary import find_clip_vocabulary
from studio.models.inspect.names import MAX_TITLE, card_name, title_from


def inspect_checkpoint(
    path: Path, header: WeightsHeader, kind: WeightsKind, data: DataFolder | None
) -> ModelCard:
    """Return the card of a checkpoint. Raises StudioError if it cannot be loaded."""
    why = checkpoint.why_not(kind, header) or scaled_weights.why_not(header)
    if why:
        raise refused(path, tr("{why}.", why=why))
    if path.suffix != ".safetensors":
        raise refused(
            path, tr("diffusers loads it only where it is called .safetensors. Rename it.")
        )
    vocabulary_size = checkpoint.vocabulary_size(kind.family, header.shapes)
    if find_clip_vocabulary(path, vocabulary_size, data) is None:
        raise refused(
            path,
            tr(
                "it is {kind}, and its vocabulary (CLIP's vocab.json and merges.txt) is neither "
                "in the file, nor in a Stable Diffusion model of the list, in the hub's cache "
                "(openai/clip-vit-large-patch14), or in ComfyUI's own folder. Add a Stable "
                "Diffusion in a diffusers folder first.",
                kind=kind,
            ),
        )
    family = find_family(ARCHITECTURES[kind.family].single_file)
    assert family is not None
    title = title_from(path.stem)
    return ModelCard(
        name=card_name(title),
        title=title,
        kind="image",
        runner="diffusers",
        family=family.name,
        path=str(path.absolute()),
        parameters=header.parameters,
        size=path.stat().st_size,
        guidance=family.guidance,
        license=licenses.of_header(header.metadata),
        defaults=family.defaults.values(),
    )


def inspect_gguf(path: Path) -> ModelCard:
    """Return the card of a GGUF. Raises StudioError if it cannot be loaded."""
    header = read_gguf(path)
    metadata = Config(header.metadata)
    architecture = metadata.text("general.architecture")
    file_type = metadata.values.get("general.type", "model")
    if file_type != "model":
        raise refused(
            path,
            tr("it is not a complete model ({file_type}).", file_type=str(file_type)[:MAX_TITLE]),
        )
    family = find_gguf_family(architecture)
    if family is None:
        raise refused(path, _why_no_gguf(architecture, identify(header)))
    if metadata.positive("split.count") > 1:
        raise refused(
            path,
            tr(
                "it is one part of several. Join them into one file first (llama-gguf-split "
                "--merge)."
            ),
        )
    return ModelCard(
        name=card_name(path.stem),
        title=title_from(str(metadata.get("general.name") or path.stem)),
        kind="text",
        runner="transformers",
        family=architecture,
        path=str(path.absolute()),
        parameters=header.parameters,
        size=path.stat().st_size,
        max_positions=metadata.positive(f"{architecture}.context_length"),
        chat="tokenizer.chat_template" in metadata.values,
        encoder_decoder=family.encoder_decoder,
        license=licenses.of_header(header.metadata) or licenses.of_folder(path.parent),
    )


def _why_no_gguf(architecture: str, kind: WeightsKind) -> str:
    if kind.kind in ("denoiser", "checkpoint"):
        return tr("it is {kind} as a GGUF. Add the model's diffusers folder.", kind=kind)
    if kind.kind in ("text_encoder", "vae", "image_encoder"):
        return tr("it is {kind} and makes nothing alone.", kind=kind)
    if not architecture:
        return tr("its header names no architecture.")
    return tr(
        "its architecture ({architecture}) cannot be loaded.", architecture=architecture[:MAX_TITLE]
    )
