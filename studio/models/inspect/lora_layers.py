"""The layers that a LoRA changes: each has two halves, of which the first maps to the rank."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from studio.core.translation import mark, tr, tr_marked
from studio.models.files.weights_header import WeightsHeader
from studio.models.files.weights_kind import Shapes
from studio.models.inspect.names import MAX_TITLE

MAX_RANK = 2048
_FIRST = re.compile(r"lora_down\b|lora_A\b|lora(_linear_layer)?\.down\b")
_SECOND = {"lora_down": "lora_up", "lora_A": "lora_B"}
_TEXT_ENCODER = re.compile(r"(lora_te|text_encoder)")
_ROOT = re.compile(
    r"^(base_model\.model|lora_unet|lora_transformer|diffusion_model|unet|transformer)[._]"
)
_UNSUPPORTED = {
    r"\.hada_w": mark("a LoHa"),
    r"\.lokr_": mark("a LoKr"),
    r"\.oft_(blocks|diag)": mark("an OFT"),
    r"dora_scale": mark("a DoRA"),
    r"lora_controlnet": mark("a Control-LoRA"),
    r"norm_(q|k|added_q|added_k)\.|query_norm\.scale": mark("a LoRA that changes norms too"),
}
"""Tensor names of what other programs also call LoRA, and diffusers drops or does not know."""


class LoraLayer(msgspec.Struct, frozen=True):
    """The tensors of one layer."""

    first_name: str
    layer: str
    """The name of the layer that it changes."""
    first: tuple[int, ...]
    """Shape of the first half: (rank, inputs …)."""
    second: tuple[int, ...] | None
    """Shape of the second half: (outputs, rank …); None if it is missing."""


def lora_layers(shapes: Shapes) -> Iterator[LoraLayer]:
    """Yield the layers of a LoRA."""
    for name, shape in shapes.items():
        match = _FIRST.search(name)
        if match and not name.endswith((".alpha", ".bias")):
            second = _SECOND.get(match[0]) or match[0].replace("down", "up")
            second_name = name[: match.start()] + second + name[match.end() :]
            layer = re.sub(r"[._]$", "", name[: match.start()])
            yield LoraLayer(name, layer, shape, shapes.get(second_name))


def why_no_lora(header: WeightsHeader) -> str:
    """Return why a LoRA cannot be used, as the end of a sentence; empty if it can."""
    for name in header.shapes:
        for pattern, title in _UNSUPPORTED.items():
            if re.search(pattern, name):
                return tr(
                    "it is {kind}, which Studio cannot use; it can use plain LoRAs",
                    kind=tr_marked(title),
                )
    layers = list(lora_layers(header.shapes))
    if not layers:
        return tr("it is a LoRA without a complete layer")
    for one in layers:
        name = one.first_name[:MAX_TITLE]
        if one.second is None or len(one.first) < 2 or len(one.second) < 2:
            return tr("it is a LoRA, but half of a layer is missing ({name})", name=name)
        if one.first[0] != one.second[1]:
            return tr(
                "it is a LoRA, but the halves of a layer do not fit each other "
                "({name}: {first} and {second})",
                name=name,
                first=one.first[0],
                second=one.second[1],
            )
        if not 0 < one.first[0] <= MAX_RANK:
            return tr(
                "it is a LoRA of rank {rank:,}; real ones have {limit:,} at most",
                rank=one.first[0],
                limit=MAX_RANK,
            )
    return ""


def denoiser_layers(shapes: Shapes) -> dict[str, tuple[int, int]]:
    """Return layer of the denoiser, named with underscores → number of inputs and outputs."""
    layers = {}
    for one in lora_layers(shapes):
        if _TEXT_ENCODER.match(one.first_name) or one.second is None:
            continue
        layer = _ROOT.sub("", one.layer).replace(".processor", "").replace(".", "_")
        layers[layer] = (one.first[1], one.second[0])
    return layers
