"""Writes the table of docs/memory.md: `python -m tools.memory_table docs/memory.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from studio.core.errors import StudioError
from studio.core.files import write_whole
from studio.models.catalog import entry_named
from studio.models.memory.choose_plan import choose
from studio.models.memory.hardware import Machine, Quantizer

BEGIN, END = "<!-- table: made by tools.memory_table -->", "<!-- end of memory -->"
CARDS = (
    "stable-diffusion-1.5",
    "sdxl-base-1.0",
    "z-image-turbo",
    "flux.1-schnell",
    "qwen3-4b",
    "qwen3-8b",
    "musicgen-large",
)
GPUS = ((4, 16), (6, 16), (8, 16), (8, 32), (12, 32), (16, 32), (24, 64), (80, 128))
MEMORIES = (8, 16, 32)
_GB = 10**9


def table() -> str:
    """Return the table between its markers."""
    machines = [
        *((f"GPU {gpu} GB, memory {memory} GB", _gpu(gpu, memory)) for gpu, memory in GPUS),
        *((f"no GPU, memory {memory} GB", _cpu(memory)) for memory in MEMORIES),
    ]
    cards = [entry_named(name).card for name in CARDS]
    rows = [("", *(card.title for card in cards)), ("---",) * (len(cards) + 1)]
    rows += [(title, *(_cell(name, machine) for name in CARDS)) for title, machine in machines]
    return "\n".join([BEGIN, "", *map(_line, rows), "", END])


def renewed(text: str) -> str:
    """Return a document with its table replaced."""
    before, _begin, rest = text.partition(BEGIN)
    _old, _end, after = rest.partition(END)
    return before + table() + after


def _gpu(gpu: int, memory: int) -> Machine:
    quantizers: tuple[Quantizer, ...] = ("bitsandbytes",)
    return Machine(
        memory * _GB,
        memory * _GB,
        "GPU",
        gpu * _GB,
        probed=True,
        backend="cuda",
        quantizers=quantizers,
    )


def _cpu(memory: int) -> Machine:
    return Machine(
        memory * _GB,
        memory * _GB,
        probed=True,
        backend="cpu",
        quantizers=("bitsandbytes", "quanto"),
    )


def _cell(name: str, machine: Machine) -> str:
    try:
        plan = choose(entry_named(name).card, machine)
    except StudioError:
        return "refused"
    titles = {
        "model-offload": "parts in turn",
        "group-offload": "layers in groups",
        "sequential-offload": "layer by layer",
    }
    return f"{titles.get(plan.strategy, plan.summary)}, {plan.needs / _GB:.1f} GB"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Replace the table of a document; the entry point."""
    path = Path(sys.argv[1])
    write_whole(path, renewed(path.read_text(encoding="utf-8")).encode(), replace=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
