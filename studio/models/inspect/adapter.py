"""Adapters as files: what changes a model of pictures and makes nothing alone. A card for each,
told from headers alone.

The weights stay where they are. Which models an adapter fits is `family`, as
`files/tensor_layout.py` names it. Where neither its tensors nor its metadata name one, the
installed models are compared with its layers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from studio.core.errors import StudioError
from studio.core.file_names import printable, slug
from studio.core.paths import DataFolder
from studio.core.regular_file import HeaderError
from studio.models.adapter_compatibility import ADAPTER_TITLES, architecture
from studio.models.card import ADAPTER, AdapterKind, ModelCard
from studio.models.families.architectures import (
    ARCHITECTURES,
    CONTROLNET_CLASSES,
    FLUX_VAE,
    SD_VAE,
    unet_architecture,
)
from studio.models.files import licenses
from studio.models.files.config import Config, read_json
from studio.models.files.folder_check import check_folder, check_weights, refused
from studio.models.files.tensor_layout import architecture_from_title, identify
from studio.models.files.weight_names import scales
from studio.models.files.weights_header import WeightsHeader, parse_json, read_safetensors
from studio.models.files.weights_kind import WeightsKind
from studio.models.inspect.checkpoint import checked, checkpoint_in
from studio.models.registry import ModelRegistry

PEFT_CONFIG, PEFT_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
KINDS: dict[str, AdapterKind] = {
    "lora": "lora",
    "textual_inversion": "textual-inversion",
    "vae": "vae",
    "controlnet": "controlnet",
    "ip_adapter": "ip-adapter",
}
"""What a file is (`tensor_layout.FileKind`) → what the adapter is, for those that Studio uses."""
MAX_RANK = 2048
MAX_TITLE = 80
MAX_WORDS, MAX_WORD = 8, 60
MAX_TOKENS = 256
"""Vectors of a textual inversion; a prompt has 77 at most."""
_FLOATS = {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"}
_FIRST = re.compile(r"lora_down\b|lora_A\b|lora(_linear_layer)?\.down\b")
"""The first half of a layer's change: from what goes in to the rank."""
_OTHERS = {
    r"\.hada_w": "a LoHa",
    r"\.lokr_": "a LoKr",
    r"\.oft_(blocks|diag)": "an OFT",
    r"dora_scale": "a DoRA",
    r"lora_controlnet": "a Control-LoRA",
    r"norm_(q|k|added_q|added_k)\.|query_norm\.scale": "a LoRA that changes norms too",
}
"""What other programs call LoRAs too, and diffusers drops or does not know."""
_NO_NAMES = {
    "pytorch_lora_weights",
    "adapter_model",
    "diffusion_pytorch_model",
    "model",
    "learned_embeds",
    "ip_adapter",
    "lora",
}
"""Names of files that say nothing; the folder's says more."""
_WIDTHS = ("cross_attention_dim", "block_out_channels", "addition_embed_type")
"""In the configuration of a U-Net and of its ControlNets."""
_VAES = (SD_VAE, FLUX_VAE)
"""Whose VAE can be another one: those of diffusers' `AutoencoderKL`."""
_PARTS = ("unet", "transformer", "prior")


def inspect_adapter_file(
    path: Path, header: WeightsHeader, contents: WeightsKind, data: DataFolder | None
) -> ModelCard:
    """Return the card of an adapter in one file; its `family` is empty where it cannot be told.
    Raises StudioError.
    """
    why = _why_not(header, contents)
    if why:
        raise refused(path, f"{why}.")
    if path.suffix != ".safetensors":
        raise refused(
            path, f"it is {contents}, and is read only where it is called .safetensors. Rename it."
        )
    adapter = KINDS[contents.kind]
    if adapter == "ip-adapter" and image_encoder_for(path, header) is None:
        raise refused(
            path,
            f"it is {contents}, and the image encoder that it works with is not beside it: a "
            "folder image_encoder with its "
            "config.json and model.safetensors.",
        )
    stem = path.parent.name if path.stem.lower() in _NO_NAMES else path.stem
    said = header.metadata.get("modelspec.title")
    title = _line(said) if isinstance(said, str) else ""
    name = _line(stem) or "Adapter"
    return ModelCard(
        name=_slug(name),
        title=title or name,
        kind=ADAPTER,
        runner="diffusers",
        adapter=adapter,
        path=str(path.absolute()),
        family=contents.family or _family_of_installed(header, adapter, data),
        parameters=header.parameters,
        size=path.stat().st_size,
        licence=licenses.of_header(header.metadata),
        tasks=(adapter,),
        trigger_words=_words(header, adapter, name),
        description=_line(header.metadata.get("modelspec.description"), 200),
    )


def inspect_peft_folder(folder: Path, data: DataFolder | None) -> ModelCard:
    """Return the card of a folder as peft writes it. Raises StudioError, HeaderError and
    OSError.
    """
    config = read_json(folder / PEFT_CONFIG)
    base, method = (
        _line(config.get("base_model_name_or_path")).rstrip("/").rpartition("/")[2],
        config.get("peft_type"),
    )
    if method != "LORA" or config.get("use_dora"):
        told = f"an adapter for {base}" if base else "an adapter"
        raise refused(
            folder, f"it is {told} of a kind that Studio cannot use ({str(method)[:MAX_TITLE]})."
        )
    if not (folder / PEFT_WEIGHTS).is_file():
        raise refused(
            folder,
            f"{PEFT_WEIGHTS} is missing: only safetensors are read, never a pickle "
            "(adapter_model.bin).",
        )
    header = read_safetensors(folder / PEFT_WEIGHTS)
    contents = identify(header)
    if contents.kind != "lora":
        raise refused(folder, f"its weights are no LoRA: {contents}.")
    contents = msgspec.structs.replace(
        contents, family=contents.family or architecture_from_title(base)
    )
    card = inspect_adapter_file(folder / PEFT_WEIGHTS, header, contents, data)
    return msgspec.structs.replace(
        card, path=str(folder.absolute()), licence=licenses.of_folder(folder) or card.licence
    )


class FamilyNotToldError(StudioError):
    """An adapter whose file does not tell which models it fits; a person may know."""


def inspect_controlnet_folder(folder: Path, config: Config, data: DataFolder | None) -> ModelCard:
    """Return the card of a ControlNet as diffusers writes it. Raises StudioError and OSError."""
    parameters, size = check_weights(folder, folder, variants=True)
    family = CONTROLNET_CLASSES[config.text("_class_name")] or unet_architecture(
        config.positive("cross_attention_dim")
    )
    name = _line(folder.name.rpartition("--")[2]) or "ControlNet"
    return ModelCard(
        name=_slug(name),
        title=name,
        kind=ADAPTER,
        runner="diffusers",
        adapter="controlnet",
        path=str(folder.absolute()),
        family=family or _family_of_width(config, data),
        parameters=parameters,
        size=size,
        tasks=("controlnet",),
        licence=licenses.of_folder(folder),
    )


def check_known(card: ModelCard) -> None:
    """Raise FamilyNotToldError where it could not be told which models an adapter fits."""
    if card.adapter and not card.family and not card.base:
        raise FamilyNotToldError(
            f"{card.title} is {ADAPTER_TITLES[card.adapter]}, and its file does not name the model "
            "that it was made for.",
            cause="model",
            cure="Name an installed model: studio models add FILE --for MODEL.",
        )


def weights_file(card: ModelCard) -> Path:
    """Return the file that holds an installed adapter's weights. Raises StudioError where it is
    gone or another one.
    """
    checkpoint = checkpoint_in(card.folder)
    if checkpoint is not None:
        return checked(checkpoint)
    files = sorted(path for path in card.folder.glob("*.safetensors") if path.is_file())
    if len(files) != 1:
        raise StudioError(
            f"The weights of {card.title} are gone.",
            cause="model",
            cure="Remove it, and add it again.",
        )
    return files[0]


def image_encoder_for(file: Path, header: WeightsHeader) -> Path | None:
    """Return the folder of the image encoder that an IP-Adapter works with; None where none of the
    right width is near it.
    """
    plain, layered = (
        header.shapes.get("image_proj.proj.weight"),
        header.shapes.get("image_proj.proj_in.weight"),
    )
    key, shape = ("projection_dim", plain) if plain is not None else ("hidden_size", layered)
    near = (file.parent, file.parent.parent, *sorted(file.parent.parent.glob("*models")))
    for folder in (place / "image_encoder" for place in near):
        try:
            if shape and read_json(folder / "config.json").get(key) == shape[-1]:
                check_folder(folder)
                check_weights(folder, folder)
                return folder
        except (OSError, HeaderError):
            continue
    return None


def peft_scaling(folder: Path) -> float | None:
    """Return what peft multiplies the layers of a folder of its own with; None where it is no such
    folder.
    """
    if not (folder / PEFT_CONFIG).is_file():
        return None
    try:
        config = read_json(folder / PEFT_CONFIG)
        rank, alpha = float(config["r"]), float(config["lora_alpha"])
        return alpha / (rank**0.5 if config.get("use_rslora") else rank)
    except (HeaderError, OSError, KeyError, TypeError, ValueError, ZeroDivisionError):
        return 1.0


def _slug(name: str) -> str:
    """Return a folder name for an adapter: a-z 0-9 . - _, and none that Windows keeps for
    itself.
    """
    return (
        slug(re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")[:60]).strip("-.") or "adapter"
    )


# What is refused
# ----------------------------------------------------------------------


def _why_not(header: WeightsHeader, contents: WeightsKind) -> str:
    if contents.kind not in KINDS or contents.variant:
        return f"it is {contents}, which Studio cannot use"
    if contents.family == "a language model":
        return "it is a LoRA for a language model, and Studio changes models of pictures only"
    odd = sorted(set(header.dtypes) - _FLOATS)
    if odd:
        return f"it is {contents}, but holds numbers that are none of weights ({odd[0]})"
    if scales(header.tensors):
        return f"it is {contents}, but its weights are scaled. Take the plain one"
    if contents.kind == "lora":
        return _why_no_lora(header)
    if (contents.kind == "vae" and contents.family not in _VAES) or (
        contents.kind in ("controlnet", "ip_adapter") and not _is_unet(contents)
    ):
        return f"it is {contents}, which Studio cannot use as one file"
    if contents.kind == "textual_inversion":
        longest = max((shape[0] for shape in header.shapes.values() if len(shape) > 1), default=1)
        return (
            f"it is {contents} of {longest:,} vectors; at most {MAX_TOKENS} are of use"
            if longest > MAX_TOKENS
            else ""
        )
    return ""


def _is_unet(contents: WeightsKind) -> bool:
    """True for what belongs to a U-Net, whose layers are told from the model's."""
    known = ARCHITECTURES.get(contents.family)
    return not contents.family or (known is not None and known.context_width > 0)


def _why_no_lora(header: WeightsHeader) -> str:
    for name in header.shapes:
        for pattern, what in _OTHERS.items():
            if re.search(pattern, name):
                return f"it is {what}, which Studio cannot use; plain LoRAs it can"
    halves = list(_halves(header.shapes))
    if not halves:
        return "it is a LoRA without a layer that is whole"
    for name, first, second in halves:
        if second is None or len(first) < 2 or len(second) < 2:
            return f"it is a LoRA, but half of a layer is missing ({name[:MAX_TITLE]})"
        if first[0] != second[1]:
            return (
                "it is a LoRA, but the halves of a layer do not fit each other "
                f"({name[:MAX_TITLE]}: {first[0]} and {second[1]})"
            )
        if not 0 < first[0] <= MAX_RANK:
            return f"it is a LoRA of rank {first[0]:,}; real ones have {MAX_RANK:,} at most"
    return ""


def _halves(
    shapes: Mapping[str, tuple[int, ...]],
) -> Iterator[tuple[str, tuple[int, ...], tuple[int, ...] | None]]:
    """Yield the layers of a LoRA: the name and shape of the first half, and the shape of the
    second.
    """
    swap = {"lora_down": "lora_up", "lora_A": "lora_B"}
    for name, shape in shapes.items():
        found = _FIRST.search(name)
        if found and not name.endswith((".alpha", ".bias")):
            other = swap.get(found[0]) or found[0].replace("down", "up")
            yield name, shape, shapes.get(name[: found.start()] + other + name[found.end() :])


# Which model it fits
# ----------------------------------------------------------------------


def _family_of_installed(header: WeightsHeader, adapter: str, data: DataFolder | None) -> str:
    """Return the family of the installed models whose layers these are; empty where there are none,
    or of several families.
    """
    layers = _layers(header) if adapter == "lora" else {}
    width = (
        max((shape[-1] for shape in header.shapes.values() if shape), default=0)
        if adapter == "textual-inversion"
        else 0
    )
    if data is None or not (layers or width):
        return ""
    found = set()
    for card in ModelRegistry(data).list():
        if card.kind != "image" or card.runner != "diffusers" or not card.path or card.base:
            continue
        same = _has_layers(card, layers) if layers else _reads_width(card, width)
        found |= {architecture(card)} if same else set()
    return found.pop() if len(found) == 1 else ""


def _layers(header: WeightsHeader) -> dict[str, tuple[int, int]]:
    """Return layer of the denoiser, with underscores, → width of what goes in and comes out."""
    found = {}
    for name, first, second in _halves(header.shapes):
        if re.match(r"(lora_te|text_encoder)", name) or second is None:
            continue
        layer = re.sub(r"[._]$", "", name[: _FIRST.search(name).start()])  # type: ignore[union-attr]  # `_halves` found it
        layer = re.sub(
            r"^(base_model\.model|lora_unet|lora_transformer|diffusion_model|unet|transformer)[._]",
            "",
            layer,
        )
        found[layer.replace(".processor", "").replace(".", "_")] = (first[1], second[0])
    return found


def _has_layers(card: ModelCard, layers: Mapping[str, tuple[int, int]]) -> bool:
    there: dict[str, tuple[int, int]] = {}
    for file in (
        file for part in _PARTS for file in sorted((card.folder / part).glob("*.safetensors"))
    ):
        try:
            shapes = read_safetensors(file).shapes
        except (OSError, HeaderError):
            continue
        there |= {
            name.removesuffix(".weight").replace(".", "_"): (shape[1], shape[0])
            for name, shape in shapes.items()
            if name.endswith(".weight") and len(shape) > 1
        }
    return all(there.get(layer) == shape for layer, shape in layers.items())


def _family_of_width(config: Config, data: DataFolder | None) -> str:
    """Return the family of the installed models whose U-Net has the widths of a ControlNet."""
    found = set()
    for card in ModelRegistry(data).list() if data is not None else []:
        try:
            unet = (
                read_json(card.folder / "unet" / "config.json")
                if card.kind == "image" and card.path
                else {}
            )
        except (OSError, HeaderError):
            continue
        same = all(unet.get(key) == config.get(key) for key in _WIDTHS)
        found |= {architecture(card)} if unet and same else set()
    return found.pop() if len(found) == 1 else ""


def _reads_width(card: ModelCard, width: int) -> bool:
    try:
        return read_json(card.folder / "text_encoder" / "config.json").get("hidden_size") == width
    except (OSError, HeaderError):
        return False


# What it says about itself
# ----------------------------------------------------------------------


def _words(header: WeightsHeader, adapter: str, name: str) -> tuple[str, ...]:
    """Return trigger words: the phrase that the file names, else what most of its pictures were
    described with.
    """
    if adapter == "textual-inversion":  # the word that stands for it
        own = next(
            (tensor for tensor in header.shapes if re.fullmatch(r"<[^\s<>]{1,58}>", tensor)), ""
        )
        return (own or re.sub(r"\s+", "-", name),)
    if adapter != "lora":
        return ()
    phrase = _line(header.metadata.get("modelspec.trigger_phrase"), MAX_WORD * 2)
    return (phrase,) if phrase else _frequent(header.metadata.get("ss_tag_frequency"))


def _frequent(said: Any) -> tuple[str, ...]:
    try:
        table = parse_json(said.encode()) if isinstance(said, str) else {}
        counts: dict[str, int] = {}
        for tags in table.values():
            for tag, count in tags.items():
                if type(count) is int and 0 < len(tag.strip()) <= MAX_WORD:
                    counts[_line(tag, MAX_WORD)] = counts.get(_line(tag, MAX_WORD), 0) + count
    except (ValueError, RecursionError, AttributeError):
        return ()
    return tuple(sorted(counts, key=lambda tag: -counts[tag])[:MAX_WORDS])


def _line(text: Any, length: int = MAX_TITLE) -> str:
    """Return text from a file as one line that can be shown."""
    return (
        printable(" ".join(text[: length * 4].split()))[:length].strip()
        if isinstance(text, str)
        else ""
    )
