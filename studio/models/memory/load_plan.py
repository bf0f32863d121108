"""How a model is loaded: its strategy, device, precision and quantizer, with the figures.

`studio.models.memory.choose_plan` chooses a plan, `studio.engine.runtime.placement` carries it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import msgspec

from studio.core.settings import LoadPreference, LoadStrategy
from studio.core.translation import mark, tr, tr_marked
from studio.models.memory.hardware import PRECISION_TITLES, Device, Precision, Quantizer

STRATEGIES: tuple[LoadStrategy, ...] = get_args(LoadStrategy)
PREFERENCES: tuple[LoadPreference, ...] = ("auto", *STRATEGIES)
# All texts here are translated where they are shown.
_PLACES: dict[LoadStrategy, str] = {
    "model-offload": mark("parts take turns on the GPU"),
    "group-offload": mark("groups of layers take turns on the GPU"),
    "sequential-offload": mark("layer by layer on the GPU, which is slow"),
    "cpu": mark("on the CPU"),
}
"""Where the weights are, if not whole on the usual device."""
OFFLOADS: frozenset[LoadStrategy] = frozenset(
    {"model-offload", "group-offload", "sequential-offload"}
)
PACKAGES: Mapping[Quantizer, str] = {
    "bitsandbytes": "bitsandbytes",
    "torchao": "torchao",
    "quanto": "optimum-quanto",
}
"""Quantizer → the package to install for it."""


class Footprint(msgspec.Struct, frozen=True):
    """Bytes that loaded models take and would free, of the GPU's and the computer's memory."""

    gpu: int = 0
    memory: int = 0

    def __add__(self, other: Footprint) -> Footprint:
        return Footprint(self.gpu + other.gpu, self.memory + other.memory)


class LoadPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is loaded; by default whole, on the best device, in its usual precision."""

    strategy: LoadStrategy = "resident"
    device: Device | None = None
    precision: Precision | None = None
    quantizer: Quantizer | None = None
    needs: int = 0
    """Bytes of the device's memory while it runs; 0 if unknown."""
    room: int = 0
    """Bytes of the device's memory that it may take."""
    memory: int = 0
    """Bytes of the computer's memory that it needs in addition to a GPU's."""
    pinned: bool = False
    """That memory can be locked, which makes moving weights faster."""
    package: str = ""
    """The package that quantizes, installed or not."""
    obstacle: str = ""
    """Why the plan cannot be used here, as the end of a sentence; empty if it can."""

    @property
    def summary(self) -> str:
        """Precision and place of the weights, in the user's language."""
        return tr(", ").join(map(tr_marked, self._parts))

    @property
    def recorded(self) -> str:
        """The summary in English, for recipes and log files."""
        return ", ".join(self._parts)

    @property
    def _parts(self) -> list[str]:
        precision = PRECISION_TITLES[self.precision] if self.precision else ""
        return list(filter(None, (precision, _PLACES.get(self.strategy, ""))))

    @property
    def details(self) -> str:
        """The summary with the memory that it needs."""
        figures = ""
        if self.needs and self.room:
            figures = tr(
                "needs {needs} of {room} GB",
                needs=gigabytes(self.needs),
                room=gigabytes(self.room),
            )
        return tr(", ").join(filter(None, (self.summary, figures)))

    @property
    def on_gpu(self) -> bool:
        """True for a GPU with memory of its own."""
        return self.device in ("cuda", "xpu")

    @property
    def footprint(self) -> Footprint:
        """What it needs of the GPU's and the computer's memory."""
        if self.on_gpu:
            return Footprint(self.needs, self.memory)
        return Footprint(0, self.needs)


def gigabytes(size: int) -> str:
    """Return bytes in GB, with one digit after the point or two significant ones."""
    return f"{size / 1e9:.1f}" if size >= 1e8 else f"{size / 1e9:.2g}"
