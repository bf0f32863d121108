"""What a model's folder states about how it can be loaded."""

from __future__ import annotations

from pathlib import Path

import msgspec

from studio.core.errors import StudioError
from studio.models.card import ModelCard
from studio.models.families.video import MOTION_FAMILY
from studio.models.inspect.checkpoint import checkpoint_in

LARGEST_PART = 0.75
"""Share of a pipeline's largest component if it is unknown: 0.74 in SDXL, 0.71 in FLUX.1."""


class Facts(msgspec.Struct, frozen=True):
    """What a model's folder states about how it can be loaded."""

    largest: float = LARGEST_PART
    """The largest part's share of the weights."""
    one_file: bool = False
    """Its weights cannot be quantized: a checkpoint in one file, or a motion adapter."""


def facts_of(card: ModelCard) -> Facts:
    """Return the facts of a model's folder; typical ones if it is not installed or unreadable."""
    folder = Path(card.path)
    if card.runner != "diffusers" or not card.path:
        return Facts()
    if card.family == MOTION_FAMILY and card.base:
        return Facts(one_file=True)  # its layers are merged into unquantized ones of another model
    try:
        sizes = [_weights_size(part) for part in folder.iterdir() if part.is_dir()]
        one_file = checkpoint_in(folder) is not None
    except (OSError, StudioError):
        return Facts()
    total = sum(sizes)
    return Facts(largest=max(sizes) / total if total else LARGEST_PART, one_file=one_file)


def _weights_size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))
