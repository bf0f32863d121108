"""Tiny random pipelines of families with a transformer of their own."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from studio.models.card import ModelCard
from studio.models.inspect.model import inspect
from tests.checkpoints.image_parts import (
    flow,
    gemma2,
    gemma_tokenizer,
    glm_tokenizer,
    kl,
    language_sizes,
    qwen_tokenizer,
    save_and_inspect,
    t5,
    t5_tokenizer,
)


def make_z_image(folder: Path) -> ModelCard:
    """It pads words and patches to multiples of 32, and reads the text encoder's last layer but
    one.
    """
    from diffusers import ZImagePipeline, ZImageTransformer2DModel
    from transformers import Qwen3Config, Qwen3Model

    torch.manual_seed(0)
    tokenizer = qwen_tokenizer()
    transformer = ZImageTransformer2DModel(
        in_channels=4,
        dim=16,
        n_layers=1,
        n_refiner_layers=1,
        n_heads=2,
        n_kv_heads=2,
        cap_feat_dim=16,
        axes_dims=[4, 2, 2],
        axes_lens=[1024, 64, 64],
    )
    for part in transformer.parameters():
        torch.nn.init.normal_(
            part, std=0.05
        )  # some of them are made empty, to be filled from a file
    pipe = ZImagePipeline(
        scheduler=flow(shift=3.0),
        vae=kl(shift_factor=0.1),
        tokenizer=tokenizer,
        transformer=transformer,
        text_encoder=Qwen3Model(Qwen3Config(**language_sizes(len(tokenizer)))),
    )
    return save_and_inspect(pipe, folder)


def _qwen_parts(smaller: int = 3) -> dict:
    """`smaller`: how often the autoencoder halves the sides."""
    from diffusers import AutoencoderKLQwenImage, QwenImageTransformer2DModel
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    torch.manual_seed(0)
    tokenizer = qwen_tokenizer()
    sight = {
        "depth": 1,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_heads": 2,
        "out_hidden_size": 16,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "window_size": 112,
        "fullatt_block_indexes": [0],
    }
    rope = {"rope_type": "default", "mrope_section": [2, 1, 1], "rope_theta": 1_000_000.0}
    words = {
        f"{name}_token_id": tokenizer.convert_tokens_to_ids(f"<|{name}_pad|>")
        for name in ("image", "video")
    }
    words |= {
        f"vision_{name}_token_id": tokenizer.convert_tokens_to_ids(f"<|vision_{name}|>")
        for name in ("start", "end")
    }
    text = {**language_sizes(len(tokenizer)), "rope_scaling": rope, "rope_parameters": rope}
    encoder = Qwen2_5_VLForConditionalGeneration(
        Qwen2_5_VLConfig(text_config=text, vision_config=sight, **words)
    )
    vae = AutoencoderKLQwenImage(
        base_dim=2,
        z_dim=4,
        dim_mult=[1] * (smaller + 1),
        num_res_blocks=1,
        temperal_downsample=[False] * smaller,
        latents_mean=[0.0] * 4,
        latents_std=[1.0] * 4,
    )
    transformer = QwenImageTransformer2DModel(
        in_channels=16,
        out_channels=4,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=2,
        joint_attention_dim=16,
        axes_dims_rope=(4, 2, 2),
    )
    with torch.no_grad():  # so that what goes in is seen in what comes out, after so many halvings
        for part in [*transformer.parameters(), *vae.parameters()]:
            part.mul_(2.0 if part.ndim > 1 else 1.0)
    return {
        "scheduler": flow(use_dynamic_shifting=True),
        "vae": vae,
        "text_encoder": encoder,
        "tokenizer": tokenizer,
        "transformer": transformer,
    }


def make_qwen_image(folder: Path) -> ModelCard:
    from diffusers import QwenImagePipeline

    return save_and_inspect(QwenImagePipeline(**_qwen_parts()), folder)


def make_pixart(folder: Path) -> ModelCard:
    from diffusers import DPMSolverMultistepScheduler, PixArtSigmaPipeline, PixArtTransformer2DModel

    torch.manual_seed(0)
    tokenizer = t5_tokenizer()
    transformer = PixArtTransformer2DModel(
        num_attention_heads=2,
        attention_head_dim=8,
        in_channels=4,
        out_channels=8,
        num_layers=1,
        cross_attention_dim=16,
        sample_size=32,
        patch_size=2,
        caption_channels=16,
        use_additional_conditions=False,
    )
    pipe = PixArtSigmaPipeline(
        tokenizer=tokenizer,
        text_encoder=t5(len(tokenizer)),
        vae=kl(),
        transformer=transformer,
        scheduler=DPMSolverMultistepScheduler(),
    )
    return save_and_inspect(pipe, folder)


def _sana_parts(**more) -> dict:
    from diffusers import AutoencoderDC, SanaTransformer2DModel

    torch.manual_seed(0)
    tokenizer = gemma_tokenizer()
    vae = AutoencoderDC(
        latent_channels=4,
        attention_head_dim=2,
        encoder_block_types=("ResBlock", "EfficientViTBlock"),
        decoder_block_types=("ResBlock", "EfficientViTBlock"),
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        encoder_qkv_multiscales=((), (5,)),
        decoder_qkv_multiscales=((), (5,)),
        encoder_layers_per_block=(1, 1),
        decoder_layers_per_block=(1, 1),
        downsample_block_type="conv",
        upsample_block_type="interpolate",
        decoder_norm_types="rms_norm",
        decoder_act_fns="silu",
        scaling_factor=0.41407,
    )
    transformer = SanaTransformer2DModel(
        in_channels=4,
        out_channels=4,
        num_layers=1,
        num_attention_heads=2,
        attention_head_dim=8,
        num_cross_attention_heads=2,
        cross_attention_head_dim=8,
        cross_attention_dim=16,
        caption_channels=16,
        sample_size=8,
        **more,
    )
    return {
        "tokenizer": tokenizer,
        "text_encoder": gemma2(len(tokenizer)),
        "vae": vae,
        "transformer": transformer,
    }


def make_sana(folder: Path) -> ModelCard:
    from diffusers import SanaPipeline

    return save_and_inspect(SanaPipeline(**_sana_parts(), scheduler=flow(shift=3.0)), folder)


def make_sana_sprint(folder: Path) -> ModelCard:
    from diffusers import SanaSprintPipeline, SCMScheduler

    parts = _sana_parts(guidance_embeds=True, qk_norm="rms_norm_across_heads")
    return save_and_inspect(SanaSprintPipeline(**parts, scheduler=SCMScheduler()), folder)


def make_lumina2(folder: Path) -> ModelCard:
    from diffusers import Lumina2Pipeline, Lumina2Transformer2DModel

    torch.manual_seed(0)
    tokenizer = gemma_tokenizer()
    transformer = Lumina2Transformer2DModel(
        sample_size=16,
        patch_size=2,
        in_channels=4,
        hidden_size=24,
        num_layers=1,
        num_refiner_layers=1,
        num_attention_heads=3,
        num_kv_heads=1,
        multiple_of=16,
        axes_dim_rope=(4, 2, 2),
        axes_lens=(300, 64, 64),
        cap_feat_dim=16,
    )
    pipe = Lumina2Pipeline(
        transformer=transformer,
        scheduler=flow(shift=6.0),
        vae=kl(shift_factor=0.1),
        text_encoder=gemma2(len(tokenizer)),
        tokenizer=tokenizer,
    )
    return save_and_inspect(pipe, folder)


def make_cogview4(folder: Path) -> ModelCard:
    from diffusers import CogView4Pipeline, CogView4Transformer2DModel
    from transformers import GlmConfig, GlmModel

    torch.manual_seed(0)
    tokenizer = glm_tokenizer()
    transformer = CogView4Transformer2DModel(
        in_channels=4,
        out_channels=4,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=2,
        text_embed_dim=16,
        time_embed_dim=16,
        condition_dim=8,
        pos_embed_max_size=16,
        sample_size=16,
        rope_axes_dim=(16, 16),
    )
    pipe = CogView4Pipeline(
        tokenizer=tokenizer,
        text_encoder=GlmModel(GlmConfig(**language_sizes(len(tokenizer)))),
        vae=kl(shift_factor=0.0),
        transformer=transformer,
        scheduler=flow(use_dynamic_shifting=True, base_shift=0.25, max_shift=0.75),
    )
    return save_and_inspect(pipe, folder)


def make_qwen_image_edit(folder: Path) -> ModelCard:
    """Write its processor as published: making the real class needs torchvision.

    The model draws a million pixels, whatever size the source image has.
    """
    from diffusers import QwenImageEditPipeline
    from transformers.models.qwen2_vl import Qwen2VLImageProcessorPil

    parts = _qwen_parts(5)
    QwenImageEditPipeline(**parts, processor=None).save_pretrained(folder)
    Qwen2VLImageProcessorPil(min_pixels=28 * 28, max_pixels=56 * 56).save_pretrained(
        folder / "processor"
    )
    parts["tokenizer"].save_pretrained(folder / "processor")
    index = json.loads((folder / "model_index.json").read_text())
    index["processor"] = ["transformers", "Qwen2VLProcessor"]
    (folder / "model_index.json").write_text(json.dumps(index))
    return inspect(folder)
