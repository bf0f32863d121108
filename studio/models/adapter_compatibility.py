"""Which adapter fits which model, and what a request's adapters are: told before the job runs, from
cards alone.
"""

from __future__ import annotations

import functools
from pathlib import Path

from studio.core.regular_file import HeaderError
from studio.models.card import ModelCard
from studio.models.files.folder_check import read_json

NAMES = {
    "lora": "a LoRA",
    "textual-inversion": "a textual inversion",
    "vae": "a VAE",
    "controlnet": "a ControlNet",
    "ip-adapter": "an IP-Adapter",
}
"""What an adapter is, for a person."""
# The first that is in the pipeline's name → the family's, as `files/tensor_layout.py` calls it.
_FAMILIES = (
    ("StableDiffusionXL", "SDXL"),
    ("StableDiffusion3", "Stable Diffusion 3"),
    ("StableDiffusion", "Stable Diffusion 1.x"),
    ("LatentConsistencyModel", "Stable Diffusion 1.x"),
    ("Flux2", "FLUX.2"),
    ("Flux", "FLUX.1"),
    ("Chroma", "Chroma"),
    ("QwenImage21", "Qwen-Image 2.1"),
    ("QwenImage", "Qwen-Image"),
    ("ZImage", "Z-Image"),
    ("Lumina2", "Lumina 2"),
    ("Sana", "Sana"),
    ("PixArt", "PixArt"),
    ("AuraFlow", "AuraFlow"),
    ("HiDream", "HiDream"),
    ("HunyuanDiT", "HunyuanDiT"),
    ("Wan", "Wan"),
    ("LTX", "LTX-Video"),
    ("HunyuanVideo", "HunyuanVideo"),
    ("CogView4", "CogView4"),
    ("Kolors", "Kolors"),
)
_SHARED = {  # what a file of several families is called → these
    "Stable Diffusion or SDXL": {"Stable Diffusion 1.x", "Stable Diffusion 2.x", "SDXL"},
    "FLUX.1": {
        "Chroma"
    },  # which has its layers; whether it has those of a LoRA is seen when that is put on
    "FLUX.1 or Stable Diffusion 3": {
        "FLUX.1",
        "Stable Diffusion 3",
        "Chroma",
        "Z-Image",
        "Lumina 2",
    },
}


def architecture(card: ModelCard) -> str:
    """Return the family of a model in the words that adapters name theirs with; Stable Diffusion's
    two are told by width.
    """
    family = next(
        (name for part, name in _FAMILIES if part in card.family),
        card.family.removesuffix("Pipeline"),
    )
    if (
        family == "Stable Diffusion 1.x"
        and card.path
        and not card.base
        and _context(card.folder) == 1024
    ):
        return "Stable Diffusion 2.x"
    return family


@functools.lru_cache(maxsize=64)
def _context(folder: Path) -> int:
    try:
        width = read_json(folder / "unet" / "config.json").get("cross_attention_dim")
    except (OSError, HeaderError):
        return 0
    return width if type(width) is int else 0


def why_no_fit(adapter: ModelCard, model: ModelCard) -> str:
    """Return why an adapter does not fit a model, as a sentence; empty where it fits."""
    made_for = architecture(adapter) if adapter.base else adapter.family
    has = architecture(model)
    if has == made_for or has in _SHARED.get(made_for, ()):
        return ""
    what = NAMES.get(adapter.adapter, "an adapter")
    return (
        f"{adapter.title} is {what} for {made_for or 'a model that is not known'}; "
        f"{model.title} is {has}."
    )


def fitting(adapters_there: list[ModelCard], model: ModelCard) -> list[ModelCard]:
    """Return the adapters that fit a model; its own is none of them."""
    return [
        card
        for card in adapters_there
        if card.adapter and card.name != model.name and not why_no_fit(card, model)
    ]
