"""The checkpoint of a training with several optimizers."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def save_checkpoint(path: Path, model: Any, optimizers: list[Any], step: int) -> None:
    """Write model, optimizers and step, never half of them."""
    import torch

    part = path.with_suffix(".part")
    state = {
        "model": model.state_dict(),
        "optimizers": [one.state_dict() for one in optimizers],
        "step": step,
    }
    torch.save(state, part)
    part.replace(path)


def load_checkpoint(path: Path, model: Any, optimizers: list[Any]) -> int:
    """Load what `save_checkpoint` wrote; return its step, 0 without a file."""
    import torch

    if not path.exists():
        return 0
    kept = torch.load(path, weights_only=True)
    model.load_state_dict(kept["model"])
    for optimizer, state in zip(optimizers, kept["optimizers"], strict=True):
        optimizer.load_state_dict(state)
    return int(kept["step"])
