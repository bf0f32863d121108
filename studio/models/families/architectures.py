"""Architectures of denoisers: how weight files name them, and which adapters fit which.

Several families share one architecture (FLUX.1: `FluxPipeline`, `FluxFillPipeline` …). Adapters
name the architecture that they were made for.
"""

from __future__ import annotations

import msgspec

from studio.core.translation import mark


class Architecture(msgspec.Struct, frozen=True, kw_only=True):
    """One architecture; where several match a file, the first in `ARCHITECTURES` counts."""

    name: str
    denoisers: tuple[tuple[str, ...], ...] = ()
    """Prefixes of tensor names, one tuple a file layout: of the authors' code, then of diffusers.

    A file has the layout where every prefix of the tuple occurs.
    """
    lora: str = ""
    """Regular expression, searched for in a LoRA's tensor names, one a line."""
    title: str = ""
    """Regular expression, searched for in a model's lower-case name."""
    context_width: int = 0
    """Width of the text embeddings that its U-Net reads; 0 for a transformer."""
    controlnet: str = ""
    """diffusers' class of its ControlNets, if it has its own."""
    single_file: str = ""
    """The pipeline class that loads whole models in one file."""
    also_fits: tuple[str, ...] = ()
    """Other names by which an adapter may state that it fits."""


# not translated: names
SD1, SD2, SD3, SDXL = "Stable Diffusion 1.x", "Stable Diffusion 2.x", "Stable Diffusion 3", "SDXL"
# Cards store these too, so they are English here and translated where they are shown.
SD_VAE, FLUX_VAE = mark("Stable Diffusion or SDXL"), mark("FLUX.1 or Stable Diffusion 3")
"""What a VAE's latent channels tell: 4 or 16."""
LANGUAGE_MODEL = mark("a language model")
"""The architecture of a LoRA that changes no denoiser."""

_UNETS = (
    Architecture(name="SDXL refiner", title=r"xl.*refiner", context_width=1280),
    Architecture(
        name=SDXL,
        title=r"sdxl|xl[-_. ]?(v?1|base)|pony|illustrious|noob",
        context_width=2048,
        single_file="StableDiffusionXLPipeline",
        also_fits=(SD_VAE,),
    ),
    Architecture(
        name=SD2,
        title=r"sd[-_ ]?v?2|stable-diffusion-v2",
        context_width=1024,
        also_fits=(SD_VAE,),
    ),
    Architecture(
        name=SD1,
        title=r"sd[-_ ]?v?1|stable-diffusion-v1",
        context_width=768,
        single_file="StableDiffusionPipeline",
        also_fits=(SD_VAE,),
    ),
)

_TRANSFORMERS = (
    Architecture(
        name="FLUX.2",
        denoisers=(("double_stream_modulation_img.",), ("single_stream_modulation.",)),
        lora=r"double_stream_modulation|single_stream_modulation|to_qkv_mlp_proj",
        title=r"flux[-_. ]?2",
    ),
    Architecture(
        name="Chroma",
        denoisers=(("distilled_guidance_layer.",),),
        lora=r"distilled_guidance_layer",
        title=r"chroma",
        # It has most layers of FLUX.1; applying a LoRA shows whether it has all.
        also_fits=("FLUX.1", FLUX_VAE),
    ),
    Architecture(
        name="HunyuanVideo",
        denoisers=(("txt_in.individual_token_refiner.",),),
        lora=r"individual_token_refiner",
        title=r"hunyuan",
    ),
    Architecture(
        name="FLUX.1",
        denoisers=(
            ("double_blocks.0.img_attn.", "single_blocks."),
            ("single_transformer_blocks.", "x_embedder.", "context_embedder."),
        ),
        lora=r"double_blocks[._]|single_transformer_blocks[._]|single_blocks[._]",
        title=r"flux",
        controlnet="FluxControlNetModel",
        also_fits=(FLUX_VAE,),
    ),
    Architecture(
        name="AuraFlow",
        denoisers=(
            ("double_layers.", "single_layers."),
            ("joint_transformer_blocks.", "single_transformer_blocks."),
        ),
    ),
    Architecture(
        name="HiDream", denoisers=(("double_stream_blocks.",),), lora=r"double_stream_blocks[._]"
    ),
    Architecture(
        name="Stable Cascade",  # not translated: a name
        denoisers=(("clip_txt_mapper.",), ("down_blocks.1.0.channelwise.",)),
    ),
    Architecture(name="Mochi", denoisers=(("blocks.0.attn.qkv_x.",),)),
    Architecture(
        name="Wan",
        denoisers=(
            ("patch_embedding.", "head.modulation", "blocks."),
            ("condition_embedder.", "patch_embedding.", "blocks."),
        ),
        lora=(
            r"blocks[._]\d+[._](self_attn|cross_attn)[._][qkvo]\b"
            r"|blocks[._]\d+[._]attn[12][._]to_[qkv].*condition"
        ),
        title=r"\bwan",
    ),
    Architecture(
        name="Z-Image",
        denoisers=(("layers.0.adaLN_modulation.",),),
        lora=(
            r"(^|[._])(layers|noise_refiner|context_refiner)[._]\d+[._]"
            r"(attention[._](to_[qkv]|qkv|out)|feed_forward)"
        ),
        title=r"z[-_ ]?image",
        also_fits=(FLUX_VAE,),
    ),
    Architecture(
        name="Lumina 2",
        denoisers=(
            ("cap_embedder.", "noise_refiner.", "layers."),
            ("time_caption_embed.", "noise_refiner.", "layers."),
        ),
        title=r"lumina",
        also_fits=(FLUX_VAE,),
    ),
    Architecture(
        name="Sana",
        denoisers=(
            ("blocks.0.cross_attn.q_linear.", "y_embedder."),
            (
                "transformer_blocks.0.scale_shift_table",
                "caption_projection.",
                "time_embed.",
                "caption_norm.",
            ),
        ),
        title=r"\bsana",
    ),
    Architecture(
        name="PixArt",
        denoisers=(
            ("blocks.0.scale_shift_table", "y_embedder."),
            ("transformer_blocks.0.scale_shift_table", "adaln_single.", "pos_embed."),
        ),
    ),
    Architecture(
        name="LTX-Video",
        denoisers=(
            ("patchify_proj.",),
            ("transformer_blocks.0.scale_shift_table", "proj_in.", "caption_projection."),
        ),
        lora=r"transformer_blocks[._]\d+[._]attn[12][._]to_[qkv].*(patchify|caption)",
    ),
    Architecture(name="Cosmos", denoisers=(("x_embedder.proj.1.", "blocks."),)),
    Architecture(
        name="Qwen-Image",
        denoisers=(("transformer_blocks.0.img_mlp.", "transformer_blocks.0.txt_mlp.", "txt_in."),),
        lora=r"transformer_blocks[._]\d+[._](img|txt)_(mlp|mod)",
        title=r"qwen.?image",
        controlnet="QwenImageControlNetModel",
    ),
    Architecture(name="Qwen-Image 2.1"),
    Architecture(
        name=SD3,
        denoisers=(
            ("joint_blocks.",),
            ("transformer_blocks.0.attn.add_q_proj.", "context_embedder.", "pos_embed."),
        ),
        lora=r"joint_blocks[._]|transformer_blocks[._]\d+[._]attn[._]add_[qkv]_proj",
        title=r"sd[-_ ]?3|stable-diffusion-(v?3|3)",
        controlnet="SD3ControlNetModel",
        also_fits=(FLUX_VAE,),
    ),
    Architecture(
        name="CogVideoX", denoisers=(("transformer_blocks.0.norm1.linear.", "patch_embed."),)
    ),
    Architecture(name="HunyuanDiT", denoisers=(("blocks.0.attn1.", "pooler."),)),
    Architecture(name="CogView4", title=r"cogview[-_. ]?4"),
    Architecture(name="Kolors"),
    Architecture(
        name=LANGUAGE_MODEL,  # not translated: compared
        lora=(
            r"(^|\.)model\.layers\.\d+\.(self_attn|mlp)\."
            r"|transformer\.h\.\d+\.|decoder\.layers\.\d+\.self_attn"
        ),
    ),
)

ARCHITECTURES = {one.name: one for one in (*_UNETS, *_TRANSFORMERS)}

CONTROLNET_CLASSES = {
    "ControlNetModel": "",
    **{one.controlnet: one.name for one in ARCHITECTURES.values() if one.controlnet},
}
"""diffusers' class → architecture; empty if the width of its text embeddings decides."""


def unet_architecture(context_width: int) -> str:
    """Return the architecture of a U-Net that reads text embeddings of this width, or ""."""
    if not context_width:
        return ""
    known = ARCHITECTURES.values()
    return next((one.name for one in known if one.context_width == context_width), "")


def fits(architecture: str, adapter_for: str) -> bool:
    """Return whether an adapter made for `adapter_for` fits a model of this architecture."""
    if architecture == adapter_for:
        return True
    known = ARCHITECTURES.get(architecture)
    return known is not None and adapter_for in known.also_fits
