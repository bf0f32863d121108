"""What this computer has, and which models it can run: the numbers of a card against those of
memory and GPU.

The GPU is known to torch only, which is asked in a child (`probe_process.ask`); everything else
costs nothing.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Literal, get_args

import msgspec
import psutil

from studio.models.card import AS_IT_IS, Memory, ModelCard
from studio.models.llama_cpp import RUNNER
from studio.models.memory import probe_process

WORK_SHARE = 1.2
"""What a model needs while it runs, against its weights alone, where its card does not say
better.
"""
MEMORY_SHARE, GPU_SHARE, APPLE_SHARE = 0.85, 0.95, 0.7
"""What models may take of the computer's memory, which they share with the desktop, of a GPU's own,
and what an Apple GPU may.
"""
DESKTOP_BYTES, SCREEN_BYTES = 2 * 10**9, 5 * 10**8
"""What is left to the desktop at least, of the computer's memory and of a GPU's."""
OTHER_WEIGHTS = 4
"""Where a card says so many times what the weights take, it speaks of other weights than those that
are there.
"""
_BYTES = {"bf16": 2.0, "int8": 1.0, "int4": 0.5}

Precision = Literal["fp32", "bf16", "int8", "int4"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16", "int8", "int4")
Device = Literal["cuda", "xpu", "mps", "cpu"]
"""As torch calls them; ROCm is cuda."""
Quantizer = Literal["bitsandbytes", "torchao", "quanto"]
_MODULES: dict[Quantizer, str] = {
    "bitsandbytes": "bitsandbytes",
    "torchao": "torchao",
    "quanto": "optimum.quanto",
}
PRECISION_TITLES: dict[Precision, str] = {
    "fp32": "32 bits",
    "bf16": "16 bits",
    "int8": "8 bits",
    "int4": "4 bits",
}


class Machine(msgspec.Struct, frozen=True):
    """What there is to run models with, in bytes."""

    memory: int
    free: int
    gpu: str = ""
    """Its name; empty where there is none, or nobody has asked yet."""
    gpu_memory: int = 0
    """0 where the GPU uses the computer's memory."""
    asked: bool = False
    """torch was asked for a GPU."""
    gpu_free: int = 0
    """Of the GPU's own memory; 0 where it is not known."""
    backend: Device | None = None
    """None where nobody has asked: what a GPU of that memory usually is."""
    quantizers: tuple[Quantizer, ...] = ()
    """The installed packages that load models with fewer bits."""

    @property
    def device(self) -> Device:
        """Where models run."""
        return self.backend or ("cuda" if self.gpu_memory else "mps" if self.gpu else "cpu")

    @property
    def usable(self) -> int:
        """What models may take where they run."""
        return self._usable_gpu if self.device in ("cuda", "xpu") else self._usable_memory

    @property
    def _usable_memory(self) -> int:
        share = APPLE_SHARE if self.device == "mps" else MEMORY_SHARE
        return max(0, min(int(self.memory * share), self.memory - DESKTOP_BYTES))

    @property
    def _usable_gpu(self) -> int:
        return max(0, min(int(self.gpu_memory * GPU_SHARE), self.gpu_memory - SCREEN_BYTES))

    def gpu_room(self, warm: int = 0) -> int:
        """Return what a model may take of the GPU's memory now, where `warm` bytes leave for it."""
        return _room(self.gpu_memory, self._usable_gpu, (self.gpu_free or self.gpu_memory) + warm)

    def memory_room(self, warm: int = 0) -> int:
        """Return what a model may take of the computer's memory now, where `warm` bytes leave for
        it.
        """
        return _room(self.memory, self._usable_memory, self.free + warm)

    @property
    def at_rest(self) -> Machine:
        """The same machine with nothing else running."""
        return msgspec.structs.replace(self, free=self.memory, gpu_free=0)


def _room(total: int, usable: int, free: int) -> int:
    """Return what may be taken: never more than `usable`, and of what is free now the desktop keeps
    half its share.
    """
    return max(0, min(usable, free - (total - usable) // 2))


def installed_quantizers() -> tuple[Quantizer, ...]:
    """Return the packages that are there to load models with fewer bits; none of them is
    imported.
    """
    return tuple(name for name in get_args(Quantizer) if _is_installed(_MODULES[name]))


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it is missing
        return False


def quick_machine() -> Machine:
    """Return what is known at once: the memory."""
    memory = psutil.virtual_memory()
    return Machine(int(memory.total), int(memory.available), quantizers=installed_quantizers())


def probe_machine(cancelled: Callable[[], bool] = lambda: False) -> Machine:
    """Return the whole machine. Takes some seconds, because torch is imported in a child; that ends
    when `cancelled` says so.
    """
    found = probe_process.probe(("torch",), cancelled).get("torch", {})
    asked = not found.get("error") and bool(found)
    here = msgspec.structs.replace(quick_machine(), asked=asked)
    if asked and (found["cuda"] or found["xpu"]):
        backend: Device = "cuda" if found["cuda"] else "xpu"
        gpu, total, free = str(found["device"]), int(found["memory"]), int(found["free"])
        return msgspec.structs.replace(
            here, gpu=gpu, gpu_memory=total, gpu_free=free, backend=backend
        )
    return (
        msgspec.structs.replace(here, gpu="Apple GPU", backend="mps")
        if asked and found["mps"]
        else here
    )


def memory_needs(card: ModelCard) -> tuple[Memory, bool] | None:
    """Return what the model needs while it runs, and whether that is only computed from its size;
    None where it is not known.
    """
    if card.memory is not None and not (0 < 2 * card.parameters * OTHER_WEIGHTS < card.memory.bf16):
        return card.memory, False
    if card.runner in AS_IT_IS:  # one small file, run as it is
        return Memory(bf16=2 * (card.size or card.parameters)), True
    if card.runner == RUNNER:  # as it is, whatever the precision of its weights
        return Memory(bf16=int(card.size * WORK_SHARE)), True
    weights = card.parameters * 2 or card.size
    if not weights or card.base or card.adapter:
        return None
    return Memory(
        **{name: int(weights / 2 * size * WORK_SHARE) for name, size in _BYTES.items()}
    ), True


def bytes_needed(card: ModelCard, precision: Precision) -> int:
    """Return the bytes that the model needs at a precision; 0 where it is not known."""
    known = memory_needs(card)
    if known is None:
        return 0
    return known[0].bf16 * 2 if precision == "fp32" else int(getattr(known[0], precision))
