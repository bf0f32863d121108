"""Checkpoints in one file: tensors of real diffusers classes under Stable Diffusion's names."""

from __future__ import annotations

import re
from pathlib import Path

_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_HEAD = {
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
}


def tiny_pipeline(folder: Path, large: bool = False):
    """A tiny pipeline with the sizes that such files have in common: heads of 64, groups of 32,
    CLIP's words.
    """
    import torch
    from diffusers import (
        AutoencoderKL,
        EulerDiscreteScheduler,
        PNDMScheduler,
        StableDiffusionPipeline,
        StableDiffusionXLPipeline,
        UNet2DConditionModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    from tests.checkpoints.image_parts import clip_tokenizer

    torch.manual_seed(0)
    tokenizer, tokens = clip_tokenizer(folder / "words")
    widths, depth = (64, 128), (1, 2)
    more = (
        {
            "attention_head_dim": [width // 64 for width in widths],
            "use_linear_projection": True,
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": 8,
            "projection_class_embeddings_input_dim": 6 * 8 + 64,
            "transformer_layers_per_block": depth,
            "cross_attention_dim": 192,
            "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
            "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        }
        if large
        else {
            "attention_head_dim": 8,
            "cross_attention_dim": 64,
            "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
            "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
        }
    )
    unet = UNet2DConditionModel(
        sample_size=8, block_out_channels=widths, layers_per_block=1, **more
    )
    vae = AutoencoderKL(
        block_out_channels=(32, 64),
        latent_channels=4,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        scaling_factor=0.13025 if large else 0.18215,
    )

    def text(activation: str, width: int) -> CLIPTextConfig:
        return CLIPTextConfig(
            vocab_size=tokens,
            hidden_size=width,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=width // 64,
            max_position_embeddings=77,
            hidden_act=activation,
            projection_dim=64,
            bos_token_id=tokens - 2,
            eos_token_id=tokens - 1,
            pad_token_id=1,
        )

    noise = {
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "steps_offset": 1,
    }
    first = CLIPTextModel(text("quick_gelu", 64))
    if large:
        second = CLIPTextModelWithProjection(text("gelu", 128))
        return StableDiffusionXLPipeline(
            vae=vae,
            text_encoder=first,
            text_encoder_2=second,
            tokenizer=tokenizer,
            tokenizer_2=tokenizer,
            unet=unet,
            scheduler=EulerDiscreteScheduler(**noise, timestep_spacing="leading"),
            add_watermarker=False,
        )
    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=first,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=PNDMScheduler(**noise, skip_prk_steps=True, set_alpha_to_one=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def write_one_file(pipe, path: Path, **more) -> Path:
    """Write a pipeline's weights under the names of their authors' own layout."""
    from safetensors.torch import save_file

    state = {f"model.diffusion_model.{name}": tensor for name, tensor in _unet(pipe.unet).items()}
    state |= {f"first_stage_model.{name}": tensor for name, tensor in _vae(pipe.vae).items()}
    first = {
        name if name.startswith("text_model.") else f"text_model.{name}": tensor
        for name, tensor in pipe.text_encoder.state_dict().items()
    }
    large = hasattr(pipe, "text_encoder_2")
    root = "conditioner.embedders.0.transformer." if large else "cond_stage_model.transformer."
    state |= {root + name: tensor for name, tensor in first.items()}
    if large:
        state |= {
            f"conditioner.embedders.1.model.{name}": tensor
            for name, tensor in _open_clip(pipe.text_encoder_2).items()
        }
    save_file(
        {name: tensor.contiguous() for name, tensor in (state | more).items()},
        path,
        {"format": "pt"},
    )
    return path


def _unet(unet) -> dict:
    layers, levels = unet.config.layers_per_block, len(unet.config.block_out_channels)
    state = {}
    for name, tensor in unet.state_dict().items():
        head, _, end = name.rpartition(".")
        if head in _HEAD:
            state[f"{_HEAD[head]}.{end}"] = tensor
            continue
        block = re.match(
            r"(down_blocks\.(\d+)|mid_block|up_blocks\.(\d+))\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.*)",
            name,
        )
        where, down, up, part, number, rest = block.groups()
        number = int(number)
        if part == "resnets":
            inner, _, end = rest.rpartition(".")
            rest = f"{_RESNET[inner]}.{end}"
        if where == "mid_block":
            place = f"middle_block.{number * 2 if part == 'resnets' else number * 2 + 1}"
        elif down is not None:
            at = 1 + int(down) * (layers + 1) + (layers if part == "downsamplers" else number)
            place = f"input_blocks.{at}.{1 if part == 'attentions' else 0}"
            rest = rest.replace("conv.", "op.") if part == "downsamplers" else rest
        else:
            at = int(up) * (layers + 1) + (layers if part == "upsamplers" else number)
            attends = "CrossAttn" in unet.config.up_block_types[int(up)]
            place = f"output_blocks.{at}.{(2 if attends else 1) if part == 'upsamplers' else 1 if part == 'attentions' else 0}"  # noqa: E501
        state[f"{place}.{rest}"] = tensor
    assert len(state) == len(unet.state_dict()), levels
    return state


def _vae(vae) -> dict:
    top = len(vae.config.block_out_channels) - 1
    state = {}
    for name, tensor in vae.state_dict().items():
        new = re.sub(r"down_blocks\.(\d+)\.resnets\.", r"down.\1.block.", name)
        new = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0\.", r"down.\1.downsample.", new)
        new = re.sub(
            r"up_blocks\.(\d+)\.resnets\.", lambda match: f"up.{top - int(match[1])}.block.", new
        )
        new = re.sub(
            r"up_blocks\.(\d+)\.upsamplers\.0\.",
            lambda match: f"up.{top - int(match[1])}.upsample.",
            new,
        )
        new = re.sub(
            r"mid_block\.resnets\.(\d)\.", lambda match: f"mid.block_{int(match[1]) + 1}.", new
        )
        new = new.replace("mid_block.attentions.0.", "mid.attn_1.").replace(
            "conv_shortcut", "nin_shortcut"
        )
        new = new.replace("conv_norm_out", "norm_out")
        for ours, theirs in (
            ("group_norm", "norm"),
            ("to_q", "q"),
            ("to_k", "k"),
            ("to_v", "v"),
            ("to_out.0", "proj_out"),
        ):
            new = new.replace(f"attn_1.{ours}.", f"attn_1.{theirs}.")
        is_matrix = "attn_1." in new and tensor.dim() == 2
        state[new] = tensor[..., None, None] if is_matrix else tensor
    return state


def _open_clip(encoder) -> dict:
    import torch

    whole = encoder.state_dict()
    state = {
        "token_embedding.weight": whole["text_model.embeddings.token_embedding.weight"],
        "positional_embedding": whole["text_model.embeddings.position_embedding.weight"],
        "text_projection": whole["text_projection.weight"].T,
        "ln_final.weight": whole["text_model.final_layer_norm.weight"],
        "ln_final.bias": whole["text_model.final_layer_norm.bias"],
    }
    for layer in range(encoder.config.num_hidden_layers):
        old, new = f"text_model.encoder.layers.{layer}", f"transformer.resblocks.{layer}"
        for end in ("weight", "bias"):
            parts = [whole[f"{old}.self_attn.{name}_proj.{end}"] for name in "qkv"]
            state[f"{new}.attn.in_proj_{end}"] = torch.cat(parts)
            state[f"{new}.attn.out_proj.{end}"] = whole[f"{old}.self_attn.out_proj.{end}"]
            for theirs, ours in (
                ("ln_1", "layer_norm1"),
                ("ln_2", "layer_norm2"),
                ("mlp.c_fc", "mlp.fc1"),
                ("mlp.c_proj", "mlp.fc2"),
            ):
                state[f"{new}.{theirs}.{end}"] = whole[f"{old}.{ours}.{end}"]
    return state
