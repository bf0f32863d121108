"""Finds misnamed and packed weights from the names of a model's tensors, before a load.

Reads only headers and configurations. `complete_weights.py` checks for missing tensors when the
model is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from typing import Any

from studio.core.translation import tr

MAX_NAMES = 3
"""Most tensors that a sentence lists."""
UNPACKED_BY_TRANSFORMERS = {"fp8", "mxfp4"}
"""Methods whose weights transformers unpacks with torch alone."""
_WRAPPERS = (
    ("_orig_mod.", "torch.compile"),
    ("_orig_module.", "torch.compile"),
    ("_fsdp_wrapped_module.", "FSDP"),
    ("_checkpoint_wrapped_module.", "activation checkpointing"),
    ("base_model.model.", "PEFT"),
    ("_forward_module.", "DeepSpeed"),
)
"""Prefix that training leaves in names → the tool that leaves it."""
_PARALLEL = "module."
"""DataParallel's prefix; other models use the same word inside their names."""
_UNMERGED = re.compile(r"\.(base_layer|lora_[AB]|modules_to_save)\.")
# A format matches if each of its patterns occurs in some name; the first match counts.
_PACKED_NAMES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("EXL3", (r"\.trellis$",)),
    ("EXL2", (r"\.q_weight$", r"\.q_scale$")),
    ("GPTQ or AWQ", (r"\.qweight$", r"\.(qzeros|scales)$")),
    ("SVDQuant", (r"\.(qweight|wscales)$", r"\.wscales$")),
    ("bitsandbytes", (r"\.(absmax|SCB|quant_map|quant_state\.bitsandbytes__\w+)$",)),
    ("HQQ", (r"\.W_q$",)),
    ("compressed-tensors", (r"\.weight_packed$",)),
    ("torchao", (r"\.(_weight_qdata|_weight_scale|tensor_impl\.\w+)$",)),
    ("NVFP4", (r"\.weight_scale_2$",)),
    ("MXFP4", (r"_blocks$", r"_scales$")),
    ("AQLM", (r"\.codebooks$", r"\.codes$")),
    ("Quanto", (r"\.weight\._(data|scale)$",)),
)
_SCALE = re.compile(
    r"\.(scale_weight|weight_scale|weight_scale_inv|scale_input|input_scale|comfy_quant)$|(^|\.)scaled_fp8$"
)
_SCALES_OR_BIASES = re.compile(r"\.(scales|biases)$")


def problem(
    config: Mapping[str, Any], names: Set[str], dtypes: Set[str], *, head: bool = False
) -> str:
    """Return why weights cannot be loaded as they are, as the end of a sentence; empty if they can.

    `config` is the config.json of these weights, `dtypes` their number formats. With `head` a
    language model needs its output layer.
    """
    if method := packing(config, names, dtypes):
        return tr(
            "its weights are packed with {method}, which Studio cannot unpack. Get the "
            "plain model, or a GGUF.",
            method=method,
        )
    if why := misnamed(sorted(names)):
        return tr("{why}. Rename them, or get a copy that was saved without it.", why=why)
    if head and (name := missing_head(config, names)):
        return tr("weights are missing: {name}. Get the model again.", name=name)
    return ""


def misnamed(names: Iterable[str]) -> str:
    """Return why tensors have other names than in the model's class; empty if unknown."""
    names = list(names)
    for prefix, source in _WRAPPERS:
        example = next((name for name in names if prefix in name), "")
        if example and not _UNMERGED.search(example):
            return _prefixed(prefix, source, example)
    if any(_UNMERGED.search(name) for name in names):
        return tr("it holds a LoRA that was not merged into the model")
    if names and all(name.startswith(_PARALLEL) for name in names):
        return _prefixed(_PARALLEL, "DataParallel", names[0])
    return ""


def _prefixed(prefix: str, source: str, example: str) -> str:
    return tr(
        "its tensors have names with the prefix {prefix} that {source} leaves ({example})",
        prefix=prefix,
        source=source,
        example=example[:120],
    )


def missing_head(config: Mapping[str, Any], names: Set[str]) -> str:
    """Return the name of a language model's output layer if it is missing; else empty.

    Covers the layout of Llama and its many relatives; others are checked when they are loaded.
    """
    if config.get("tie_word_embeddings") is not False or "model.embed_tokens.weight" not in names:
        return ""
    heads = config.get("architectures")
    plain = (
        isinstance(heads, list)
        and heads
        and all(str(head).endswith("ForCausalLM") for head in heads)
    )
    return (
        "lm_head.weight"
        if plain and not any("head" in name or "output" in name for name in names)
        else ""
    )


def packing(config: Mapping[str, Any], names: Iterable[str], dtypes: Set[str] = frozenset()) -> str:
    """Return the packed format of weights if Studio cannot unpack it; else empty.

    `config` is a part's config.json, `dtypes` the number formats of its tensors.
    """
    names = list(names)
    named = _packing_of_config(config)
    if named:
        return named
    if _unpacked(config):
        return ""
    if "U32" in dtypes and any(_SCALES_OR_BIASES.search(name) for name in names):
        return "MLX"
    for title, patterns in _PACKED_NAMES:
        if all(any(re.search(pattern, name) for name in names) for pattern in patterns):
            return title
    if any(name.endswith((".weight_scale", ".scale_weight")) for name in names):
        return tr("8 bits or less with scales")
    return ""


def scales(names: Iterable[str]) -> list[str]:
    """Return the names of tensors that scale others, without which weights are wrong."""
    return [name for name in names if _SCALE.search(name)]


def _packing_of_config(config: Mapping[str, Any]) -> str:
    tables = [
        table
        for key in ("quantization_config", "quantization")
        if isinstance(table := config.get(key), dict)
    ]
    for table in tables:
        method = table.get("quant_method")
        if isinstance(method, str) and method not in UNPACKED_BY_TRANSFORMERS:
            return method[:40]
        if method is None and "group_size" in table and "bits" in table:
            return "MLX"
        if method is None:
            return str(
                table.get("quant_algo") or table.get("quant_type") or tr("an unnamed method")
            )[:40]
    return ""


def _unpacked(config: Mapping[str, Any]) -> bool:
    table = config.get("quantization_config")
    return isinstance(table, dict) and table.get("quant_method") in UNPACKED_BY_TRANSFORMERS


def listed(names: Iterable[str]) -> str:
    """Return names for a sentence: a, b, c and 4 more."""
    ordered = sorted(names)
    shown = ", ".join(name[:120] for name in ordered[:MAX_NAMES])
    if len(ordered) <= MAX_NAMES:
        return shown
    return tr("{names} and {count} more", names=shown, count=len(ordered) - MAX_NAMES)
