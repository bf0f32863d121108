"""Samples the tokens of symbolic music, among those that the grammar allows."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.translation import tr
from studio.symbolic_music.events import Brief, vocabulary
from studio.symbolic_music.grammar import Grammar

_TOP_P = 0.98
_CONTEXT_BARS = 6
"""Bars that the model still reads when its positions are full."""


class SymbolicModel(NamedTuple):
    """A loaded model."""

    model: Any
    positions: int
    """How many tokens it can read."""


def sample(
    pipeline: SymbolicModel,
    brief: Brief,
    grammar: Grammar,
    seed: int,
    temperature: float,
    first_tokens: Sequence[int] = (),
) -> Iterator[int]:
    """Yield the tokens that follow `first_tokens`, until the grammar ends the piece."""
    import torch

    random = np.random.default_rng(seed)
    head = vocabulary().encode(brief.tokens())
    past, cache = list(first_tokens), None
    new, cache_name = head + past, _cache_parameter(pipeline.model)
    while not grammar.over:
        allowed = grammar.allowed()
        if len(head) + len(past) + 1 >= pipeline.positions:
            past = _last_bars(past, pipeline.positions - len(head) - 2)
            new, cache = head + past, None
        with torch.inference_mode():
            inputs = {"input_ids": torch.tensor([new]), cache_name: cache}
            output = pipeline.model(**inputs, use_cache=True, logits_to_keep=1)
        cache = output[cache_name]
        token = _draw(output.logits[0, -1].float().numpy(), allowed, temperature, random)
        grammar.push(token)
        past.append(token)
        new = [token]
        yield token


def _cache_parameter(model: Any) -> str:
    """Return the name of the model's KV cache parameter: transformers renamed it in 5.2x."""
    parameters = inspect.signature(model.forward).parameters if hasattr(model, "forward") else {}
    return "cache" if "cache" in parameters else "past_key_values"


def _last_bars(tokens: list[int], room: int) -> list[int]:
    """Return the last complete bars, in at most half of `room`; one longer bar is cut."""
    names = vocabulary().tokens
    starts = [at for at, token in enumerate(tokens) if names[token].startswith("left:")]
    fitting = [index for index in starts[-_CONTEXT_BARS:] if len(tokens) - index <= room // 2]
    return tokens[fitting[0] :] if fitting else tokens[-(room // 2) :]


def _draw(
    logits: NDArray[np.float32],
    allowed: NDArray[np.bool_],
    temperature: float,
    random: np.random.Generator,
) -> int:
    """Return one of the allowed tokens, by top-p sampling."""
    choices = np.flatnonzero(allowed)
    scores = logits[choices].astype(np.float64)
    if not np.isfinite(scores).all():
        raise StudioError(
            tr("The model returned invalid numbers (NaN) instead of music."),
            cause="model",
            cure=tr("Its files may be damaged."),
        )
    probabilities = np.exp((scores - scores.max()) / temperature)
    order = np.argsort(-probabilities, kind="stable")
    probabilities = probabilities[order] / probabilities.sum()
    kept = int(np.searchsorted(np.cumsum(probabilities), _TOP_P)) + 1
    top = probabilities[:kept]
    return int(choices[order[:kept]][random.choice(len(top), p=top / top.sum())])
