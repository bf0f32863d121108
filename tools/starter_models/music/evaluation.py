"""Evaluates the model with and without grammar against random tokens and the composer."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from studio.engine.music.symbolic_sampling import SymbolicModel, sample
from studio.symbolic_music.events import Bar, Brief, decode, encode, vocabulary
from studio.symbolic_music.grammar import Grammar
from tools.starter_models.music.composer import compose, draw_brief
from tools.starter_models.music.measures import (
    chord_share,
    ends_well,
    groove_consistency,
    pitch_entropy,
    repetition,
    scale_consistency,
)
from tools.starter_models.music.piano_roll import piano_roll

BARS = 12
_MAX_PIANO_ROLLS = 6
"""Number of pieces of each writer that are drawn."""
_SEED = 90_000_000
"""Different from all seeds of the training."""

Writer = Callable[[Brief, int], list[Bar]]


class Unbound(Grammar):
    """Allows every token at any time, to show what the model itself has learned."""

    _pushed = 0

    def allowed(self) -> Any:
        """See `Grammar`."""
        mask = np.ones(len(vocabulary().tokens), bool)
        mask[0] = False  # padding
        return mask

    def push(self, token: int) -> None:
        """See `Grammar`. Ends at the end token, or after 1 000 tokens."""
        self._pushed += 1
        self._state = (
            "over" if vocabulary().tokens[token] == "<end>" or self._pushed > 1_000 else "note"
        )


def writers(model: Any) -> dict[str, Writer]:
    """Return writer → function of brief and seed."""
    pipeline = SymbolicModel(model, int(model.config.max_position_embeddings))
    blind = SymbolicModel(_Even(), pipeline.positions)
    return {
        "the rule-based composer": lambda brief, seed: compose(brief, BARS, Random(seed)),
        "the model, as shipped": lambda brief, seed: decode(
            list(sample(pipeline, brief, Grammar(brief, BARS), seed, 1.0))
        ),
        "the model without its grammar": lambda brief, seed: _free(pipeline, brief, seed),
        "random events within the grammar": lambda brief, seed: decode(
            list(sample(blind, brief, Grammar(brief, BARS), seed, 1.0))
        ),
        "random events, any key": lambda brief, seed: decode(
            list(sample(blind, brief, Grammar(brief, BARS, in_key=False), seed, 1.0))
        ),
    }


def _free(pipeline: SymbolicModel, brief: Brief, seed: int) -> list[Bar]:
    bars = decode(list(sample(pipeline, brief, Unbound(brief, BARS), seed, 1.0)))
    return bars or [Bar("A0", ())]


class _Even:
    """Finds every token as likely as every other."""

    def __call__(self, **_inputs: Any) -> Any:
        import torch

        class _Output(dict[str, Any]):
            logits = torch.zeros(1, 1, len(vocabulary().tokens))

        return _Output(past_key_values=None)


def evaluate(model: Any, pieces: int, folder: Path, tell: Callable[[str], None]) -> None:
    """Tell a row of the table for each writer: the measures over the same briefs and seeds, and the
    loss on unseen pieces.

    Piano rolls of a few go into `folder`.
    """
    random = Random(_SEED)
    briefs = [
        brief for brief in (draw_brief(random) for _ in range(pieces * 3)) if brief.parts != "D"
    ][:pieces]
    tell(f"loss on {pieces} pieces that the model has not seen: {_loss(model, briefs):.3f} a token")
    tell(
        "| who | pitch entropy | scale | groove | in chord | ends at home | bars heard before | "
        "bars |"
    )
    tell("|---|---|---|---|---|---|---|---|")
    for name, write in writers(model).items():
        made = [write(brief, _SEED + number) for number, brief in enumerate(briefs)]
        tell(_row(name, briefs, made))
        for number in range(min(_MAX_PIANO_ROLLS, pieces)):
            file = folder / f"{name.replace(' ', '-').replace(',', '')}-{number + 1}.png"
            piano_roll(made[number], briefs[number].steps).save(file)


def _row(name: str, briefs: Sequence[Brief], made: Sequence[list[Bar]]) -> str:
    pairs = list(zip(briefs, made, strict=True))
    values = (
        statistics.mean(pitch_entropy(bars) for bars in made),
        statistics.mean(scale_consistency(bars) for bars in made),
        statistics.mean(groove_consistency(bars, brief.steps) for brief, bars in pairs),
        statistics.mean(chord_share(bars) for bars in made),
        statistics.mean(ends_well(bars, brief.mode) for brief, bars in pairs),
        statistics.mean(repetition(bars) for bars in made),
        statistics.mean(len(bars) for bars in made),
    )
    return (
        f"| {name} | "
        + " | ".join(f"{value:.2f}" for value in values[:-1])
        + f" | {values[-1]:.1f} |"
    )


def _loss(model: Any, briefs: Sequence[Brief]) -> float:
    import torch

    losses = []
    with torch.inference_mode():
        for number, brief in enumerate(briefs):
            tokens = torch.tensor(
                [encode(brief, compose(brief, BARS, Random(_SEED + number)))[:512]]
            )
            losses.append(float(model(input_ids=tokens, labels=tokens).loss))
    return statistics.mean(losses)
