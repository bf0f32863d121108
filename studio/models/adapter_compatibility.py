"""Which adapter fits which model, by their cards."""

from __future__ import annotations

import functools
from pathlib import Path

from studio.core.regular_file import HeaderError
from studio.core.translation import mark, tr, tr_marked
from studio.models.card import ModelCard
from studio.models.families import find_family
from studio.models.families.architectures import SD1, SD2, fits
from studio.models.files.config import read_config, read_config_if_present

ADAPTER_TITLES = {
    "lora": mark("a LoRA"),
    "textual-inversion": mark("a textual inversion"),
    "vae": mark("a VAE"),
    "controlnet": mark("a ControlNet"),
    "ip-adapter": mark("an IP-Adapter"),
}
"""`ModelCard.adapter` → what a user calls it; translated where it is shown."""


def architecture(card: ModelCard) -> str:
    """Return the name by which adapters state that they fit this model."""
    family = find_family(card.family)
    name = family.architecture if family is not None else ""
    # Stable Diffusion 1 and 2 have the same pipeline and differ in width.
    if name == SD1 and card.path and not card.base and _context_width(card.folder) == 1024:
        return SD2
    return name or card.family.removesuffix("Pipeline")


@functools.lru_cache(maxsize=64)
def _context_width(folder: Path) -> int:
    try:
        return read_config(folder / "unet" / "config.json").positive("cross_attention_dim")
    except (OSError, HeaderError):
        return 0


def incompatibility(adapter: ModelCard, model: ModelCard) -> str:
    """Return why an adapter does not fit a model, as a sentence; empty if it fits."""
    made_for = architecture(adapter) if adapter.base else adapter.family
    actual = architecture(model)
    if fits(actual, made_for):
        return ""
    return tr(
        "{adapter} is {kind} for {architecture}; {model} is {actual}.",
        adapter=adapter.title,
        kind=tr_marked(ADAPTER_TITLES.get(adapter.adapter, mark("an adapter"))),
        architecture=tr_marked(made_for) or tr("an unknown model"),
        model=model.title,
        actual=tr_marked(actual),
    )


def compatible(adapters: list[ModelCard], model: ModelCard) -> list[ModelCard]:
    """Return the adapters that fit a model, without the model itself."""
    return [
        card
        for card in adapters
        if card.adapter and card.name != model.name and not incompatibility(card, model)
    ]


def motion_fits(adapter: ModelCard, base: ModelCard) -> bool:
    """Return whether a motion adapter's layers have the widths of the model's U-Net."""
    widths = read_config_if_present(adapter.folder / "config.json").get("block_out_channels")
    unet = read_config_if_present(base.folder / "unet/config.json")
    return widths is not None and widths == unet.get("block_out_channels")
