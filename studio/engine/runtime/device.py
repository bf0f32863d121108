"""Chooses the device and number format for a model, and measures the free memory."""

from __future__ import annotations

import functools
from typing import Any

import psutil

from studio.models.memory.hardware import Device, Machine, installed_quantizers


def best_device() -> Device:
    """Return cuda, mps, xpu or cpu."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    if hasattr(torch, "xpu") and torch.xpu.is_available():
        return "xpu"
    return "cpu"


def best_dtype(device: str) -> Any:
    """Return the torch dtype: bfloat16 or float16 on a GPU, float32 on a CPU.

    On a CPU without AMX, bfloat16 is slower than float32.
    """
    import torch

    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.float16 if device in ("mps", "xpu") else torch.float32


def free_bytes(device: str) -> int:
    """Return the free memory of the device, in bytes."""
    if device in ("cuda", "xpu"):
        return _gpu_memory(device)[0]
    return int(psutil.virtual_memory().available)


def detect_machine() -> Machine:
    """Return the current memory, GPU and quantization libraries of this computer."""
    memory, device = psutil.virtual_memory(), best_device()
    gpu_free, gpu_memory = _gpu_memory(device) if device in ("cuda", "xpu") else (0, 0)
    return Machine(
        memory=int(memory.total),
        free=int(memory.available),
        gpu="" if device == "cpu" else device,
        gpu_memory=gpu_memory,
        probed=True,
        gpu_free=gpu_free,
        backend=device,
        quantizers=_quantizers(),
    )


def _gpu_memory(device: str) -> tuple[int, int]:
    """Return the free and total bytes of a GPU. Memory that torch has reserved counts as free."""
    import torch

    gpu = torch.cuda if device == "cuda" else torch.xpu
    free, total = gpu.mem_get_info()
    return int(free + gpu.memory_reserved() - gpu.memory_allocated()), int(total)


_quantizers = functools.cache(installed_quantizers)
