"""Which device and number format a model runs with."""

from __future__ import annotations

from typing import Any


def best_device() -> str:
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
    """Return the torch dtype: bfloat16 or float16 on a GPU; float32 on a CPU, where bfloat16 without AMX is slower."""
    import torch

    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.float16 if device in ("mps", "xpu") else torch.float32


def free_bytes(device: str) -> int:
    """Return the memory that is free where models run."""
    if device == "cuda":
        import torch

        return int(torch.cuda.mem_get_info()[0])
    import psutil

    return int(psutil.virtual_memory().available)
