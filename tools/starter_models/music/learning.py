"""Trains the model, a small Llama, on pieces that the composer writes on demand.

`SMALL` is trained from scratch. `GROWN`, which is shipped, has twice its size and is initialized
from it. Every step has its own seed, so that an interrupted run equals an uninterrupted one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from studio.symbolic_music.events import encode, vocabulary
from tools.starter_models.checkpoint import load_checkpoint, save_checkpoint
from tools.starter_models.music.composer import compose, draw_brief

CHECKPOINT = "checkpoint.pt"
_COUNTS = (1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 9, 10, 12, 12, 13, 14, 16, 16, 18, 20, 20, 24, 28, 32)


class Profile(msgspec.Struct, frozen=True):
    """The size of the model and of its training."""

    hidden: int
    inner: int
    layers: int
    heads: int
    steps: int
    rate: float
    """Of the matrices (Muon); the embedding learns by AdamW at `embedding_rate`."""
    embedding_rate: float
    head: int = 48
    """The size of an attention's head; rotary positions depend on it, so that it stays when a model
    is grown.
    """
    positions: int = 512
    batch: int = 8
    first: int = 0
    """The number of the first batch: the legs learn from different pieces."""


SMALL = Profile(
    hidden=192, inner=512, layers=5, heads=4, steps=1300, rate=0.02, embedding_rate=0.004
)
GROWN = Profile(
    hidden=240,
    inner=832,
    layers=6,
    heads=5,
    steps=1200,
    rate=0.015,
    embedding_rate=0.002,
    first=1_000_000,
)


def make_model(profile: Profile) -> Any:
    """Return an untrained model."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(vocabulary().tokens),
        hidden_size=profile.hidden,
        intermediate_size=profile.inner,
        head_dim=profile.head,
        num_hidden_layers=profile.layers,
        num_attention_heads=profile.heads,
        num_key_value_heads=profile.heads,
        max_position_embeddings=profile.positions,
        tie_word_embeddings=True,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        initializer_range=0.02,
    )
    return LlamaForCausalLM(config)


def grow(small: Any, profile: Profile) -> Any:
    """Return a larger model that begins as `small` is: what is new is read by nothing yet (zeros),
    or adds next to nothing.
    """
    import torch

    model = make_model(profile)
    before, now = small.state_dict(), model.state_dict()
    hidden = before["model.norm.weight"].shape[0]
    with torch.no_grad():
        for name, weight in now.items():
            old = before.get(name)
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                weight.zero_()
            elif "proj" in name and old is not None:
                weight[: old.shape[0], hidden:] = 0
            elif "norm" in name:  # a mean over more numbers is smaller
                weight.fill_((hidden / profile.hidden) ** 0.5)
            elif "embed" in name and old is not None:
                weight.normal_(0, 0.1 * float(old.std()))
            if old is not None:
                scale = (hidden / profile.hidden) ** 0.5 if "norm" in name else 1.0
                weight[tuple(slice(size) for size in old.shape)] = scale * old
    return model


def row(random: Random, length: int) -> list[int]:
    """Return `length` tokens: a piece, from its beginning or from a later bar as when a long one is
    continued, then others.
    """
    tokens: list[int] = []
    while len(tokens) < length:
        brief, count = draw_brief(random), random.choice(_COUNTS)
        bars = compose(brief, count, random)
        skipped = random.randrange(count - 3) if count > 6 and random.random() < 0.5 else 0
        tokens += encode(brief, bars[skipped:])
    return tokens[:length]


def batch(seed: int, rows: int, length: int) -> NDArray[np.int64]:
    """Return rows × length tokens, always the same for the same seed."""
    random = Random(seed)
    return np.array([row(random, length) for _ in range(rows)], np.int64)


def train(
    profile: Profile, folder: Path, until: int, tell: Callable[[str], None], small: Any = None
) -> Any:
    """Train up to step `until` (of `profile.steps`, which the learning rate falls over), from the
    checkpoint where there is one.

    Where there is none it begins at `small`, grown, or from nothing.
    """
    import torch

    model = make_model(profile) if small is None else grow(small, profile)
    optimizers = _optimizers(model, profile)
    step = load_checkpoint(folder / CHECKPOINT, model, optimizers)
    begun, first = time.monotonic(), step
    while step < until:
        factor = _factor(step, profile.steps)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * factor
        tokens = torch.from_numpy(batch(profile.first + step, profile.batch, profile.positions))
        with torch.autocast("cpu", torch.bfloat16):  # a third faster on processors that know it
            loss = model(input_ids=tokens, labels=tokens).loss
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        step += 1
        if step % 20 == 0:
            tell(
                f"step {step}: loss {loss.item():.3f}, "
                f"{(time.monotonic() - begun) / (step - first):.2f} s a step"
            )
        if step % 20 == 0 or step == until:
            save_checkpoint(folder / CHECKPOINT, model, optimizers, step)
    return model.eval()


def trained(profile: Profile, folder: Path) -> Any:
    """Return the model of the checkpoint in `folder`."""
    model = make_model(profile)
    load_checkpoint(folder / CHECKPOINT, model, _optimizers(model, profile))
    return model.eval()


def _factor(step: int, steps: int) -> float:
    return min(1.0, (step + 1) / 20) * (
        0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))
    )


def _optimizers(model: Any, profile: Profile) -> list[Any]:
    import torch

    matrices = [
        weight
        for name, weight in model.named_parameters()
        if weight.ndim == 2 and "embed" not in name
    ]
    others = [
        weight for name, weight in model.named_parameters() if weight.ndim != 2 or "embed" in name
    ]
    made = [
        torch.optim.Muon(matrices, lr=profile.rate, momentum=0.95, weight_decay=0.01),
        torch.optim.AdamW(others, lr=profile.embedding_rate, betas=(0.9, 0.98), weight_decay=0.0),
    ]
    for optimizer in made:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
    return made
