"""The computer's memory and GPU, and the memory that a model needs.

Only torch knows the GPU; a child process imports it (`probe_process.probe`). The rest is quick.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Literal, get_args

import msgspec
import psutil

from studio.core.translation import mark
from studio.models.card import AS_IT_IS, Memory, ModelCard
from studio.models.llama_cpp import RUNNER
from studio.models.memory import probe_process

WORK_SHARE = 1.2
"""Memory of a running model, as a multiple of its weights, unless its card states the memory."""
MEMORY_SHARE, GPU_SHARE, APPLE_SHARE = 0.85, 0.95, 0.7
"""Shares that models may take: of the computer's memory, of a GPU's own, and on an Apple GPU."""
DESKTOP_BYTES, SCREEN_BYTES = 2 * 10**9, 5 * 10**8
"""Minimum left to the desktop, of the computer's memory and of a GPU's."""
MAX_MEMORY_OF_WEIGHTS = 4
"""If a card's memory is more than this multiple of the weights, it is for other weights."""
_BYTES = {"bf16": 2.0, "int8": 1.0, "int4": 0.5}

Precision = Literal["fp32", "bf16", "int8", "int4"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16", "int8", "int4")
Device = Literal["cuda", "xpu", "mps", "cpu"]
"""torch's names; ROCm is cuda."""
Quantizer = Literal["bitsandbytes", "torchao", "quanto"]
_MODULES: dict[Quantizer, str] = {
    "bitsandbytes": "bitsandbytes",
    "torchao": "torchao",
    "quanto": "optimum.quanto",
}
PRECISION_TITLES: dict[Precision, str] = {
    "fp32": mark("32-bit"),
    "bf16": mark("16-bit"),
    "int8": mark("8-bit"),
    "int4": mark("4-bit"),
}


class Machine(msgspec.Struct, frozen=True):
    """Memory and GPU of a computer; sizes in bytes."""

    memory: int
    free: int
    gpu: str = ""
    """Its name; empty without a GPU, and before the probe."""
    gpu_memory: int = 0
    """0 if the GPU uses the computer's memory."""
    probed: bool = False
    """True if torch looked for a GPU."""
    gpu_free: int = 0
    """Free part of the GPU's own memory; 0 if unknown."""
    backend: Device | None = None
    """None before the probe; `device` then guesses."""
    gpus: tuple[str, ...] = ()
    """Names of all GPUs, in torch's order; empty before the probe."""
    quantizers: tuple[Quantizer, ...] = ()
    """The installed packages that quantize models while they load."""

    @property
    def device(self) -> Device:
        """Where models run."""
        return self.backend or ("cuda" if self.gpu_memory else "mps" if self.gpu else "cpu")

    @property
    def usable(self) -> int:
        """Memory that models may take on their device."""
        return self._usable_gpu if self.device in ("cuda", "xpu") else self._usable_memory

    @property
    def _usable_memory(self) -> int:
        share = APPLE_SHARE if self.device == "mps" else MEMORY_SHARE
        return max(0, min(int(self.memory * share), self.memory - DESKTOP_BYTES))

    @property
    def _usable_gpu(self) -> int:
        return max(0, min(int(self.gpu_memory * GPU_SHARE), self.gpu_memory - SCREEN_BYTES))

    def gpu_room(self, warm: int = 0) -> int:
        """Return what a model may take of the GPU's memory now, if `warm` bytes are evicted."""
        return _room(self.gpu_memory, self._usable_gpu, (self.gpu_free or self.gpu_memory) + warm)

    def memory_room(self, warm: int = 0) -> int:
        """Return what a model may take of the memory now, if `warm` bytes are evicted."""
        return _room(self.memory, self._usable_memory, self.free + warm)

    @property
    def at_rest(self) -> Machine:
        """The same machine with nothing else running."""
        return msgspec.structs.replace(self, free=self.memory, gpu_free=0)


def _room(total: int, usable: int, free: int) -> int:
    """Return at most `usable`; the desktop keeps half its share of what is free now."""
    return max(0, min(usable, free - (total - usable) // 2))


def installed_quantizers() -> tuple[Quantizer, ...]:
    """Return the installed packages that quantize models while they load; imports none."""
    return tuple(name for name in get_args(Quantizer) if _is_installed(_MODULES[name]))


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # the parent package is missing
        return False


def quick_machine() -> Machine:
    """Return the machine without its GPU, at once."""
    memory = psutil.virtual_memory()
    return Machine(int(memory.total), int(memory.available), quantizers=installed_quantizers())


def probe_machine(cancelled: Callable[[], bool] = lambda: False, gpu: int = 0) -> Machine:
    """Return the machine with the GPU of this number, or the first one if it is missing.

    Takes some seconds, because a child process imports torch; ends early if `cancelled()` is true.
    """
    answer = probe_process.probe(("torch",), cancelled).get("torch")
    if answer is None or answer.error:
        return quick_machine()
    machine = msgspec.structs.replace(quick_machine(), probed=True)
    gpus = answer.gpus
    if gpus:
        backend: Device = "cuda" if answer.cuda else "xpu"
        chosen = gpus[gpu] if gpu < len(gpus) else gpus[0]
        return msgspec.structs.replace(
            machine,
            gpu=chosen.device,
            gpu_memory=chosen.memory,
            gpu_free=chosen.free,
            backend=backend,
            gpus=tuple(one.device for one in gpus),
        )
    if answer.mps:
        apple = "Apple GPU"  # not translated: a name, also in recipes
        return msgspec.structs.replace(machine, gpu=apple, backend="mps", gpus=(apple,))
    return machine


def memory_needs(card: ModelCard) -> tuple[Memory, bool] | None:
    """Return the memory that the running model needs, and True if it is only estimated.

    None if it is unknown.
    """
    if card.memory is not None and not (
        0 < 2 * card.parameters * MAX_MEMORY_OF_WEIGHTS < card.memory.bf16
    ):
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
    """Return the bytes that the model needs at a precision; 0 if unknown."""
    known = memory_needs(card)
    if known is None:
        return 0
    return known[0].bf16 * 2 if precision == "fp32" else int(getattr(known[0], precision))
