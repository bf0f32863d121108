"""Chooses the device and number format for a model, and measures the free memory."""

from __future__ import annotations

import functools
import logging
import os
import sys
from typing import Any

import psutil

from studio.core import environment
from studio.core.settings import Settings
from studio.models.memory.hardware import Device, Machine, installed_quantizers

log = logging.getLogger(__name__)
_VISIBLE_GPUS = ("CUDA_VISIBLE_DEVICES", "ZE_AFFINITY_MASK")
"""Environment variables of CUDA (and ROCm) and of Intel's driver."""


def use_device_settings(settings: Settings) -> None:
    """Follow the settings for threads and GPU. Call it before anything uses a GPU."""
    environment.limit_threads(settings.threads)
    if settings.threads and "torch" in sys.modules:  # which has read its environment
        sys.modules["torch"].set_num_threads(settings.threads)
    if settings.gpu:
        _choose_gpu(settings.gpu)


def _choose_gpu(number: int) -> None:
    """Hide all other GPUs from torch; keep all if this one does not exist."""
    import torch

    before = {name: os.environ.get(name) for name in _VISIBLE_GPUS}
    for name, visible in before.items():
        listed = visible.split(",") if visible else []
        os.environ[name] = listed[number] if number < len(listed) else str(number)
    # NVML counts without a context, so that another choice is still possible.
    if torch.cuda.device_count() or (hasattr(torch, "xpu") and torch.xpu.device_count()):
        return
    log.warning("GPU %d is missing; the first one or the CPU is used", number)
    for name, visible in before.items():
        if visible is None:
            del os.environ[name]
        else:
            os.environ[name] = visible


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
