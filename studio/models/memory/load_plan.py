"""How a model is loaded so that it fits: a ladder of ways, the first of which that fits is taken.
Numbers in, a plan out.

On a GPU with memory of its own a pipeline of pictures goes: whole → its parts take turns → its
layers come ahead of their turn → layer by layer → 8 bits → 4 bits. A language model reads all its
weights for every token, so that fewer bits come before layers that move. A CPU and an Apple
GPU have one memory for everything: nothing can move, there are only fewer bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

import msgspec

from studio.core.errors import StudioError
from studio.core.settings import LoadPreference, LoadStrategy
from studio.models.card import ModelCard
from studio.models.families.video import MOTION_FAMILY
from studio.models.inspect.checkpoint import checkpoint_in
from studio.models.memory.hardware import (
    TITLES,
    WORK_SHARE,
    Device,
    Machine,
    Precision,
    Quantizer,
    needed,
    needs,
)

RUNGS: tuple[LoadStrategy, ...] = get_args(LoadStrategy)
WISHES: tuple[LoadPreference, ...] = ("auto", *RUNGS)
RUNG_TITLES: dict[LoadPreference, str] = {
    "auto": "Automatic",
    "resident": "Whole",
    "16-bit": "16 bits",
    "model-offload": "Parts take turns on the GPU",
    "group-offload": "Layers come ahead of their turn",
    "sequential-offload": "Layer by layer (slow)",
    "8-bit": "8 bits",
    "4-bit": "4 bits",
    "cpu": "On the CPU",
}
_HOW: dict[LoadStrategy, str] = {
    "model-offload": "parts take turns on the GPU",
    "group-offload": "layers come to the GPU ahead of their turn",
    "sequential-offload": "layer by layer on the GPU, which is slow",
    "cpu": "on the CPU",
}
OFFLOADS: frozenset[LoadStrategy] = frozenset(
    {"model-offload", "group-offload", "sequential-offload"}
)
_PICTURES: tuple[LoadStrategy, ...] = (
    "resident",
    "model-offload",
    "group-offload",
    "sequential-offload",
    "8-bit",
    "4-bit",
)
_TEXT: tuple[LoadStrategy, ...] = ("resident", "8-bit", "4-bit", "sequential-offload")
_ONE_MEMORY: tuple[LoadStrategy, ...] = ("resident", "8-bit", "4-bit")
_CPU: tuple[LoadStrategy, ...] = ("resident", "16-bit", "8-bit", "4-bit")
_SOUND: tuple[LoadStrategy, ...] = ("resident", "16-bit", "cpu")

GROUP_SHARE, LAYER_SHARE = 0.1, 0.03
"""Of the weights, what is on the GPU at a time with layers ahead of their turn, and layer by
layer.
"""
LEAST_WORK = 0.05
"""What a model needs beside its weights, at least, of the whole."""
PINNED = 1.5
"""Locked memory, where layers wait that come ahead of their turn, is taken in powers of two."""
_QUANTIZERS: Mapping[tuple[Device, Precision], tuple[Quantizer, ...]] = {
    ("cuda", "int8"): ("bitsandbytes", "torchao", "quanto"),
    ("cuda", "int4"): ("bitsandbytes", "quanto"),
    ("xpu", "int8"): ("bitsandbytes", "torchao", "quanto"),
    ("xpu", "int4"): ("bitsandbytes", "quanto"),
    ("mps", "int8"): ("quanto",),
    ("mps", "int4"): ("quanto",),
    ("cpu", "int8"): ("bitsandbytes", "quanto", "torchao"),
    ("cpu", "int4"): ("bitsandbytes", "quanto"),
}
"""What can do it there, the best first. On a CPU torchao has no kernels for 4 bits."""
PACKAGES: Mapping[Quantizer, str] = {
    "bitsandbytes": "bitsandbytes",
    "torchao": "torchao",
    "quanto": "optimum-quanto",
}


LARGEST_PART = 0.75
"""Of a pipeline's weights, what its largest part has where that is not known: 0.74 in SDXL, 0.71 in
FLUX.1.
"""


class Facts(msgspec.Struct, frozen=True):
    """What a model's folder says about how it can be loaded."""

    largest: float = LARGEST_PART
    """The largest part's share of the weights."""
    one_file: bool = False
    """A checkpoint in one file, which cannot be loaded with fewer bits."""


class Footprint(msgspec.Struct, frozen=True):
    """Bytes that models take which are loaded already and can leave: on the GPU, and of the
    computer's memory.
    """

    gpu: int = 0
    memory: int = 0

    def __add__(self, other: Footprint) -> Footprint:
        return Footprint(self.gpu + other.gpu, self.memory + other.memory)


class LoadPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is loaded. The default is for whoever does not ask: whole, on the best device, in
    its usual precision.
    """

    rung: LoadStrategy = "resident"
    device: Device | None = None
    precision: Precision | None = None
    quantizer: Quantizer | None = None
    needs: int = 0
    """Bytes of the device's memory while it runs; 0 where it is not known."""
    room: int = 0
    """Bytes of it that it may have."""
    memory: int = 0
    """Bytes of the computer's memory that it needs beside a GPU's."""
    pinned: bool = False
    """There is room to lock that memory, which makes moving faster."""
    package: str = ""
    """What has to be installed for it, or is."""
    hindrance: str = ""
    """Why it is not taken, or the empty text."""

    @property
    def way(self) -> str:
        """What it is, for a person: the bits, and where the weights are."""
        bits = TITLES[self.precision] if self.precision else ""
        return ", ".join(filter(None, (bits, _HOW.get(self.rung, ""))))

    @property
    def words(self) -> str:
        """The same with the numbers."""
        numbers = (
            f"needs {_gigabytes(self.needs)} of {_gigabytes(self.room)} GB"
            if self.needs and self.room
            else ""
        )
        return ", ".join(filter(None, (self.way, numbers)))

    @property
    def takes(self) -> Footprint:
        """What it needs, on the GPU and of the computer's memory."""
        on_gpu = self.device in ("cuda", "xpu")
        return Footprint(self.needs if on_gpu else 0, self.memory if on_gpu else self.needs)


def choose(
    card: ModelCard,
    machine: Machine,
    *,
    facts: Facts | None = None,
    warm: Footprint | None = None,
    wish: LoadPreference = "auto",
    below: LoadStrategy | None = None,
) -> LoadPlan:
    """Return the plan for the model here and now. Raises StudioError with the numbers where nothing
    fits.

    `warm`: what may leave for it. `wish`: the way that a person chose, which is taken even where
    the figures are against it; one that makes no sense for this model on this device is passed
    over. `below`: the rung that turned out to be too much.
    """
    steps = list(ladder(card, machine, facts=facts, warm=warm))
    if below is not None:
        passed = next(
            (number for number, step in enumerate(steps) if step.rung == below), len(steps)
        )
        steps = steps[passed + 1 :]
    wished = next((step for step in steps if step.rung == wish), None)
    if wished is not None:
        if _lacks_package(wished):
            raise StudioError(
                f"{card.title} cannot be loaded with {wished.way}: that {wished.hindrance}.",
                cause="memory",
                cure=f"Install it (pip install {wished.package}), or let Studio choose.",
            )
        return msgspec.structs.replace(wished, hindrance="")
    fitting = next((step for step in steps if not step.hindrance), None)
    if fitting is None:
        raise _refusal(card, machine, steps, below)
    return fitting


def ladder(
    card: ModelCard, machine: Machine, *, facts: Facts | None = None, warm: Footprint | None = None
) -> Iterator[LoadPlan]:
    """Yield every way in which the model can be loaded on this device, the best first, with why it
    cannot be taken.
    """
    facts, warm = facts or Facts(), warm or Footprint()
    for rung in rungs(card, machine.device, facts):
        yield _judged(_step(rung, card, machine, facts, warm), machine, warm)


def rungs(card: ModelCard, device: Device, facts: Facts | None = None) -> tuple[LoadStrategy, ...]:
    """Return the ways that make sense for a model on a device."""
    if _runs_as_it_is(card):
        return ("resident",)
    has_gpu = device in ("cuda", "xpu")
    if card.runner == "transformers" and card.kind != "text":  # few bits are heard
        return (
            _SOUND
            if has_gpu
            else ("resident", "16-bit")
            if device == "cpu" and card.kind == "music"
            else ("resident",)
        )
    chosen = (
        _ONE_MEMORY
        if device == "mps"
        else _CPU
        if device == "cpu"
        else _TEXT
        if card.kind == "text"
        else _PICTURES
    )
    return tuple(
        rung for rung in chosen if not (facts and facts.one_file and rung in ("8-bit", "4-bit"))
    )


def _runs_as_it_is(card: ModelCard) -> bool:
    return card.runner not in ("transformers", "diffusers") or card.writes_notes


def _step(
    rung: LoadStrategy, card: ModelCard, machine: Machine, facts: Facts, warm: Footprint
) -> LoadPlan:
    device: Device = "cpu" if rung == "cpu" or _runs_as_it_is(card) else machine.device
    precision = _precision(rung, card, device)
    work, weights = _work_and_weights(card)
    need = needed(card, precision or "bf16")
    if need and rung in OFFLOADS:
        share = {"model-offload": facts.largest, "group-offload": GROUP_SHARE}.get(
            rung, LAYER_SHARE
        )
        need = work + int(weights * share)
    beside = weights if rung in OFFLOADS else 0
    able = _able(card, device, precision)
    on_gpu = device in ("cuda", "xpu")
    room = machine.gpu_room(warm.gpu) if on_gpu else machine.memory_room(warm.memory)
    return LoadPlan(
        rung=rung,
        device=device,
        precision=precision,
        needs=need,
        room=room,
        memory=beside,
        package=PACKAGES[able[0]] if able else "",
        quantizer=next((one for one in able if one in machine.quantizers), None),
        pinned=rung == "group-offload" and weights * PINNED <= machine.memory_room(warm.memory),
    )


def _able(card: ModelCard, device: Device, precision: Precision | None) -> tuple[Quantizer, ...]:
    able = _QUANTIZERS.get((device, precision), ()) if precision else ()
    is_refused = (
        device == "cpu" and card.runner == "diffusers"
    )  # diffusers lets bitsandbytes work on GPUs only
    return tuple(name for name in able if not (is_refused and name == "bitsandbytes"))


def _precision(rung: LoadStrategy, card: ModelCard, device: Device) -> Precision | None:
    if card.writes_notes:
        return "fp32"
    if _runs_as_it_is(card):
        return None
    if rung in ("8-bit", "4-bit"):
        return "int8" if rung == "8-bit" else "int4"
    is_sound = (
        card.runner == "transformers" and card.kind != "text"
    )  # vocoders lose quality in half precision
    return "fp32" if rung != "16-bit" and (device == "cpu" or is_sound) else "bf16"


def _work_and_weights(card: ModelCard) -> tuple[int, int]:
    """Return the bytes that the model needs beside its weights, and those of its weights at 16
    bits.
    """
    known = needs(card)
    if known is None:
        return 0, 0
    (memory, is_computed) = known
    total = memory.bf16
    weights = (
        int(total / WORK_SHARE) if is_computed else min(2 * card.parameters or card.size, total)
    )
    return max(total - weights, int(total * LEAST_WORK)), weights


def _judged(step: LoadPlan, machine: Machine, warm: Footprint) -> LoadPlan:
    ram = machine.memory_room(warm.memory)
    why = ""
    if step.precision in ("int8", "int4") and not step.needs:
        why = "what it needs is not known"
    elif step.precision in ("int8", "int4") and step.quantizer is None:
        why = f"needs the package {step.package}, which is not installed"
    elif step.needs > step.room:
        why = f"needs {_gigabytes(step.needs)} GB"
    elif step.memory > ram:
        why = f"needs {_gigabytes(step.memory)} of {_gigabytes(ram)} GB of the computer's memory"
    return msgspec.structs.replace(step, hindrance=why)


def _refusal(
    card: ModelCard, machine: Machine, steps: list[LoadPlan], below: LoadStrategy | None
) -> StudioError:
    known = [step for step in steps if step.needs]
    if below is not None:
        tried = "".join(f"; {RUNG_TITLES[step.rung].lower()}: {step.hindrance}" for step in known)
        return StudioError(
            f"There was not enough memory for this with {card.title}, and no way is left that "
            "takes less "
            f"({_gigabytes(machine.memory)} GB of memory, {_gigabytes(machine.free)} GB of it "
            f"free{_of_gpu(machine)}{tried}).",
            cause="memory",
            cure="Choose smaller settings (size, length, count) or a smaller model, or close other "
            "programs.",
        )
    if not known:  # cannot be: what nobody knows the needs of has no hindrance
        return StudioError(f"{card.title} does not fit.", cause="memory")
    last, on_gpu = known[-1], known[-1].device in ("cuda", "xpu")
    total = machine.gpu_memory if on_gpu else machine.memory
    tried = "; ".join(f"{RUNG_TITLES[step.rung].lower()}: {step.hindrance}" for step in known)
    missing = next(
        (step for step in known if _lacks_package(step) and step.needs <= step.room), None
    )
    return StudioError(
        f"{card.title} does not fit: {_gigabytes(last.room)} of {_gigabytes(total)} GB "
        f"{'of the GPU' if on_gpu else 'of memory'} "
        f"can be used ({tried}).",
        cause="memory",
        cure=(_install(missing) if missing else "Close other programs, or choose a smaller model."),
    )


def _of_gpu(machine: Machine) -> str:
    if not machine.gpu_memory:
        return ""
    return (
        f"; {_gigabytes(machine.gpu_memory)} GB of the GPU's, {_gigabytes(machine.gpu_free)} "
        "GB "
        "of it free"
    )


def _lacks_package(step: LoadPlan) -> bool:
    return step.precision in ("int8", "int4") and step.quantizer is None


def _install(step: LoadPlan) -> str:
    return f"With {TITLES[step.precision or 'int8']} it would fit: pip install {step.package}"


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f}" if size >= 1e8 else f"{size / 1e9:.2g}"


def fits(card: ModelCard, machine: Machine) -> bool | None:
    """Return whether the model can run on a machine that does nothing else; None where it is not
    known.
    """
    steps = list(ladder(card, machine.at_rest))
    return any(not step.hindrance for step in steps) if any(step.needs for step in steps) else None


def facts_of(card: ModelCard) -> Facts:
    """Return what the model's folder says; what is usual where it is not installed, or cannot be
    read.
    """
    folder = Path(card.path)
    if card.runner != "diffusers" or not card.path:
        return Facts()
    if (
        card.family == MOTION_FAMILY and card.base
    ):  # its layers go into those of another model, which have to be whole numbers
        return Facts(one_file=True)
    try:
        parts = {part.name: _weights_in(part) for part in folder.iterdir() if part.is_dir()}
        one_file = checkpoint_in(folder) is not None
    except (OSError, StudioError):
        return Facts()
    total = sum(parts.values())
    return Facts(largest=max(parts.values()) / total if total else LARGEST_PART, one_file=one_file)


def _weights_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))
