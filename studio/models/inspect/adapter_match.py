"""Finds the architecture that an adapter fits by comparing it with the installed models.

Used where neither the adapter's tensors nor its metadata name an architecture.
"""

from __future__ import annotations

from collections.abc import Callable

from studio.core.paths import DataFolder
from studio.core.regular_file import HeaderError
from studio.models.adapter_compatibility import architecture
from studio.models.card import AdapterKind, ModelCard
from studio.models.files.config import Config, read_config
from studio.models.files.weights_header import WeightsHeader, read_safetensors
from studio.models.inspect.lora_layers import denoiser_layers
from studio.models.registry import ModelRegistry

_UNET_KEYS = ("cross_attention_dim", "block_out_channels", "addition_embed_type")
"""Keys whose values a U-Net and its ControlNets share."""
_DENOISERS = ("unet", "transformer", "prior")


def architecture_of_adapter(
    header: WeightsHeader, adapter: AdapterKind, data: DataFolder | None
) -> str:
    """Return the architecture of the installed models that a LoRA or textual inversion fits.

    Empty where no model fits, or models of several architectures.
    """
    if adapter == "lora":
        layers = denoiser_layers(header.shapes)
        return _common_architecture(data, lambda card: bool(layers) and _has_layers(card, layers))
    if adapter == "textual-inversion":
        width = max((shape[-1] for shape in header.shapes.values() if shape), default=0)
        return _common_architecture(data, lambda card: _reads_width(card, width))
    return ""


def architecture_of_controlnet(config: Config, data: DataFolder | None) -> str:
    """Return the architecture of the installed models whose U-Net has a ControlNet's widths."""

    def fits(card: ModelCard) -> bool:
        unet = read_config(card.folder / "unet" / "config.json")
        return bool(unet.values) and all(unet.get(key) == config.get(key) for key in _UNET_KEYS)

    return _common_architecture(data, fits)


def _common_architecture(data: DataFolder | None, fits: Callable[[ModelCard], bool]) -> str:
    if data is None:
        return ""
    architectures = set()
    for card in ModelRegistry(data).list():
        if not card.makes_images or card.runner != "diffusers" or not card.path or card.base:
            continue
        try:
            if fits(card):
                architectures.add(architecture(card))
        except (OSError, HeaderError):
            continue
    return architectures.pop() if len(architectures) == 1 else ""


def _has_layers(card: ModelCard, layers: dict[str, tuple[int, int]]) -> bool:
    known: dict[str, tuple[int, int]] = {}
    for part in _DENOISERS:
        for file in sorted((card.folder / part).glob("*.safetensors")):
            try:
                shapes = read_safetensors(file).shapes
            except (OSError, HeaderError):
                continue
            known |= {
                name.removesuffix(".weight").replace(".", "_"): (shape[1], shape[0])
                for name, shape in shapes.items()
                if name.endswith(".weight") and len(shape) > 1
            }
    return all(known.get(layer) == widths for layer, widths in layers.items())


def _reads_width(card: ModelCard, width: int) -> bool:
    config = read_config(card.folder / "text_encoder" / "config.json")
    return width > 0 and config.get("hidden_size") == width
