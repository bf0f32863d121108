"""What a weights file holds: a model, a part of one or an adapter, and of which architecture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from studio.core.translation import mark, tr, tr_marked

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
    "checkpoint": mark("a whole model in one file"),
    "denoiser": mark("the denoiser of a model, without its text encoder and VAE"),
    "vae": mark("a VAE"),
    "lora": mark("a LoRA"),
    "controlnet": mark("a ControlNet"),
    "ip_adapter": mark("an IP-Adapter"),
    "textual_inversion": mark("a textual inversion"),
    "text_encoder": mark("a text encoder"),
    "image_encoder": mark("an image encoder"),
    "motion": mark("a motion module"),
    "upscaler": mark("an upscaler"),
    "language_model": mark("the weights of a language model"),
    "unknown": mark("of an unknown kind"),
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
        title = tr_marked(_TITLES[self.kind])
        if self.variant:
            title = tr("{title} ({variant})", title=title, variant=tr_marked(self.variant))
        model = tr_marked(self.family)
        if not model and self.kind in ("lora", "controlnet", "ip_adapter"):
            model = tr("an unknown model")
        is_part = self.kind in ("checkpoint", "denoiser", "vae", "text_encoder", "language_model")
        if not model:
            return title
        if is_part:
            return tr("{part} of {model}", part=title, model=model)
        return tr("{adapter} for {model}", adapter=title, model=model)


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
