"""What a file of weights is, told by the names and shapes of its tensors, never by its own name.

The names that tell are those of the programs that wrote the files: the models' own code, diffusers,
kohya's scripts, peft.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from studio.models.files.weights_header import WeightsHeader

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

NAMES: dict[str, str] = {
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
    "unknown": "of a kind that is not known",
}
"""For a person."""


class WeightsKind(msgspec.Struct, frozen=True):
    """What a file holds."""

    kind: FileKind
    family: str = ""
    """The model that it is or, for a LoRA, a ControlNet and the like, that it belongs to: SDXL,
    FLUX.1 …
    """
    variant: str = ""
    """inpainting, refiner, …: what it is besides; empty for the plain one."""

    def __str__(self) -> str:
        """For a person: a LoRA for SDXL."""
        name = NAMES[self.kind]
        whose = self.family or (
            "a model that is not known" if self.kind in ("lora", "controlnet", "ip_adapter") else ""
        )
        link = (
            "of"
            if self.kind in ("checkpoint", "denoiser", "vae", "text_encoder", "language_model")
            else "for"
        )
        told = f"{name} ({self.variant})" if self.variant else name
        return f"{told} {link} {whose}" if whose else told


_ROOTS = ("model.diffusion_model.", "diffusion_model.", "net.", "transformer.", "unet.")
# The first family of which all names are there. Names of a model's own code first, then those of
# diffusers.
_DENOISERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("FLUX.2", ("double_stream_modulation_img.",)),
    ("FLUX.2", ("single_stream_modulation.",)),
    ("Chroma", ("distilled_guidance_layer.",)),
    ("HunyuanVideo", ("txt_in.individual_token_refiner.",)),
    ("Stable Diffusion 3", ("joint_blocks.",)),
    ("FLUX.1", ("double_blocks.0.img_attn.", "single_blocks.")),
    ("FLUX.1", ("single_transformer_blocks.", "x_embedder.", "context_embedder.")),
    ("AuraFlow", ("double_layers.", "single_layers.")),
    ("AuraFlow", ("joint_transformer_blocks.", "single_transformer_blocks.")),
    ("HiDream", ("double_stream_blocks.",)),
    ("Stable Cascade", ("clip_txt_mapper.",)),
    ("Stable Cascade", ("down_blocks.1.0.channelwise.",)),
    ("Mochi", ("blocks.0.attn.qkv_x.",)),
    ("Z-Image", ("layers.0.adaLN_modulation.", "cap_embedder.", "noise_refiner.")),
    ("Lumina 2", ("cap_embedder.", "noise_refiner.", "layers.")),
    ("Lumina 2", ("time_caption_embed.", "noise_refiner.", "layers.")),
    ("Z-Image", ("layers.0.adaLN_modulation.",)),
    ("Wan", ("patch_embedding.", "head.modulation", "blocks.")),
    ("Wan", ("condition_embedder.", "patch_embedding.", "blocks.")),
    ("Sana", ("blocks.0.cross_attn.q_linear.", "y_embedder.")),
    ("PixArt", ("blocks.0.scale_shift_table", "y_embedder.")),
    ("PixArt", ("transformer_blocks.0.scale_shift_table", "adaln_single.", "pos_embed.")),
    (
        "Sana",
        (
            "transformer_blocks.0.scale_shift_table",
            "caption_projection.",
            "time_embed.",
            "caption_norm.",
        ),
    ),
    ("LTX-Video", ("patchify_proj.",)),
    ("LTX-Video", ("transformer_blocks.0.scale_shift_table", "proj_in.", "caption_projection.")),
    ("Cosmos", ("x_embedder.proj.1.", "blocks.")),
    ("Qwen-Image", ("transformer_blocks.0.img_mlp.", "transformer_blocks.0.txt_mlp.", "txt_in.")),
    (
        "Stable Diffusion 3",
        ("transformer_blocks.0.attn.add_q_proj.", "context_embedder.", "pos_embed."),
    ),
    ("CogVideoX", ("transformer_blocks.0.norm1.linear.", "patch_embed.")),
    ("HunyuanDiT", ("blocks.0.attn1.", "pooler.")),
)


def tell(header: WeightsHeader) -> WeightsKind:
    """Return what a file of weights holds."""
    shapes = header.shapes
    for look in (
        _lora,
        _ip_adapter,
        _controlnet,
        _textual_inversion,
        _motion,
        _checkpoint,
        _encoder,
        _denoiser,
        _vae,
        _upscaler,
    ):
        if found := look(shapes):
            return _named_by_itself(found, header)
    return WeightsKind("unknown")


def _any(shapes: Shapes, *starts: str) -> bool:
    return any(name.startswith(starts) for name in shapes)


def _all(shapes: Shapes, starts: tuple[str, ...]) -> bool:
    return all(any(name.startswith(start) for name in shapes) for start in starts)


def _width(shapes: Shapes, ending: str) -> int:
    """Return the inner dimension of the first tensor whose name ends so; 0 where there is none."""
    return next(
        (shape[1] for name, shape in shapes.items() if len(shape) > 1 and name.endswith(ending)), 0
    )


# Adapters
# ----------------------------------------------------------------------

_LORA = re.compile(
    r"(\.|_)lora_?(A|B|a|b|up|down|mid)\b|[._]lora(_linear_layer)?\.(up|down)\.|\.(hada_w[12]|lokr_w[12]|lokr_t2|oft_blocks|oft_diag|dora_scale)"
)
# The first family of whose patterns one is found in some name.
_LORA_FAMILIES: tuple[tuple[str, str], ...] = (
    ("Stable Diffusion 3", r"joint_blocks[._]"),
    ("FLUX.2", r"double_stream_modulation|single_stream_modulation|to_qkv_mlp_proj"),
    ("Chroma", r"distilled_guidance_layer"),
    ("HunyuanVideo", r"individual_token_refiner"),
    ("FLUX.1", r"double_blocks[._]|single_transformer_blocks[._]|single_blocks[._]"),
    ("HiDream", r"double_stream_blocks[._]"),
    ("Qwen-Image", r"transformer_blocks[._]\d+[._](img|txt)_(mlp|mod)"),
    ("Stable Diffusion 3", r"transformer_blocks[._]\d+[._]attn[._]add_[qkv]_proj"),
    (
        "Wan",
        r"blocks[._]\d+[._](self_attn|cross_attn)[._][qkvo]\b|blocks[._]\d+[._]attn[12][._]to_[qkv].*condition",
    ),
    (
        "Z-Image",
        r"(^|[._])(layers|noise_refiner|context_refiner)[._]\d+[._](attention[._](to_[qkv]|qkv|out)|feed_forward)",
    ),
    ("LTX-Video", r"transformer_blocks[._]\d+[._]attn[12][._]to_[qkv].*(patchify|caption)"),
    (
        "a language model",
        r"(^|\.)model\.layers\.\d+\.(self_attn|mlp)\.|transformer\.h\.\d+\.|decoder\.layers\.\d+\.self_attn",
    ),
)
CONTEXTS = {
    768: "Stable Diffusion 1.x",
    1024: "Stable Diffusion 2.x",
    2048: "SDXL",
    1280: "SDXL refiner",
}
"""Width of what a U-Net reads of a prompt → its family."""


def _lora(shapes: Shapes) -> WeightsKind | None:
    if not any(_LORA.search(name) for name in shapes):
        return None
    return WeightsKind("lora", _lora_family(shapes))


def _lora_family(shapes: Shapes) -> str:
    contexts = [
        shape[1]
        for name, shape in shapes.items()
        if re.search(r"attn2[._](processor[._])?to_[kv]", name)
        and re.search(r"(down|lora_A|lora\.A)[._]weight$|lora_A", name)
        and len(shape) > 1
    ]
    named = "\n".join(shapes)
    if "_te2_" in named or re.search(r"(^|\n)text_encoder_2\.", named):
        return "SDXL"
    if contexts and contexts[0] in CONTEXTS and "blocks" in named:
        return CONTEXTS[contexts[0]]
    found = next(
        (family for family, pattern in _LORA_FAMILIES if re.search(pattern, named, re.MULTILINE)),
        "",
    )
    if found:
        return found
    later = re.compile(
        "transformer_blocks_[2-9]"
    )  # not unet.*transformer: quadratic in a long name
    if (
        any(later.search(name, name.find("unet")) for name in shapes if "unet" in name)
        or "lora_unet_input_blocks" in named
    ):
        return "SDXL"
    return "Stable Diffusion 1.x" if "_te_text_model_" in named else ""


def _ip_adapter(shapes: Shapes) -> WeightsKind | None:
    if not _any(shapes, "ip_adapter.", "ip_adapter_", "ip-adapter.") and not any(
        "to_k_ip" in name for name in shapes
    ):
        return None
    if any("double_blocks" in name or "single_blocks" in name for name in shapes):
        return WeightsKind("ip_adapter", "FLUX.1")
    return WeightsKind("ip_adapter", CONTEXTS.get(_width(shapes, "to_k_ip.weight"), ""))


def _controlnet(shapes: Shapes) -> WeightsKind | None:
    marks = (
        "control_model.",
        "controlnet_",
        "input_hint_block.",
        "control_all_x_embedder.",
        "control_layers.",
        "adapter.body.",
    )
    if not _any(shapes, *marks) and not any(
        name.startswith("body.0.") and "block1" in name for name in shapes
    ):
        return None
    if _any(shapes, "adapter.body.", "body.0."):
        return WeightsKind("controlnet", "", "T2I-Adapter") if not _is_upscaler(shapes) else None
    width = next(
        (
            shape[1]
            for name, shape in shapes.items()
            if name.endswith("attn2.to_k.weight") and len(shape) > 1
        ),
        0,
    )
    if width in CONTEXTS and not _any(shapes, "transformer_blocks."):
        return WeightsKind("controlnet", CONTEXTS[width])
    if _any(shapes, "control_all_x_embedder.", "control_layers."):
        return WeightsKind("controlnet", "Z-Image")
    if _any(shapes, "single_transformer_blocks.", "controlnet_x_embedder.", "double_blocks."):
        return WeightsKind("controlnet", "FLUX.1")
    return WeightsKind(
        "controlnet",
        "Stable Diffusion 3" if _any(shapes, "transformer_blocks.", "joint_blocks.") else "",
    )


def _textual_inversion(shapes: Shapes) -> WeightsKind | None:
    if not 0 < len(shapes) <= 3 or any(len(shape) not in (1, 2) for shape in shapes.values()):
        return None
    widths = {name: shape[-1] for name, shape in shapes.items()}
    if {"clip_l", "clip_g"} <= set(widths):
        return WeightsKind("textual_inversion", "SDXL")
    families = {768: "Stable Diffusion 1.x", 1024: "Stable Diffusion 2.x"}
    small = all(len(shape) == 1 or shape[0] <= 256 for shape in shapes.values())
    if (
        small
        and len(widths) == 1
        and (width := next(iter(widths.values()))) in families
        and "bias" not in "".join(widths)
    ):
        return WeightsKind("textual_inversion", families[width])
    if small and len(widths) == 1 and re.fullmatch(r"emb_params|<[^<>\s]+>", next(iter(widths))):
        return WeightsKind("textual_inversion")
    return None


def _motion(shapes: Shapes) -> WeightsKind | None:
    if not any("motion_modules." in name for name in shapes) or _any(shapes, *_ROOTS[:1]):
        return None
    return WeightsKind(
        "motion", "Stable Diffusion 1.x" if _width(shapes, "to_k.weight") != 320 else ""
    )


# Models and their parts
# ----------------------------------------------------------------------


def _checkpoint(shapes: Shapes) -> WeightsKind | None:
    inside = _stripped(shapes, _ROOTS[:1])
    if inside is None:
        return None
    family, variant = (
        _unet_family(inside, shapes)
        if "input_blocks.0.0.weight" in inside
        else (_family(inside), "")
    )
    if not _any(
        shapes, "first_stage_model.", "vae.", "cond_stage_model.", "conditioner.", "text_encoders."
    ):
        return WeightsKind("denoiser", family, variant)
    if not _any(shapes, "first_stage_model.", "vae."):
        variant = (variant + ", no VAE").removeprefix(", ")
    elif not _any(shapes, "cond_stage_model.", "conditioner.", "text_encoders."):
        variant = (variant + ", no text encoder").removeprefix(", ")
    return WeightsKind("checkpoint", family, variant)


def _stripped(shapes: Shapes, roots: tuple[str, ...]) -> Shapes | None:
    """Return the tensors under the first of the roots that is there, without it; None where none
    is.
    """
    for root in roots:
        inside = {
            name.removeprefix(root): shape
            for name, shape in shapes.items()
            if name.startswith(root)
        }
        if inside:
            return inside
    return None


def _unet_family(inside: Shapes, shapes: Shapes) -> tuple[str, str]:
    """Return family and variant of a U-Net as its own code wrote it."""
    context, channels = _width(inside, "attn2.to_k.weight"), inside["input_blocks.0.0.weight"]
    entry = channels[1] if len(channels) > 1 else 0
    family = CONTEXTS.get(context, "")
    if "label_emb.0.0.weight" in inside or _any(shapes, "conditioner."):
        refiner = context == 1280 or _any(shapes, "conditioner.embedders.0.model.")
        family = "SDXL refiner" if refiner else "SDXL"
    elif not family and _any(shapes, "cond_stage_model."):
        family = (
            "Stable Diffusion 2.x"
            if _any(shapes, "cond_stage_model.model.")
            else "Stable Diffusion 1.x"
        )
    if "edm_mean" in shapes:
        return family, "Playground 2.5"
    if any(name.startswith("edm_vpred.") for name in shapes):
        return family, "CosXL"
    if "v_pred" in shapes:
        return family, "v-prediction"
    return family, {9: "inpainting", 8: "edits by instruction", 7: "upscaling", 5: "depth"}.get(
        entry, ""
    )


def _family(inside: Shapes) -> str:
    return next((family for family, starts in _DENOISERS if _all(inside, starts)), "")


def _denoiser(shapes: Shapes) -> WeightsKind | None:
    for inside in (shapes, _stripped(shapes, _ROOTS)):
        if inside is None:
            continue
        if "input_blocks.0.0.weight" in inside:
            return WeightsKind("denoiser", *_unet_family(inside, shapes))
        if family := _family(inside):
            return WeightsKind("denoiser", family)
        if _all(
            inside, ("down_blocks.0.", "mid_block.", "up_blocks.0.", "time_embedding.", "conv_in.")
        ):
            return WeightsKind("denoiser", CONTEXTS.get(_width(inside, "attn2.to_k.weight"), ""))
    return None


def _vae(shapes: Shapes) -> WeightsKind | None:
    inside = _stripped(shapes, ("first_stage_model.", "vae.")) or shapes
    if _any(
        inside,
        "decoder.middle.0.residual.",
        "decoder.up_blocks.0.upsamplers.0.resample.",
        "decoder.mid_block.resnets.0.conv1.conv.",
    ):
        return WeightsKind("vae", "", "video")
    if _any(inside, "decoder.stages.", "encoder.stages."):
        return WeightsKind("vae", "Sana")
    if "decoder.conv_in.weight" in inside and len(inside["decoder.conv_in.weight"]) > 1:
        channels = inside["decoder.conv_in.weight"][1]
        if len(inside["decoder.conv_in.weight"]) == 5:
            return WeightsKind("vae", "", "video")
        return WeightsKind(
            "vae",
            {4: "Stable Diffusion or SDXL", 16: "FLUX.1 or Stable Diffusion 3", 32: "FLUX.2"}.get(
                channels, ""
            ),
        )
    if _all(inside, ("decoder.layers.",)) and not any("self_attn" in name for name in inside):
        return WeightsKind("vae", "", "tiny, for previews")
    return None


_LAYER = re.compile(
    r"^(model\.|transformer\.|language_model\.)*(layers|h)\.0\.(self_attn|attn|mlp)\.", re.MULTILINE
)


def _encoder(shapes: Shapes) -> WeightsKind | None:
    if _any(shapes, *_ROOTS[:1]):
        return None
    named = "\n".join(shapes)
    if "vision_model.encoder.layers." in named or "visual.transformer.resblocks." in named:
        return WeightsKind("image_encoder", "", "CLIP")
    width = _width(shapes, "embeddings.token_embedding.weight") or _width(
        shapes, "token_embedding.weight"
    )
    if width and (
        "text_model.encoder.layers." in named
        or "transformer.resblocks." in named
        or "encoder.layers.0" in named
    ):
        return WeightsKind(
            "text_encoder",
            {768: "CLIP L", 1024: "OpenCLIP H", 1280: "OpenCLIP G"}.get(width, "CLIP"),
        )
    if "encoder.block.0.layer.0.SelfAttention." in named or "enc.blk.0.attn_q." in named:
        whole = "decoder.block.0." in named or "dec.blk.0." in named
        return WeightsKind("language_model" if whole else "text_encoder", "T5")
    if _LAYER.search(named) and re.search(r"embed_tokens|wte\.|lm_head", named):
        return WeightsKind("language_model")
    return WeightsKind("language_model") if _all(shapes, ("token_embd.", "blk.0.")) else None


def _is_upscaler(shapes: Shapes) -> bool:
    return (
        _any(shapes, "conv_first.", "model.1.sub.", "body.0.rdb1.", "conv_body.")
        or "body.0.weight" in shapes
    )


def _upscaler(shapes: Shapes) -> WeightsKind | None:
    return WeightsKind("upscaler") if _is_upscaler(shapes) else None


# What a file says about itself: only where the tensors leave it open
# ----------------------------------------------------------------------

_SAID = (
    ("SDXL refiner", r"xl.*refiner"),
    ("SDXL", r"sdxl|xl[-_. ]?(v?1|base)|pony|illustrious|noob"),
    ("FLUX.2", r"flux[-_. ]?2"),
    ("FLUX.1", r"flux"),
    ("Stable Diffusion 3", r"sd[-_ ]?3|stable-diffusion-(v?3|3)"),
    ("Stable Diffusion 2.x", r"sd[-_ ]?v?2|stable-diffusion-v2"),
    ("Stable Diffusion 1.x", r"sd[-_ ]?v?1|stable-diffusion-v1"),
    ("Qwen-Image", r"qwen.?image"),
    ("Z-Image", r"z[-_ ]?image"),
    ("Wan", r"\bwan"),
    ("HunyuanVideo", r"hunyuan"),
    ("Chroma", r"chroma"),
    ("Lumina 2", r"lumina"),
    ("Sana", r"\bsana"),
    ("CogView4", r"cogview[-_. ]?4"),
)


def _named_by_itself(found: WeightsKind, header: WeightsHeader) -> WeightsKind:
    if found.family or found.kind not in (
        "lora",
        "controlnet",
        "denoiser",
        "textual_inversion",
        "checkpoint",
    ):
        return found
    said = [
        header.metadata.get(key)
        for key in ("ss_base_model_version", "modelspec.architecture", "baseModel", "base_model")
    ]
    family = family_said(" ".join(one[:200] for one in said if isinstance(one, str)))
    return msgspec.structs.replace(found, family=family) if family else found


def family_said(text: str) -> str:
    """Return the family that a model's name means; empty where it means none that is known."""
    return next((name for name, pattern in _SAID if re.search(pattern, text.lower())), "")
