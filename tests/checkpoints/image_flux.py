"""Tiny random pipelines of the FLUX families, and of others that are derived or similar."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from studio.models.card import ModelCard
from studio.models.inspect.model import inspect
from tests.checkpoints.image_parts import (
    clip_config,
    clip_tokenizer,
    flow,
    kl,
    language_sizes,
    qwen_tokenizer,
    save_and_inspect,
    t5,
    t5_tokenizer,
    tokenizer_folder,
)

ROPE = (4, 2, 2)
"""Sizes of the three axes: together the size of a head."""


def _flux_parts(folder: Path, channels: int = 16, **more) -> dict:
    from diffusers import FluxTransformer2DModel
    from transformers import CLIPTextModel

    torch.manual_seed(0)
    tokenizer, words = clip_tokenizer(tokenizer_folder(folder))
    other = t5_tokenizer()
    transformer = FluxTransformer2DModel(
        in_channels=channels,
        out_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=8,
        num_attention_heads=2,
        joint_attention_dim=16,
        pooled_projection_dim=32,
        axes_dims_rope=ROPE,
        **more,
    )
    return {
        "scheduler": flow(use_dynamic_shifting=True),
        "vae": kl(shift_factor=0.1),
        "text_encoder": CLIPTextModel(clip_config(words)),
        "tokenizer": tokenizer,
        "text_encoder_2": t5(len(other)),
        "tokenizer_2": other,
        "transformer": transformer,
    }


def make_flux(folder: Path) -> ModelCard:
    from diffusers import FluxPipeline

    return save_and_inspect(FluxPipeline(**_flux_parts(folder)), folder)


def make_flux_dev(folder: Path) -> ModelCard:
    from diffusers import FluxPipeline

    return save_and_inspect(FluxPipeline(**_flux_parts(folder, guidance_embeds=True)), folder)


def make_flux_fill(folder: Path) -> ModelCard:
    """Its transformer reads image (16) and mask (4 packed places × 4 pixels) with the latents."""
    from diffusers import FluxFillPipeline

    return save_and_inspect(
        FluxFillPipeline(**_flux_parts(folder, 16 + 16 + 16, guidance_embeds=True)), folder
    )


def make_flux_kontext(folder: Path) -> ModelCard:
    from diffusers import FluxKontextPipeline

    return save_and_inspect(
        FluxKontextPipeline(**_flux_parts(folder, guidance_embeds=True)), folder
    )


def _flux2_parts(joint: int, **more) -> dict:
    from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel

    vae = AutoencoderKLFlux2(
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=2,
        sample_size=16,
    )
    transformer = Flux2Transformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=8,
        num_attention_heads=2,
        joint_attention_dim=joint,
        timestep_guidance_channels=16,
        axes_dims_rope=(2, 2, 2, 2),
        **more,
    )
    return {"scheduler": flow(use_dynamic_shifting=True), "vae": vae, "transformer": transformer}


def make_flux2_klein(folder: Path) -> ModelCard:
    """Three of the text encoder's layers, the last of which is the 27th, are read side by side."""
    from diffusers import Flux2KleinPipeline
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(0)
    tokenizer = qwen_tokenizer()
    text = Qwen3ForCausalLM(Qwen3Config(**language_sizes(len(tokenizer), layers=28)))
    pipe = Flux2KleinPipeline(
        **_flux2_parts(3 * 16, guidance_embeds=False),
        text_encoder=text,
        tokenizer=tokenizer,
        is_distilled=True,
    )
    return save_and_inspect(pipe, folder)


def make_flux2(folder: Path) -> ModelCard:
    """Its tokenizer is published as a processor for text and images."""
    from diffusers import Flux2Pipeline
    from transformers import (
        Mistral3Config,
        Mistral3ForConditionalGeneration,
        MistralConfig,
        PixtralVisionConfig,
    )

    torch.manual_seed(0)
    tokenizer = qwen_tokenizer()
    sight = PixtralVisionConfig(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=28,
        patch_size=14,
        head_dim=8,
    )
    text = MistralConfig(**language_sizes(len(tokenizer), layers=31))
    encoder = Mistral3ForConditionalGeneration(
        Mistral3Config(
            text_config=text,
            vision_config=sight,
            image_token_index=tokenizer.convert_tokens_to_ids("<|image_pad|>"),
        )
    )
    pipe = Flux2Pipeline(**_flux2_parts(3 * 16), text_encoder=encoder, tokenizer=tokenizer)
    pipe.save_pretrained(folder)
    index = json.loads((folder / "model_index.json").read_text())
    index["tokenizer"] = ["transformers", "PixtralProcessor"]
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / "tokenizer/processor_config.json").write_text(
        json.dumps({"processor_class": "PixtralProcessor", "patch_size": 14})
    )
    return inspect(folder)


def make_chroma(folder: Path) -> ModelCard:
    from diffusers import ChromaPipeline, ChromaTransformer2DModel

    torch.manual_seed(0)
    tokenizer = t5_tokenizer()
    transformer = ChromaTransformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=8,
        num_attention_heads=2,
        joint_attention_dim=16,
        axes_dims_rope=ROPE,
        approximator_num_channels=8,
        approximator_hidden_dim=16,
        approximator_layers=1,
    )
    pipe = ChromaPipeline(
        scheduler=flow(use_dynamic_shifting=True),
        vae=kl(shift_factor=0.1),
        text_encoder=t5(len(tokenizer)),
        tokenizer=tokenizer,
        transformer=transformer,
    )
    return save_and_inspect(pipe, folder)


def make_sd3(folder: Path) -> ModelCard:
    from diffusers import SD3Transformer2DModel, StableDiffusion3Pipeline
    from transformers import CLIPTextModelWithProjection

    torch.manual_seed(0)
    tokenizer, words = clip_tokenizer(tokenizer_folder(folder))
    other = t5_tokenizer()
    transformer = SD3Transformer2DModel(
        sample_size=16,
        patch_size=1,
        in_channels=16,
        out_channels=16,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=2,
        joint_attention_dim=64,
        caption_projection_dim=16,
        pooled_projection_dim=64,
        pos_embed_max_size=64,
        dual_attention_layers=(0,),
        qk_norm="rms_norm",
    )
    pipe = StableDiffusion3Pipeline(
        transformer=transformer,
        scheduler=flow(shift=3.0),
        vae=kl(16, shift_factor=0.1),
        text_encoder=CLIPTextModelWithProjection(clip_config(words)),
        tokenizer=tokenizer,
        text_encoder_2=CLIPTextModelWithProjection(clip_config(words)),
        tokenizer_2=tokenizer,
        text_encoder_3=t5(len(other), 64),
        tokenizer_3=other,
    )
    return save_and_inspect(pipe, folder)
