"""Recognizes adapters by the names and shapes of their tensors.

The names are those of diffusers, peft and kohya's scripts.
"""

from __future__ import annotations

import re

from studio.models.families.architectures import (
    ARCHITECTURES,
    SD1,
    SD2,
    SD3,
    SDXL,
    unet_architecture,
)
from studio.models.files.weights_kind import Shapes, WeightsKind, has_prefix, input_width

_LORA = re.compile(
    r"(\.|_)lora_?(A|B|a|b|up|down|mid)\b|[._]lora(_linear_layer)?\.(up|down)\."
    r"|\.(hada_w[12]|lokr_w[12]|lokr_t2|oft_blocks|oft_diag|dora_scale)"
)
_CROSS_ATTENTION = re.compile(r"attn2[._](processor[._])?to_[kv]")
_FIRST_HALF = re.compile(r"(down|lora_A|lora\.A)[._]weight$|lora_A")
# Not unet.*transformer, which takes quadratic time in a long name.
_SDXL_BLOCK = re.compile("transformer_blocks_[2-9]")
_CONTROLNET_PREFIXES = (
    "control_model.",
    "controlnet_",
    "input_hint_block.",
    "control_all_x_embedder.",
    "control_layers.",
    "adapter.body.",
)
_EMBEDDING_WIDTHS = {768: SD1, 1024: SD2}
_MAX_SMALL_ROWS = 256
"""Rows of a matrix that can be a textual inversion."""


def identify_lora(shapes: Shapes) -> WeightsKind | None:
    """Recognize a LoRA and its relatives (LoHa, LoKr, OFT, DoRA)."""
    if not any(_LORA.search(name) for name in shapes):
        return None
    return WeightsKind("lora", _lora_architecture(shapes))


def _lora_architecture(shapes: Shapes) -> str:
    names = "\n".join(shapes)
    if "_te2_" in names or re.search(r"(^|\n)text_encoder_2\.", names):
        return SDXL
    width = next(
        (
            shape[1]
            for name, shape in shapes.items()
            if len(shape) > 1 and _CROSS_ATTENTION.search(name) and _FIRST_HALF.search(name)
        ),
        0,
    )
    if "blocks" in names and (architecture := unet_architecture(width)):
        return architecture
    for one in ARCHITECTURES.values():
        if one.lora and re.search(one.lora, names, re.MULTILINE):
            return one.name
    if "lora_unet_input_blocks" in names or any(
        _SDXL_BLOCK.search(name, name.find("unet")) for name in shapes if "unet" in name
    ):
        return SDXL
    return SD1 if "_te_text_model_" in names else ""


def identify_ip_adapter(shapes: Shapes) -> WeightsKind | None:
    """Recognize an IP-Adapter."""
    if not has_prefix(shapes, "ip_adapter.", "ip_adapter_", "ip-adapter.") and not any(
        "to_k_ip" in name for name in shapes
    ):
        return None
    if any("double_blocks" in name or "single_blocks" in name for name in shapes):
        return WeightsKind("ip_adapter", "FLUX.1")
    return WeightsKind("ip_adapter", unet_architecture(input_width(shapes, "to_k_ip.weight")))


def identify_controlnet(shapes: Shapes) -> WeightsKind | None:
    """Recognize a ControlNet or a T2I-Adapter."""
    is_t2i_adapter = any(name.startswith("body.0.") and "block1" in name for name in shapes)
    if not has_prefix(shapes, *_CONTROLNET_PREFIXES) and not is_t2i_adapter:
        return None
    if has_prefix(shapes, "adapter.body.", "body.0."):
        return None if is_upscaler(shapes) else WeightsKind("controlnet", "", "T2I-Adapter")
    architecture = unet_architecture(input_width(shapes, "attn2.to_k.weight"))
    if architecture and not has_prefix(shapes, "transformer_blocks."):
        return WeightsKind("controlnet", architecture)
    if has_prefix(shapes, "control_all_x_embedder.", "control_layers."):
        return WeightsKind("controlnet", "Z-Image")
    if has_prefix(shapes, "single_transformer_blocks.", "controlnet_x_embedder.", "double_blocks."):
        return WeightsKind("controlnet", "FLUX.1")
    is_sd3 = has_prefix(shapes, "transformer_blocks.", "joint_blocks.")
    return WeightsKind("controlnet", SD3 if is_sd3 else "")


def identify_textual_inversion(shapes: Shapes) -> WeightsKind | None:
    """Recognize a textual inversion."""
    if not 0 < len(shapes) <= 3 or any(len(shape) not in (1, 2) for shape in shapes.values()):
        return None
    if {"clip_l", "clip_g"} <= set(shapes):
        return WeightsKind("textual_inversion", SDXL)
    if len(shapes) != 1:
        return None
    ((name, shape),) = shapes.items()
    if len(shape) == 2 and shape[0] > _MAX_SMALL_ROWS:
        return None
    if shape[-1] in _EMBEDDING_WIDTHS and "bias" not in name:
        return WeightsKind("textual_inversion", _EMBEDDING_WIDTHS[shape[-1]])
    if re.fullmatch(r"emb_params|<[^<>\s]+>", name):
        return WeightsKind("textual_inversion")
    return None


def identify_motion(shapes: Shapes) -> WeightsKind | None:
    """Recognize a motion module of AnimateDiff in one file."""
    if not any("motion_modules." in name for name in shapes):
        return None
    if has_prefix(shapes, "model.diffusion_model."):
        return None
    return WeightsKind("motion", SD1 if input_width(shapes, "to_k.weight") != 320 else "")


def is_upscaler(shapes: Shapes) -> bool:
    """Return whether these are the tensors of an ESRGAN or a similar upscaler."""
    return "body.0.weight" in shapes or has_prefix(
        shapes, "conv_first.", "model.1.sub.", "body.0.rdb1.", "conv_body."
    )
