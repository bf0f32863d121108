"""Trains the model, a small GPT-2, from scratch.

Every step has its own seed, so that an interrupted run equals an uninterrupted one. The rate stays
constant and falls over the last `COOLDOWN` steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from studio.text_tasks.model_prompts.quatrain import layout
from tools.starter_models.checkpoint import load_checkpoint, save_checkpoint
from tools.starter_models.poem.examples import Rows

CHECKPOINT = "checkpoint.pt"
STEPS, WARMUP, COOLDOWN = 1500, 50, 400
BATCH = 48
LAYERS, WIDTH, HEADS = 4, 256, 4
MATRIX_RATE, OTHER_RATE = 0.02, 0.003
_KEPT_EVERY = 50


def make_model(vocabulary: Sequence[str]) -> Any:
    """Return an untrained model."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    end = list(vocabulary).index(layout.END)
    config = GPT2Config(
        vocab_size=len(vocabulary),
        n_positions=layout.POSITIONS,
        n_embd=WIDTH,
        n_layer=LAYERS,
        n_head=HEADS,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        tie_word_embeddings=True,
    )
    return GPT2LMHeadModel(config)


def loss_of(model: Any, tokens: Any) -> Any:
    """Return the mean loss of pattern, rhyme and poem; the subject is only read."""
    import torch

    hidden = model.transformer(input_ids=tokens[:, :-1]).last_hidden_state
    scores = model.lm_head(hidden[:, layout.PREFIX - 1 :])
    wanted = tokens[:, layout.PREFIX :]
    return torch.nn.functional.cross_entropy(scores.flatten(0, 1).float(), wanted.flatten())


def train(
    rows: Rows,
    held_out: Rows,
    vocabulary: Sequence[str],
    work: Path,
    until: int,
    tell: Callable[[str], None],
) -> Any:
    """Train up to step `until` of `STEPS`, from the checkpoint where there is one."""
    import torch

    model = make_model(vocabulary)
    optimizers = _optimizers(model)
    step = load_checkpoint(work / CHECKPOINT, model, optimizers)
    began, first = time.process_time(), step
    losses: list[float] = []
    while step < until:
        factor = rate_factor(step)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * factor
        with torch.autocast("cpu", torch.bfloat16):
            loss = loss_of(model, torch.from_numpy(rows.batch(step, BATCH)))
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        step += 1
        if step % _KEPT_EVERY == 0 or step == until:
            save_checkpoint(work / CHECKPOINT, model, optimizers, step)
            seconds = (time.process_time() - began) / (step - first)
            mean = sum(losses) / len(losses)
            losses = []
            tell(
                f"step {step}: loss {mean:.3f}, held out {validate(model, held_out):.3f}, "
                f"{seconds:.2f} CPU s a step"
            )
    return model.eval()


def validate(model: Any, held_out: Rows) -> float:
    """Return the mean loss of two batches that the model does not learn from."""
    import torch

    with torch.inference_mode():
        losses = [
            loss_of(model, torch.from_numpy(held_out.batch(seed, 128))).item() for seed in (3, 4)
        ]
    return float(sum(losses) / len(losses))


def trained(vocabulary: Sequence[str], work: Path) -> Any:
    """Return the model of the checkpoint in `work`."""
    model = make_model(vocabulary)
    load_checkpoint(work / CHECKPOINT, model, _optimizers(model))
    return model.eval()


def rate_factor(step: int) -> float:
    """Return the rate of a step, as a part of the full one."""
    return min(1.0, (step + 1) / WARMUP, max(0.02, (STEPS - step) / COOLDOWN))


def _optimizers(model: Any) -> list[Any]:
    import torch

    named = list(model.named_parameters())
    matrices = [one for name, one in named if one.ndim == 2 and ".h." in name]
    others = [one for name, one in named if one.ndim != 2 or ".h." not in name]
    made = [
        torch.optim.Muon(matrices, lr=MATRIX_RATE, momentum=0.95, weight_decay=0.01),
        torch.optim.AdamW(others, lr=OTHER_RATE, betas=(0.9, 0.98), weight_decay=0.0),
    ]
    for optimizer in made:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
    return made
