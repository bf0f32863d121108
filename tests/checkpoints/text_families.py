"""Tiny random checkpoints of every text family in the catalog, with the real classes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.models.card import ModelCard
from studio.models.inspect.model import inspect
from tests.checkpoints.text import make_gpt2, make_llama, make_t5, make_tokenizer

_SMALL: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "max_position_embeddings": 256,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "pad_token_id": 1,
}
_VISION: dict[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "patch_size": 4,
}
"""The vision tower, which Studio does not use; its weights are in the same file."""
_SLIDING: dict[str, Any] = {
    "sliding_window": 32,
    "layer_types": ["sliding_attention", "full_attention"],
}
_LINEAR = {
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 2,
}


def _causal(family: str, **more: Any) -> Any:
    from transformers import AutoConfig, AutoModelForCausalLM

    return AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **_SMALL | more))


def _encoder_decoder(family: str, **more: Any) -> Any:
    from transformers import AutoConfig, AutoModelForSeq2SeqLM

    small = {
        "d_model": 32,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 64,
        "decoder_ffn_dim": 64,
        "max_position_embeddings": 256,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "pad_token_id": 1,
        "decoder_start_token_id": 1,
        "forced_eos_token_id": 0,
    }
    return AutoModelForSeq2SeqLM.from_config(AutoConfig.for_model(family, **small | more))


def _mt5(**more: Any) -> Any:
    return _encoder_decoder("mt5", d_kv=16, d_ff=64, num_layers=2, num_heads=2, **more)


def _multimodal(family: str, text: dict[str, Any], vision: dict[str, Any], **more: Any) -> Any:
    """Return a model with a vision tower, as published, though Studio uses it for text only."""
    from transformers import AutoConfig, AutoModelForImageTextToText

    config = AutoConfig.for_model(family, text_config=_SMALL | text, vision_config=vision, **more)
    return AutoModelForImageTextToText.from_config(config)


def _qwen3_5(**more: Any) -> Any:
    vision = {
        "depth": 1,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_heads": 2,
        "patch_size": 4,
        "out_hidden_size": 32,
    }
    layers = ["linear_attention", "full_attention"]
    return _multimodal("qwen3_5", {"layer_types": layers, **_LINEAR, **more}, vision)


def _gemma3(**more: Any) -> Any:
    text = {**_SLIDING, **more}
    return _multimodal("gemma3", text, {**_VISION, "image_size": 16}, mm_tokens_per_image=4)


def _gemma4(**more: Any) -> Any:
    text = {
        **_SLIDING,
        "global_head_dim": 16,
        "hidden_size_per_layer_input": 8,
        "vocab_size_per_layer_input": more["vocab_size"],
        **more,
    }
    vision = {**_VISION, "num_key_value_heads": 2, "head_dim": 8, "position_embedding_size": 16}
    audio = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "output_proj_dims": 16,
    }
    return _multimodal(
        "gemma4", text, vision, audio_config={**audio, "subsampling_conv_channels": [8, 4]}
    )


def _gemma4_unified(**more: Any) -> Any:
    text = {**_SLIDING, "global_head_dim": 16, **more}
    vision = {"patch_size": 4, "mm_embed_dim": 32, "mm_posemb_size": 16, "output_proj_dims": 32}
    return _multimodal("gemma4_unified", text, vision, audio_config={"audio_embed_dim": 16})


def _mistral3(**more: Any) -> Any:
    vision = {**_VISION, "model_type": "pixtral", "image_size": 16, "head_dim": 8}
    rope = {
        "rope_type": "yarn",
        "rope_theta": 1e6,
        "factor": 16.0,
        "original_max_position_embeddings": 16,
        "beta_fast": 32.0,
        "beta_slow": 1.0,
        "mscale": 1.0,
        "mscale_all_dim": 1.0,
        "llama_4_scaling_beta": 0.1,
    }
    return _multimodal(
        "mistral3", {"model_type": "ministral3", "rope_parameters": rope, **more}, vision
    )


_MAKERS: dict[str, Callable[..., Any]] = {
    "gemma3": _gemma3,
    "gemma3_text": lambda **more: _causal("gemma3_text", **_SLIDING, **more),
    "gemma4": _gemma4,
    "gemma4_unified": _gemma4_unified,
    "glm4": lambda **more: _causal("glm4", **more),
    "gpt_oss": lambda **more: _causal(
        "gpt_oss", num_local_experts=4, num_experts_per_tok=2, sliding_window=32, **more
    ),
    "granitemoehybrid": lambda **more: _causal(
        "granitemoehybrid",
        layer_types=["mamba", "attention"],
        num_local_experts=0,
        num_experts_per_tok=0,
        shared_intermediate_size=32,
        mamba_n_heads=8,
        mamba_d_state=8,
        mamba_d_head=8,
        mamba_chunk_size=16,
        **more,
    ),
    "mistral": lambda **more: _causal("mistral", **more),
    "mistral3": _mistral3,
    "olmo3": lambda **more: _causal("olmo3", **_SLIDING, **more),
    "phi3": lambda **more: _causal("phi3", **more),
    "qwen2": lambda **more: _causal("qwen2", **more),
    "qwen3": lambda **more: _causal("qwen3", **more),
    "qwen3_5": _qwen3_5,
    "qwen3_moe": lambda **more: _causal(
        "qwen3_moe", num_experts=4, num_experts_per_tok=2, moe_intermediate_size=16, **more
    ),
    "smollm3": lambda **more: _causal("smollm3", **more),
    "bart": lambda **more: _encoder_decoder("bart", **more),
    "mt5": _mt5,
    "pegasus": lambda **more: _encoder_decoder("pegasus", **more),
}

_OWN: dict[str, Callable[[Path], ModelCard]] = {
    "gpt2": lambda folder: make_gpt2(folder, 256),
    "llama": make_llama,
    "t5": make_t5,
}
TEXT_FAMILIES = sorted([*_MAKERS, *_OWN])
WITHOUT_CHAT = {"gpt2", "t5", "bart", "mt5", "pegasus"}


def make_text(folder: Path, family: str) -> ModelCard:
    """Write a checkpoint of the family, of some 50,000 parameters, and return its card as
    inspection makes it.
    """
    import torch

    if family in _OWN:
        return _OWN[family](folder)
    torch.manual_seed(1)
    tokenizer = make_tokenizer(chat=family not in WITHOUT_CHAT)
    model = _MAKERS[family](vocab_size=len(tokenizer))
    model.generation_config.eos_token_id, model.generation_config.pad_token_id = 0, 1
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return inspect(folder)


def pack_as_fp8(folder: Path) -> ModelCard:
    """Convert a Ministral's weights to fp8 with scales, as published."""
    import torch
    from safetensors.torch import load_file, save_file

    packed: dict[str, Any] = {}
    for name, weights in load_file(folder / "model.safetensors").items():
        packed[name] = weights.to(torch.bfloat16)
        if name.startswith("language_model") and name.endswith("_proj.weight"):
            factor = weights.abs().max() / 448  # the largest number that float8_e4m3fn has
            packed[name] = (weights / factor).to(torch.float8_e4m3fn)
            packed[name.replace(".weight", ".weight_scale_inv")] = factor.to(
                torch.bfloat16
            ).reshape(())
            packed[name.replace(".weight", ".activation_scale")] = torch.tensor(
                0.01, dtype=torch.bfloat16
            )
    save_file(packed, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["quantization_config"] = {
        "quant_method": "fp8",
        "activation_scheme": "static",
        "dequantize": False,
        "weight_block_size": None,
        "modules_to_not_convert": ["model.vision_tower", "model.multi_modal_projector", "lm_head"],
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return inspect(folder)
