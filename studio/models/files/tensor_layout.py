"""Recognizes what a weights file holds by the names and shapes of its tensors, not by its name.

The tensor names are those of the programs that write such files: the models' own code, diffusers,
kohya's scripts and peft.
"""

from __future__ import annotations

import re

import msgspec

from studio.core.translation import mark
from studio.models.families.architectures import (
    ARCHITECTURES,
    FLUX_VAE,
    SD1,
    SD2,
    SD_VAE,
    SDXL,
    unet_architecture,
)
from studio.models.files.adapter_layout import (
    identify_controlnet,
    identify_ip_adapter,
    identify_lora,
    identify_motion,
    identify_textual_inversion,
    is_upscaler,
)
from studio.models.files.weights_header import WeightsHeader
from studio.models.files.weights_kind import (
    Shapes,
    WeightsKind,
    has_prefix,
    has_prefixes,
    input_width,
)

_CHECKPOINT_ROOT = "model.diffusion_model."
_ROOTS = (_CHECKPOINT_ROOT, "diffusion_model.", "net.", "transformer.", "unet.")
_TITLE_KEYS = ("ss_base_model_version", "modelspec.architecture", "baseModel", "base_model")
"""Metadata in which a file names the model that it is or was made for."""


def identify(header: WeightsHeader) -> WeightsKind:
    """Return what a weights file holds."""
    for recognize in (
        identify_lora,
        identify_ip_adapter,
        identify_controlnet,
        identify_textual_inversion,
        identify_motion,
        _checkpoint,
        _encoder,
        _denoiser,
        _vae,
        _upscaler,
    ):
        if kind := recognize(header.shapes):
            return _with_stated_family(kind, header)
    return WeightsKind("unknown")


def _checkpoint(shapes: Shapes) -> WeightsKind | None:
    denoiser = _without_root(shapes, (_CHECKPOINT_ROOT,))
    if denoiser is None:
        return None
    if "input_blocks.0.0.weight" in denoiser:
        family, variant = _unet_architecture(denoiser, shapes)
    else:
        family, variant = _transformer_architecture(denoiser), ""
    has_vae = has_prefix(shapes, "first_stage_model.", "vae.")
    has_encoder = has_prefix(shapes, "cond_stage_model.", "conditioner.", "text_encoders.")
    if not has_vae and not has_encoder:
        return WeightsKind("denoiser", family, variant)
    if not has_vae:
        variant = f"{variant}, no VAE".removeprefix(", ")
    elif not has_encoder:
        variant = f"{variant}, no text encoder".removeprefix(", ")
    return WeightsKind("checkpoint", family, variant)


def _without_root(shapes: Shapes, roots: tuple[str, ...]) -> Shapes | None:
    """Return the tensors under the first of `roots` that occurs, named without it."""
    for root in roots:
        inside = {
            name.removeprefix(root): shape
            for name, shape in shapes.items()
            if name.startswith(root)
        }
        if inside:
            return inside
    return None


def _unet_architecture(unet: Shapes, shapes: Shapes) -> tuple[str, str]:
    """Return architecture and variant of a U-Net in its authors' layout."""
    context_width = input_width(unet, "attn2.to_k.weight")
    family = unet_architecture(context_width)
    if "label_emb.0.0.weight" in unet or has_prefix(shapes, "conditioner."):
        is_refiner = has_prefix(shapes, "conditioner.embedders.0.model.")
        family = "SDXL refiner" if is_refiner or context_width == 1280 else SDXL
    elif not family and has_prefix(shapes, "cond_stage_model."):
        family = SD2 if has_prefix(shapes, "cond_stage_model.model.") else SD1
    return family, _unet_variant(unet, shapes)


def _unet_variant(unet: Shapes, shapes: Shapes) -> str:
    if "edm_mean" in shapes:
        return "Playground 2.5"
    if has_prefix(shapes, "edm_vpred."):
        return "CosXL"
    if "v_pred" in shapes:
        return "v-prediction"
    shape = unet["input_blocks.0.0.weight"]
    in_channels = shape[1] if len(shape) > 1 else 0
    variants = {
        9: mark("inpainting"),
        8: mark("edits by instruction"),
        7: mark("upscaling"),
        5: mark("depth"),
    }
    return variants.get(in_channels, "")


def _transformer_architecture(denoiser: Shapes) -> str:
    for one in ARCHITECTURES.values():
        if any(has_prefixes(denoiser, prefixes) for prefixes in one.denoisers):
            return one.name
    return ""


def _denoiser(shapes: Shapes) -> WeightsKind | None:
    for inside in (shapes, _without_root(shapes, _ROOTS)):
        if inside is None:
            continue
        if "input_blocks.0.0.weight" in inside:
            return WeightsKind("denoiser", *_unet_architecture(inside, shapes))
        if family := _transformer_architecture(inside):
            return WeightsKind("denoiser", family)
        if has_prefixes(
            inside, ("down_blocks.0.", "mid_block.", "up_blocks.0.", "time_embedding.", "conv_in.")
        ):
            width = input_width(inside, "attn2.to_k.weight")
            return WeightsKind("denoiser", unet_architecture(width))
    return None


def _vae(shapes: Shapes) -> WeightsKind | None:
    inside = _without_root(shapes, ("first_stage_model.", "vae.")) or shapes
    if has_prefix(
        inside,
        "decoder.middle.0.residual.",
        "decoder.up_blocks.0.upsamplers.0.resample.",
        "decoder.mid_block.resnets.0.conv1.conv.",
    ):
        return WeightsKind("vae", "", "video")
    if has_prefix(inside, "decoder.stages.", "encoder.stages."):
        return WeightsKind("vae", "Sana")
    shape = inside.get("decoder.conv_in.weight", ())
    if len(shape) == 5:
        return WeightsKind("vae", "", "video")
    if len(shape) > 1:
        return WeightsKind("vae", {4: SD_VAE, 16: FLUX_VAE, 32: "FLUX.2"}.get(shape[1], ""))
    if has_prefix(inside, "decoder.layers.") and not any("self_attn" in name for name in inside):
        return WeightsKind("vae", "", mark("tiny, for previews"))
    return None


_LAYER = re.compile(
    r"^(model\.|transformer\.|language_model\.)*(layers|h)\.0\.(self_attn|attn|mlp)\.", re.MULTILINE
)
_CLIP_TITLES = {768: "CLIP L", 1024: "OpenCLIP H", 1280: "OpenCLIP G"}
"""Width of the token embeddings → text encoder."""


def _encoder(shapes: Shapes) -> WeightsKind | None:
    if has_prefix(shapes, _CHECKPOINT_ROOT):
        return None
    names = "\n".join(shapes)
    if "vision_model.encoder.layers." in names or "visual.transformer.resblocks." in names:
        return WeightsKind("image_encoder", "", "CLIP")
    width = input_width(shapes, "embeddings.token_embedding.weight") or input_width(
        shapes, "token_embedding.weight"
    )
    if width and any(
        layer in names
        for layer in ("text_model.encoder.layers.", "transformer.resblocks.", "encoder.layers.0")
    ):
        return WeightsKind("text_encoder", _CLIP_TITLES.get(width, "CLIP"))
    if "encoder.block.0.layer.0.SelfAttention." in names or "enc.blk.0.attn_q." in names:
        has_decoder = "decoder.block.0." in names or "dec.blk.0." in names
        return WeightsKind("language_model" if has_decoder else "text_encoder", "T5")
    if _LAYER.search(names) and re.search(r"embed_tokens|wte\.|lm_head", names):
        return WeightsKind("language_model")
    is_gguf = has_prefixes(shapes, ("token_embd.", "blk.0."))
    return WeightsKind("language_model") if is_gguf else None


def _upscaler(shapes: Shapes) -> WeightsKind | None:
    return WeightsKind("upscaler") if is_upscaler(shapes) else None


def _with_stated_family(kind: WeightsKind, header: WeightsHeader) -> WeightsKind:
    """Take the architecture from the metadata if the tensors do not determine it."""
    if kind.family or kind.kind not in (
        "lora",
        "controlnet",
        "denoiser",
        "textual_inversion",
        "checkpoint",
    ):
        return kind
    stated = [header.metadata.get(key) for key in _TITLE_KEYS]
    family = architecture_from_title(" ".join(s[:200] for s in stated if isinstance(s, str)))
    return msgspec.structs.replace(kind, family=family) if family else kind


def architecture_from_title(title: str) -> str:
    """Return the architecture that a model's name means, or ""."""
    known = (one for one in ARCHITECTURES.values() if one.title)
    return next((one.name for one in known if re.search(one.title, title.lower())), "")
