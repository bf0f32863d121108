"""How much memory loaded weights take, and giving it back."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from typing import Any

from studio.models.memory.load_plan import Footprint

_SAID = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "failed to allocate",
)
_DEPTH = 4
"""How deep modules lie in a loaded model: pipeline → speaker → list of models."""


def measure_weights(pipeline: Any) -> Footprint:
    """Return the bytes of all weights in a loaded model: parameters and buffers of its torch
    modules, each once.
    """
    if "torch" not in sys.modules:
        return Footprint()
    gpu = memory = 0
    seen: set[int] = set()
    for module in _modules(pipeline, _DEPTH):
        for tensor in (*module.parameters(), *module.buffers()):
            for part in _parts(tensor):
                # Weights that are moved layer by layer are "meta" while they wait; their place is
                # the computer's memory.
                key = id(part) if part.device.type == "meta" else part.untyped_storage().data_ptr()
                if key in seen:
                    continue
                seen.add(key)
                if part.device.type in ("cuda", "xpu"):
                    gpu += part.nbytes
                else:
                    memory += part.nbytes
    return Footprint(gpu, memory)


def _modules(thing: Any, depth: int) -> Iterator[Any]:
    import torch

    if isinstance(thing, torch.nn.Module):
        yield thing
    elif depth and isinstance(thing, (list, tuple)):
        for one in thing:
            yield from _modules(one, depth - 1)
    elif depth and hasattr(thing, "__dict__") and not isinstance(thing, type):
        for one in vars(thing).values():
            yield from _modules(one, depth - 1)


def _parts(tensor: Any) -> Iterator[Any]:
    """Yield what a tensor is kept in: one with fewer bits has its numbers and their scales
    inside.
    """
    if hasattr(tensor, "__tensor_flatten__"):
        for name in tensor.__tensor_flatten__()[0]:
            yield from _parts(getattr(tensor, name))
    else:
        yield tensor


def release_memory() -> None:
    """Return memory that nobody uses to the system. Outside of `except` blocks: what they caught
    keeps memory alive.
    """
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None:
        for gpu in (torch.cuda, torch.xpu, torch.mps):
            if gpu.is_available():
                gpu.empty_cache()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
        if trim is not None:
            trim(0)


def is_out_of_memory(error: BaseException) -> bool:
    """True for every way in which Python, torch and onnxruntime say that memory ran out, also
    behind another exception.
    """
    found: BaseException | None = error
    while found is not None:
        text = str(found).lower()
        if (
            isinstance(found, MemoryError)
            or type(found).__name__ == "OutOfMemoryError"
            or any(words in text for words in _SAID)
        ):
            return True
        found = found.__cause__ or found.__context__
    return False
