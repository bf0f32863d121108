"""Loads text models: folders through transformers, GGUF files through llama.cpp."""

from __future__ import annotations

from typing import Any

from studio.engine.runtime.placement import (
    DEFAULT_PLAN,
    device_map_kwargs,
    device_of,
    dtype_of,
    quantization_kwargs,
)
from studio.engine.text import llama_cpp
from studio.engine.text.gguf_context import GgufPipeline
from studio.engine.text.pipeline import TextPipeline
from studio.engine.text.thoughts import NO_MARKS, marks_of
from studio.models.card import ModelCard
from studio.models.families import find_family
from studio.models.llama_cpp import RUNNER
from studio.models.memory.load_plan import LoadPlan

_KEPT_IDS = (
    "bos_token_id",
    "eos_token_id",
    "pad_token_id",
    "decoder_start_token_id",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "suppress_tokens",
)
"""Settings of a checkpoint that are kept; the request sets the others, so that it is repeatable."""

Pipeline = TextPipeline | GgufPipeline


def load(card: ModelCard, plan: LoadPlan = DEFAULT_PLAN) -> Pipeline:
    """Load model and tokenizer as planned. Only safetensors or GGUF, never code from the folder."""
    if card.runner == RUNNER:
        return llama_cpp.load(card, plan)
    from transformers import AutoTokenizer

    model = load_model(card, plan)
    tokenizer = AutoTokenizer.from_pretrained(
        card.folder, local_files_only=True, trust_remote_code=False
    )
    model.generation_config = _generation_config(model, tokenizer)
    marks = marks_of(tokenizer) if card.chat and not card.encoder_decoder else NO_MARKS
    return TextPipeline(model, tokenizer, device_of(plan), card.encoder_decoder, plan, marks)


def load_model(card: ModelCard, plan: LoadPlan) -> Any:
    """Return the model alone; a multimodal one without its vision part, if its family allows it."""
    from transformers import (
        AutoConfig,
        AutoModelForCausalLM,
        AutoModelForImageTextToText,
        AutoModelForSeq2SeqLM,
    )
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    loader: Any = AutoModelForCausalLM
    if card.encoder_decoder:
        loader = AutoModelForSeq2SeqLM
    elif _is_multimodal(card) and card.family not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        loader = AutoModelForImageTextToText
    local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    config = AutoConfig.from_pretrained(card.folder, **local)
    quantized = vars(config).get("quantization_config")
    if isinstance(quantized, dict) and quantized.get("quant_method") == "fp8":
        # Running on the 8-bit weights needs kernels that transformers fetches from the hub.
        quantized["dequantize"] = True
    placement = {**quantization_kwargs(plan), **device_map_kwargs(plan)}
    model = loader.from_pretrained(
        card.folder, config=config, dtype=dtype_of(plan), use_safetensors=True, **placement, **local
    ).eval()
    return model if placement else model.to(device_of(plan))


def _is_multimodal(card: ModelCard) -> bool:
    family = find_family(card.family)
    return family is not None and family.multimodal


def _generation_config(model: Any, tokenizer: Any) -> Any:
    """Return a generation config with the checkpoint's token ids only."""
    from transformers import GenerationConfig

    settings = model.generation_config.to_dict()
    ids = {name: settings.get(name) for name in _KEPT_IDS}
    if ids["eos_token_id"] is None:
        ids["eos_token_id"] = tokenizer.eos_token_id
    if ids["pad_token_id"] is None:
        end = ids["eos_token_id"]
        end = end[0] if isinstance(end, list) else end
        pad = tokenizer.pad_token_id
        ids["pad_token_id"] = pad if pad is not None else (end or 0)
    return GenerationConfig(**{name: value for name, value in ids.items() if value is not None})
