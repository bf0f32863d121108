"""Measures the memory of loaded weights, releases memory, recognizes out-of-memory errors."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from studio.models.memory.load_plan import Footprint

# not translated: parts of the libraries' messages
_OUT_OF_MEMORY = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "failed to allocate",
)
_DEPTH = 4
"""How deep modules are nested in a pipeline: pipeline → speech model → list of modules."""


def measure_weights(pipeline: Any) -> Footprint:
    """Return the bytes of a pipeline's weights: all parameters and buffers, each once."""
    if "torch" not in sys.modules:
        return Footprint()
    gpu = memory = 0
    seen: set[int] = set()
    for module in _modules(pipeline, _DEPTH):
        for tensor in (*module.parameters(), *module.buffers()):
            for part in _parts(tensor):
                # Weights that are offloaded layer by layer are "meta" meanwhile; they take up
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


def _modules(value: Any, depth: int) -> Iterator[Any]:
    import torch

    if isinstance(value, torch.nn.Module):
        yield value
    elif depth and isinstance(value, (list, tuple)):
        for item in value:
            yield from _modules(item, depth - 1)
    elif depth and hasattr(value, "__dict__") and not isinstance(value, type):
        for item in vars(value).values():
            yield from _modules(item, depth - 1)


def _parts(tensor: Any) -> Iterator[Any]:
    """Yield the plain tensors of a tensor; a quantized one holds its numbers and their scales."""
    if hasattr(tensor, "__tensor_flatten__"):
        for name in tensor.__tensor_flatten__()[0]:
            yield from _parts(getattr(tensor, name))
    else:
        yield tensor


def release_memory() -> None:
    """Return unused memory to the system.

    Call it outside of `except` blocks: the frames of a caught exception keep memory alive.
    """
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None:
        for gpu in (torch.cuda, torch.xpu, torch.mps):
            if gpu.is_available():
                gpu.empty_cache()
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # not glibc
            ctypes.CDLL(None).malloc_trim(0)


class OutOfMemoryGuard:
    """Context manager that suppresses an out-of-memory error and keeps `ran_out`.

    After the block nothing refers to the error, whose frames would keep the memory alive.
    """

    def __init__(self, *, is_enabled: bool = True) -> None:
        self._is_enabled = is_enabled
        self.ran_out = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: object, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        self.ran_out = self._is_enabled and isinstance(error, Exception) and is_out_of_memory(error)
        return self.ran_out


def is_out_of_memory(error: BaseException) -> bool:
    """True for out-of-memory errors of Python, torch and onnxruntime, and errors caused by one."""
    cause: BaseException | None = error
    while cause is not None:
        text = str(cause).lower()
        if (
            isinstance(cause, MemoryError)
            or type(cause).__name__ == "OutOfMemoryError"
            or any(phrase in text for phrase in _OUT_OF_MEMORY)
        ):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
