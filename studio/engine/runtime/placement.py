"""Carries out a `LoadPlan` (`models/memory/load_plan.py`): device, quantization and offloading."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from studio.engine.runtime.device import best_device, best_dtype
from studio.models.card import ModelCard
from studio.models.files.config import read_json
from studio.models.memory.hardware import Device
from studio.models.memory.load_plan import OFFLOADS, LoadPlan

DEFAULT_PLAN = LoadPlan()
"""For callers without a plan."""
_LARGE = ("transformer", "unet", "text_encoder", "prior", "decoder")
"""Components of a pipeline to quantize; autoencoders and others are small and lose quality."""


def device_of(plan: LoadPlan) -> Device:
    """Return the device that the model runs on."""
    return plan.device or best_device()


def dtype_of(plan: LoadPlan) -> Any:
    """Return the torch dtype of weights that are not quantized."""
    import torch

    device = device_of(plan)
    if plan.precision == "fp32":
        return torch.float32
    if plan.precision is None or device != "cpu":
        return best_dtype(device)
    return torch.bfloat16


def inference_context(plan: LoadPlan) -> AbstractContextManager[Any]:
    """Return the context in which the model runs: inference mode, or no_grad.

    Inference mode forbids how quanto unpacks 4-bit weights, and weights that are moved in it can be
    moved only in it later.
    """
    import torch

    needs_no_grad = plan.strategy in OFFLOADS or plan.precision in ("int8", "int4")
    return torch.no_grad() if needs_no_grad else torch.inference_mode()


@contextmanager
def release_offload_hooks(pipe: Any) -> Iterator[None]:
    """Move offloaded components off the GPU at the end of the context.

    Pipelines do so themselves unless a job is cancelled, or another pipeline class uses their
    components. `pipe`: the pipeline that the components were loaded with.
    """
    try:
        yield
    finally:
        pipe.maybe_free_model_hooks()


def quantization_kwargs(plan: LoadPlan) -> dict[str, Any]:
    """Return arguments that make `from_pretrained` quantize a language model, if it is planned."""
    if plan.precision not in ("int8", "int4"):
        return {}
    return {"quantization_config": _for_transformers(plan), "device_map": {"": device_of(plan)}}


def pipeline_quantization_kwargs(plan: LoadPlan, card: ModelCard) -> dict[str, Any]:
    """Return arguments that quantize the denoisers and text encoders of a diffusers pipeline."""
    if plan.precision not in ("int8", "int4"):
        return {}
    from diffusers.quantizers import PipelineQuantizationConfig

    makers = {"diffusers": _for_diffusers, "transformers": _for_transformers}
    mapping = {name: makers[library](plan) for name, library in _large_parts(card.folder).items()}
    return {"quantization_config": PipelineQuantizationConfig(quant_mapping=mapping)}


def _large_parts(folder: Path) -> dict[str, str]:
    index = read_json(folder / "model_index.json")
    return {
        name: entry[0]
        for name, entry in index.items()
        if name.startswith(_LARGE)
        and isinstance(entry, list)
        and entry[0] in ("diffusers", "transformers")
    }


def _for_transformers(plan: LoadPlan) -> Any:
    import transformers

    if plan.quantizer == "bitsandbytes":
        if plan.precision == "int8":
            return transformers.BitsAndBytesConfig(load_in_8bit=True)
        return transformers.BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype_of(plan)
        )
    if plan.quantizer == "torchao":
        return transformers.TorchAoConfig(_torchao_int8())
    return transformers.QuantoConfig(weights=plan.precision)


def _for_diffusers(plan: LoadPlan) -> Any:
    import diffusers

    if plan.quantizer == "bitsandbytes":
        if plan.precision == "int8":
            return diffusers.BitsAndBytesConfig(load_in_8bit=True)
        return diffusers.BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype_of(plan)
        )
    if plan.quantizer == "torchao":
        return diffusers.TorchAoConfig(_torchao_int8())
    return diffusers.QuantoConfig(weights_dtype=plan.precision)


def _torchao_int8() -> Any:
    import importlib

    return importlib.import_module("torchao.quantization").Int8WeightOnlyConfig()


def place_pipeline(pipe: Any, plan: LoadPlan) -> None:
    """Move a diffusers pipeline to its device, or set up its offloading."""
    import torch

    device = device_of(plan)
    if plan.strategy not in OFFLOADS:
        pipe.to(device)
    elif plan.strategy == "model-offload":
        pipe.enable_model_cpu_offload(device=device)
    elif plan.strategy == "sequential-offload":
        pipe.enable_sequential_cpu_offload(device=device)
    else:
        pipe.enable_group_offload(
            onload_device=torch.device(device),
            offload_type="leaf_level",
            use_stream=True,
            low_cpu_mem_usage=not plan.pinned,
            exclude_modules=without_group_offloading(pipe),
        )


def without_group_offloading(pipe: Any) -> list[str]:
    """Return the components that cannot be offloaded layer by layer, and stay on the GPU.

    Stable Audio's autoencoder is one.
    """
    components = pipe.components.items()
    return [
        name
        for name, component in components
        if not getattr(component, "_supports_group_offloading", True)
    ]


def device_map_kwargs(plan: LoadPlan) -> dict[str, Any]:
    """Return arguments that keep layers that do not fit on the GPU in the computer's memory."""
    if plan.strategy != "sequential-offload":
        return {}
    return {"device_map": "auto", "max_memory": {0: plan.room, "cpu": plan.memory * 2}}
