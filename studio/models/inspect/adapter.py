"""Inspects adapters: LoRAs, textual inversions, VAEs, ControlNets and IP-Adapters.

The weights stay where they are. A card's `family` is the architecture that the adapter fits.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from studio.core.errors import StudioError
from studio.core.file_names import printable
from studio.core.paths import DataFolder
from studio.core.translation import tr, tr_marked
from studio.models.adapter_compatibility import ADAPTER_TITLES
from studio.models.card import ADAPTER, AdapterKind, ModelCard
from studio.models.families.architectures import (
    ARCHITECTURES,
    CONTROLNET_CLASSES,
    FLUX_VAE,
    LANGUAGE_MODEL,
    SD_VAE,
    unet_architecture,
)
from studio.models.files import licenses
from studio.models.files.config import Config, read_config
from studio.models.files.folder_check import check_weights, refused
from studio.models.files.tensor_layout import architecture_from_title, identify
from studio.models.files.weight_names import scales
from studio.models.files.weights_header import WeightsHeader, parse_json, read_safetensors
from studio.models.files.weights_kind import WeightsKind
from studio.models.inspect.adapter_files import PEFT_CONFIG, PEFT_WEIGHTS, image_encoder_for
from studio.models.inspect.adapter_match import architecture_of_adapter, architecture_of_controlnet
from studio.models.inspect.lora_layers import why_no_lora
from studio.models.inspect.names import MAX_TITLE, card_name

KINDS: dict[str, AdapterKind] = {
    "lora": "lora",
    "textual_inversion": "textual-inversion",
    "vae": "vae",
    "controlnet": "controlnet",
    "ip_adapter": "ip-adapter",
}
"""`WeightsKind.kind` → `ModelCard.adapter`, for the adapters that Studio uses."""
MAX_TRIGGER_WORDS, MAX_TRIGGER_WORD = 8, 60
MAX_VECTORS = 256
"""Vectors of a textual inversion; a prompt has 77 tokens at most."""
_FLOATS = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"}
_MEANINGLESS_NAMES = {
    "pytorch_lora_weights",
    "adapter_model",
    "diffusion_pytorch_model",
    "model",
    "learned_embeds",
    "ip_adapter",
    "lora",
}
"""File names of many adapters; the folder's name is used instead."""
_REPLACEABLE_VAES = (SD_VAE, FLUX_VAE)
"""VAEs of diffusers' class `AutoencoderKL`."""


class UnknownFamilyError(StudioError):
    """An adapter whose file does not name the model that it was made for."""


def inspect_adapter_file(
    path: Path, header: WeightsHeader, kind: WeightsKind, data: DataFolder | None
) -> ModelCard:
    """Return the card of an adapter in one file; `family` is empty if it stays unknown.

    Raises StudioError if the adapter cannot be used.
    """
    why = _why_not(header, kind)
    if why:
        raise refused(path, tr("{why}.", why=why))
    if path.suffix != ".safetensors":
        raise refused(
            path,
            tr(
                "it is {kind}, and is read only where it is called .safetensors. Rename it.",
                kind=kind,
            ),
        )
    adapter = KINDS[kind.kind]
    if adapter == "ip-adapter" and image_encoder_for(path, header) is None:
        raise refused(
            path,
            tr(
                "it is {kind}, and its image encoder is missing: a folder image_encoder with a "
                "config.json and a model.safetensors, next to it.",
                kind=kind,
            ),
        )
    stem = path.parent.name if path.stem.lower() in _MEANINGLESS_NAMES else path.stem
    name = _one_line(stem) or "Adapter"
    return ModelCard(
        name=card_name(name, "adapter"),
        title=_one_line(header.metadata.get("modelspec.title")) or name,
        kind=ADAPTER,
        runner="diffusers",
        adapter=adapter,
        path=str(path.absolute()),
        family=kind.family or architecture_of_adapter(header, adapter, data),
        parameters=header.parameters,
        size=path.stat().st_size,
        license=licenses.of_header(header.metadata),
        tasks=(adapter,),
        trigger_words=_trigger_words(header, adapter, name),
        description=_one_line(header.metadata.get("modelspec.description"), 200),
    )


def inspect_peft_folder(folder: Path, data: DataFolder | None) -> ModelCard:
    """Return the card of a folder as peft writes it. Raises StudioError, HeaderError, OSError."""
    config = read_config(folder / PEFT_CONFIG)
    base = _one_line(config.get("base_model_name_or_path")).rstrip("/").rpartition("/")[2]
    method = config.get("peft_type")
    if method != "LORA" or config.get("use_dora"):
        title = tr("an adapter for {base}", base=base) if base else tr("an adapter")
        raise refused(
            folder,
            tr(
                "it is {title} of a kind that Studio cannot use ({method}).",
                title=title,
                method=str(method)[:MAX_TITLE],
            ),
        )
    if not (folder / PEFT_WEIGHTS).is_file():
        raise refused(
            folder,
            tr(
                "{file} is missing: only safetensors are read, never a pickle (adapter_model.bin).",
                file=PEFT_WEIGHTS,
            ),
        )
    header = read_safetensors(folder / PEFT_WEIGHTS)
    kind = identify(header)
    if kind.kind != "lora":
        raise refused(folder, tr("its weights are no LoRA: {kind}.", kind=kind))
    kind = msgspec.structs.replace(kind, family=kind.family or architecture_from_title(base))
    card = inspect_adapter_file(folder / PEFT_WEIGHTS, header, kind, data)
    return msgspec.structs.replace(
        card, path=str(folder.absolute()), license=licenses.of_folder(folder) or card.license
    )


def inspect_controlnet_folder(folder: Path, config: Config, data: DataFolder | None) -> ModelCard:
    """Return the card of a ControlNet as diffusers writes it. Raises StudioError and OSError."""
    parameters, size = check_weights(folder, folder, variants=True)
    family = CONTROLNET_CLASSES[config.text("_class_name")] or unet_architecture(
        config.positive("cross_attention_dim")
    )
    name = _one_line(folder.name.rpartition("--")[2]) or "ControlNet"
    return ModelCard(
        name=card_name(name, "adapter"),
        title=name,
        kind=ADAPTER,
        runner="diffusers",
        adapter="controlnet",
        path=str(folder.absolute()),
        family=family or architecture_of_controlnet(config, data),
        parameters=parameters,
        size=size,
        tasks=("controlnet",),
        license=licenses.of_folder(folder),
    )


def check_family_is_known(card: ModelCard) -> None:
    """Raise UnknownFamilyError for an adapter that fits no known architecture."""
    if card.adapter and not card.family and not card.base:
        raise UnknownFamilyError(
            tr(
                "{title} is {kind}, and its file does not name the model that it was made for.",
                title=card.title,
                kind=tr_marked(ADAPTER_TITLES[card.adapter]),
            ),
            cause="model",
            cure=tr("Name an installed model: studio models add FILE --for MODEL."),
        )


def _why_not(header: WeightsHeader, kind: WeightsKind) -> str:
    if kind.kind not in KINDS or kind.variant:
        return tr("it is {kind}, which Studio cannot use", kind=kind)
    if kind.family == LANGUAGE_MODEL:
        return tr(
            "it is a LoRA for a language model, and Studio applies LoRAs to image models only"
        )
    unknown = sorted(set(header.dtypes) - _FLOATS)
    if unknown:
        return tr(
            "it is {kind}, but its numbers have a format ({format}) that no weights have",
            kind=kind,
            format=unknown[0],
        )
    if scales(header.tensors):
        return tr("it is {kind}, but its weights are scaled. Get the plain one", kind=kind)
    if kind.kind == "lora":
        return why_no_lora(header)
    if kind.kind == "textual_inversion":
        vectors = max((shape[0] for shape in header.shapes.values() if len(shape) > 1), default=1)
        if vectors > MAX_VECTORS:
            return tr(
                "it is {kind} of {vectors:,} vectors; at most {limit} are of use",
                kind=kind,
                vectors=vectors,
                limit=MAX_VECTORS,
            )
        return ""
    is_supported = kind.family in _REPLACEABLE_VAES if kind.kind == "vae" else _is_for_unet(kind)
    return (
        "" if is_supported else tr("it is {kind}, which Studio cannot use as one file", kind=kind)
    )


def _is_for_unet(kind: WeightsKind) -> bool:
    known = ARCHITECTURES.get(kind.family)
    return not kind.family or (known is not None and known.context_width > 0)


def _trigger_words(header: WeightsHeader, adapter: AdapterKind, name: str) -> tuple[str, ...]:
    """Return the words that a prompt needs for the adapter to act.

    For a LoRA the phrase that its file names, else the most frequent tags of its training images.
    """
    if adapter == "textual-inversion":
        placeholder = next(
            (tensor for tensor in header.shapes if re.fullmatch(r"<[^\s<>]{1,58}>", tensor)), ""
        )
        return (placeholder or re.sub(r"\s+", "-", name),)
    if adapter != "lora":
        return ()
    phrase = _one_line(header.metadata.get("modelspec.trigger_phrase"), MAX_TRIGGER_WORD * 2)
    return (phrase,) if phrase else _frequent_tags(header.metadata.get("ss_tag_frequency"))


def _frequent_tags(value: Any) -> tuple[str, ...]:
    """Return the most frequent tags in kohya's JSON: folder → tag → number of images."""
    counts: Counter[str] = Counter()
    try:
        table = parse_json(value.encode()) if isinstance(value, str) else {}
        for tags in table.values():
            for tag, count in tags.items():
                if type(count) is int and 0 < len(tag.strip()) <= MAX_TRIGGER_WORD:
                    counts[_one_line(tag, MAX_TRIGGER_WORD)] += count
    except (ValueError, RecursionError, AttributeError):
        return ()
    return tuple(sorted(counts, key=lambda tag: -counts[tag])[:MAX_TRIGGER_WORDS])


def _one_line(text: Any, length: int = MAX_TITLE) -> str:
    """Return text from a file as one printable line; empty for anything but text."""
    if not isinstance(text, str):
        return ""
    return printable(" ".join(text[: length * 4].split()))[:length].strip()
