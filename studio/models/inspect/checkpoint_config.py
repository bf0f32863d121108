"""Makes the configuration files of a checkpoint's parts from the shapes of its tensors."""

from __future__ import annotations

import re
from typing import Any

from studio.models.families.architectures import ARCHITECTURES, SD1, SDXL
from studio.models.files.weights_header import WeightsHeader
from studio.models.files.weights_kind import Shapes
from studio.models.inspect.prediction import Prediction, prediction

_UNET, _VAE = "model.diffusion_model.", "first_stage_model."
TEXT_ENCODERS = {
    SD1: ("cond_stage_model.transformer.text_model.",),
    SDXL: ("conditioner.embedders.0.transformer.text_model.", "conditioner.embedders.1.model."),
}
"""Architecture → prefixes of its text encoders' tensors."""
_HEAD_WIDTH = 64
_NOISE = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
}
PartConfig = dict[str, Any]
"""The JSON object of a part's configuration file."""


def pipeline_class(architecture: str) -> str:
    """Return the pipeline class that loads a checkpoint of this architecture, or ""."""
    known = ARCHITECTURES.get(architecture)
    return known.single_file if known is not None else ""


def configurations(family: str, header: WeightsHeader) -> dict[str, PartConfig]:
    """Return file name → configuration.

    Raises KeyError, IndexError, ValueError or ZeroDivisionError where the tensors are laid out in
    another way.
    """
    shapes, large = header.shapes, family == SDXL
    prefixes = TEXT_ENCODERS[family]
    encoders = [_clip_config(shapes, prefixes[0])]
    if large:
        encoders.append(_open_clip_config(shapes, prefixes[1]))
    scheduler = _scheduler_config(large, prediction(shapes, header.metadata))
    configs = {
        "model_index.json": _index_config(family, str(scheduler["_class_name"])),
        "unet/config.json": _unet_config(shapes, large, encoders),
        "vae/config.json": _vae_config(shapes, large),
        "scheduler/scheduler_config.json": scheduler,
    }
    for name, encoder in zip(("text_encoder", "text_encoder_2"), encoders, strict=False):
        configs[f"{name}/config.json"] = encoder
    return configs


def _index_config(family: str, scheduler: str) -> PartConfig:
    parts: PartConfig = {
        "_class_name": pipeline_class(family),
        "scheduler": ["diffusers", scheduler],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    if family == "SDXL":
        parts |= {
            "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
            "tokenizer_2": ["transformers", "CLIPTokenizer"],
        }
        return parts | {
            "force_zeros_for_empty_prompt": True,
            "image_encoder": [None, None],
            "feature_extractor": [None, None],
        }
    return parts | {
        "safety_checker": [None, None],
        "feature_extractor": [None, None],
        "requires_safety_checker": False,
    }


def _scheduler_config(large: bool, predicted: Prediction) -> PartConfig:
    overrides: PartConfig = {}
    if predicted.kind != "epsilon":
        overrides["prediction_type"] = predicted.kind
    if predicted.zero_snr:
        # The first step must be the last one of training, which PNDM cannot do.
        overrides |= {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    if large or predicted.zero_snr:
        config = {
            "_class_name": "EulerDiscreteScheduler",
            **_NOISE,
            "steps_offset": 1,
            "timestep_spacing": "leading",
        }
    else:
        config = {
            "_class_name": "PNDMScheduler",
            **_NOISE,
            "steps_offset": 1,
            "skip_prk_steps": True,
            "set_alpha_to_one": False,
        }
    return {**config, **overrides}


def _count(shapes: Shapes, pattern: str) -> int:
    """Return how many different numbers the pattern's group matches."""
    return len({match[1] for name in shapes if (match := re.match(pattern, name))})


def _unet_config(shapes: Shapes, large: bool, encoders: list[PartConfig]) -> PartConfig:
    inside = {
        name.removeprefix(_UNET): shape for name, shape in shapes.items() if name.startswith(_UNET)
    }
    widths, depths, layers = _levels(inside)
    middle = _count(inside, r"middle_block\.1\.transformer_blocks\.(\d+)\.")
    context = next(shape[1] for name, shape in inside.items() if name.endswith("attn2.to_k.weight"))
    if not depths[-1]:
        depths[-1] = -middle  # a last level without attention: the middle takes its depth
    config: PartConfig = {
        "_class_name": "UNet2DConditionModel",
        "sample_size": 128 if large else 64,
        "in_channels": inside["input_blocks.0.0.weight"][1],
        "out_channels": inside["out.2.weight"][0],
        "block_out_channels": widths,
        "layers_per_block": layers,
        "cross_attention_dim": context,
        "down_block_types": [
            "CrossAttnDownBlock2D" if depth > 0 else "DownBlock2D" for depth in depths
        ],
        "up_block_types": [
            "CrossAttnUpBlock2D" if depth > 0 else "UpBlock2D" for depth in reversed(depths)
        ],
        "transformer_layers_per_block": [abs(depth) or 1 for depth in depths],
        "attention_head_dim": [width // _HEAD_WIDTH for width in widths] if large else 8,
        "use_linear_projection": any(
            name.endswith(".proj_in.weight") and len(shape) == 2 for name, shape in inside.items()
        ),
    }
    if depths[-1] > 0 and depths[-1] != middle:
        raise ValueError("the middle block has another depth")
    if large:
        embedding = inside["label_emb.0.0.weight"][1]
        time_embedding, rest = divmod(embedding - encoders[1]["projection_dim"], 6)
        if rest or time_embedding <= 0:
            raise ValueError("the size embedding is not one of six numbers")
        config |= {
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": time_embedding,
            "projection_class_embeddings_input_dim": embedding,
        }
    return config


def _levels(inside: Shapes) -> tuple[list[int], list[int], int]:
    """Return each level's channels and transformer depth (0 for none), and the layers per level."""
    widths, depths, layers = [0], [0], [0]
    for number in range(1, _count(inside, r"input_blocks\.(\d+)\.")):
        if f"input_blocks.{number}.0.op.weight" in inside:
            for each in (widths, depths, layers):
                each.append(0)
            continue
        widths[-1] = inside[f"input_blocks.{number}.0.out_layers.3.weight"][0]
        depths[-1] = _count(inside, rf"input_blocks\.{number}\.1\.transformer_blocks\.(\d+)\.")
        layers[-1] += 1
    if len(set(layers)) != 1 or not layers[0]:
        raise ValueError("the levels have different numbers of layers")
    return widths, depths, layers[0]


def _vae_config(shapes: Shapes, large: bool) -> PartConfig:
    inside = {
        name.removeprefix(_VAE): shape for name, shape in shapes.items() if name.startswith(_VAE)
    }
    levels = _count(inside, r"encoder\.down\.(\d+)\.")
    return {
        "_class_name": "AutoencoderKL",
        "in_channels": 3,
        "out_channels": 3,
        "sample_size": 1024 if large else 512,
        "block_out_channels": [
            inside[f"encoder.down.{level}.block.0.conv1.weight"][0] for level in range(levels)
        ],
        "layers_per_block": _count(inside, r"encoder\.down\.0\.block\.(\d+)\."),
        "latent_channels": inside["decoder.conv_in.weight"][1],
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
        "scaling_factor": 0.13025 if large else 0.18215,
        "force_upcast": large,
    }


def _clip_config(shapes: Shapes, root: str) -> PartConfig:
    tokens, width = shapes[root + "embeddings.token_embedding.weight"]
    return _encoder_config(
        "CLIPTextModel",
        tokens,
        width,
        shapes[root + "embeddings.position_embedding.weight"][0],
        _count(shapes, re.escape(root) + r"encoder\.layers\.(\d+)\."),
        shapes[root + "encoder.layers.0.mlp.fc1.weight"][0],
        width,
        "quick_gelu",
    )


def _open_clip_config(shapes: Shapes, root: str) -> PartConfig:
    tokens, width = shapes[root + "token_embedding.weight"]
    return _encoder_config(
        "CLIPTextModelWithProjection",
        tokens,
        width,
        shapes[root + "positional_embedding"][0],
        _count(shapes, re.escape(root) + r"transformer\.resblocks\.(\d+)\."),
        shapes[root + "transformer.resblocks.0.mlp.c_fc.weight"][0],
        shapes[root + "text_projection"][1],
        "gelu",
    )


def _encoder_config(
    kind: str,
    tokens: int,
    width: int,
    positions: int,
    layers: int,
    inner: int,
    projection: int,
    activation: str,
) -> PartConfig:
    padding = 1 if kind == "CLIPTextModelWithProjection" else tokens - 1
    return {
        "architectures": [kind],
        "model_type": "clip_text_model",
        "vocab_size": tokens,
        "hidden_size": width,
        "max_position_embeddings": positions,
        "num_hidden_layers": layers,
        "intermediate_size": inner,
        "num_attention_heads": width // _HEAD_WIDTH,
        "projection_dim": projection,
        "hidden_act": activation,
        "bos_token_id": tokens - 2,
        "eos_token_id": tokens - 1,
        "pad_token_id": padding,
    }
