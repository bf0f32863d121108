"""What a weights file holds: a model, a part of one or an adapter, and of which architecture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

FileKind = Literal[
    "checkpoint",
    "denoiser",
    "vae",
    "lora",
    "controlnet",
    "ip_adapter",
    "textual_inversion",
    "text_encoder",
    "image_encoder",
    "motion",
    "upscaler",
    "language_model",
    "unknown",
]
Shapes = Mapping[str, tuple[int, ...]]
"""Tensor name → shape."""

_TITLES: dict[FileKind, str] = {
    "checkpoint": "a whole model in one file",
    "denoiser": "the denoiser of a model, without its text encoder and VAE",
    "vae": "a VAE",
    "lora": "a LoRA",
    "controlnet": "a ControlNet",
    "ip_adapter": "an IP-Adapter",
    "textual_inversion": "a textual inversion",
    "text_encoder": "a text encoder",
    "image_encoder": "an image encoder",
    "motion": "a motion module",
    "upscaler": "an upscaler",
    "language_model": "the weights of a language model",
    "unknown": "of an unknown kind",
}


class WeightsKind(msgspec.Struct, frozen=True):
    """What a weights file holds."""

    kind: FileKind
    family: str = ""
    """The architecture that it is of, or that it fits if it is an adapter: SDXL, FLUX.1 …"""
    variant: str = ""
    """inpainting, refiner …; empty for the usual one."""

    def __str__(self) -> str:
        """Return it for a person: a LoRA for SDXL."""
        title = _TITLES[self.kind]
        if self.variant:
            title = f"{title} ({self.variant})"
        model = self.family
        if not model and self.kind in ("lora", "controlnet", "ip_adapter"):
            model = "an unknown model"
        is_part = self.kind in ("checkpoint", "denoiser", "vae", "text_encoder", "language_model")
        return f"{title} {'of' if is_part else 'for'} {model}" if model else title


def has_prefix(shapes: Shapes, *prefixes: str) -> bool:
    """Return whether a tensor's name begins with one of the prefixes."""
    return any(name.startswith(prefixes) for name in shapes)


def has_prefixes(shapes: Shapes, prefixes: tuple[str, ...]) -> bool:
    """Return whether each of the prefixes begins a tensor's name."""
    return all(any(name.startswith(prefix) for name in shapes) for prefix in prefixes)


def input_width(shapes: Shapes, suffix: str) -> int:
    """Return the input width of the first matrix whose name ends with `suffix`, or 0."""
    return next(
        (shape[1] for name, shape in shapes.items() if len(shape) > 1 and name.endswith(suffix)), 0
    )
