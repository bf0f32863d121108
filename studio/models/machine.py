"""What this computer has, and which models it can run: the numbers of a card against those of memory and GPU.

The GPU is known to torch only, which is asked in a child (`doctor.ask`); everything else costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec
import psutil

from studio.models import doctor
from studio.models.card import Memory, ModelCard
from studio.models.llama_cpp import RUNNER

WORK_SHARE = 1.2
"""What a model needs while it runs, against its weights alone, where its card does not say better."""
MEMORY_SHARE, GPU_SHARE = 0.85, 0.95
"""What a model may take of the computer's memory, which it shares with the desktop, and of a GPU's own."""
_BYTES = {"bf16": 2.0, "int8": 1.0, "int4": 0.5}

Precision = Literal["fp32", "bf16", "int8", "int4"]
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16", "int8", "int4")
TITLES: dict[Precision, str] = {"fp32": "32 bits", "bf16": "16 bits", "int8": "8 bits", "int4": "4 bits"}


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

    @property
    def usable(self) -> int:
        """What one model may take."""
        return int(self.gpu_memory * GPU_SHARE if self.gpu_memory else self.memory * MEMORY_SHARE)


def look() -> Machine:
    """Return what is known at once: the memory."""
    memory = psutil.virtual_memory()
    return Machine(int(memory.total), int(memory.available))


def look_closely(cancelled: Callable[[], bool] = lambda: False) -> Machine:
    """Return the whole machine. Takes some seconds, because torch is imported in a child; that ends when `cancelled` says so."""
    found = doctor.ask(("torch",), cancelled).get("torch", {})
    asked = not found.get("error") and bool(found)
    here = msgspec.structs.replace(look(), asked=asked)
    if asked and found["cuda"]:
        return msgspec.structs.replace(here, gpu=str(found["device"]), gpu_memory=int(found["memory"]))
    return msgspec.structs.replace(here, gpu="Apple GPU") if asked and found["mps"] else here


def needs(card: ModelCard) -> tuple[Memory, bool] | None:
    """Return what the model needs while it runs, and whether that is only computed from its size; None where it is not known."""
    if card.memory is not None:
        return card.memory, False
    if card.runner in ("hibari", "kokoro"):  # one small file, run as it is
        return Memory(bf16=2 * (card.size or card.parameters)), True
    if card.runner == RUNNER:  # as it is, whatever the precision of its weights
        return Memory(bf16=int(card.size * WORK_SHARE)), True
    weights = card.parameters * 2 or card.size
    if not weights or card.base:
        return None
    return Memory(**{name: int(weights / 2 * size * WORK_SHARE) for name, size in _BYTES.items()}), True


def needed(card: ModelCard, precision: Precision) -> int:
    """Return the bytes that the model needs at a precision; 0 where it is not known."""
    known = needs(card)
    if known is None:
        return 0
    return known[0].bf16 * 2 if precision == "fp32" else int(getattr(known[0], precision))


def precision_used(card: ModelCard, machine: Machine) -> Precision:
    """Return the precision in which the engine loads the model (`engine/device.py`, `engine/waveform_model.py`)."""
    if card.runner in (RUNNER, "hibari", "kokoro"):
        return "bf16"
    sound = card.runner == "transformers" and card.kind in ("speech", "music")
    return "bf16" if machine.gpu and not sound else "fp32"


def fits(card: ModelCard, machine: Machine) -> bool | None:
    """Return whether the model can run here as the engine loads it; None where it is not known."""
    need = needed(card, precision_used(card, machine))
    return need <= machine.usable if need else None
