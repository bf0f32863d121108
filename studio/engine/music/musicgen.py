"""MusicGen: audio token by token, through transformers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.events import Progress
from studio.core.requests import MusicRequest
from studio.engine.protocol import JobContext
from studio.engine.text.streaming import Clock
from studio.models.card import ModelCard


@dataclass(frozen=True)
class MusicPipeline:
    """A loaded music model. `frame_rate`: steps a second; `rate`: samples a second."""

    model: Any
    tokenizer: Any
    device: str
    rate: int
    frame_rate: float
    delays: tuple[int, ...]
    """How many steps later than the first each codebook comes; MusicGen makes the books of a moment
    one after the other.
    """


def _compose(run: JobContext, pipeline: MusicPipeline, request: MusicRequest, clock: Clock) -> Any:
    import torch
    from transformers import StoppingCriteriaList

    total = max(1, round(request.seconds * pipeline.frame_rate)) + max(pipeline.delays)
    inputs = pipeline.tokenizer([request.prompt], return_tensors="pt").to(pipeline.device)

    def step(tokens: Any) -> None:
        if clock.tick() or clock.steps == total:
            run.emit(Progress(step=min(clock.steps, total), total=total, unit="token"))
        if run.is_cancelled():
            raise _StoppedError(tokens)

    torch.manual_seed(request.seed or 0)
    with torch.inference_mode():
        output = pipeline.model.generate(
            **inputs,
            do_sample=True,
            guidance_scale=max(
                1.0, request.guidance_scale
            ),  # 1 is none; below it generate takes another way, and fails
            temperature=request.temperature,
            max_new_tokens=total,
            stopping_criteria=StoppingCriteriaList([_every_step(step)]),
        )
    return output[0]


class _StoppedError(Exception):
    """The job was cancelled. MusicGen cannot end early by itself: it fails to put codebooks of
    unequal length together.
    """

    def __init__(self, tokens: Any) -> None:
        super().__init__()
        self.tokens = tokens
        """codebooks × steps, with the start token in front."""


def _every_step(step: Callable[[Any], None]) -> Any:
    import torch
    from transformers import StoppingCriteria

    class _EveryStep(StoppingCriteria):  # type: ignore[misc]  # transformers is untyped here
        def __call__(self, input_ids: Any, scores: Any, **_more: Any) -> Any:
            step(input_ids)
            return torch.zeros(input_ids.shape[0], dtype=torch.bool, device=input_ids.device)

    return _EveryStep()


def decode(pipeline: MusicPipeline, tokens: Any) -> Any:
    """Return the sound (channels × frames) of the moments of which all codebooks were made; None
    where there are none.
    """
    import torch

    delays = pipeline.delays
    moments = tokens.shape[-1] - 1 - max(delays)
    if moments < 1 or tokens.shape[0] != len(delays):
        return None
    codes = torch.stack(
        [tokens[book, 1 + delay : 1 + delay + moments] for book, delay in enumerate(delays)]
    )
    channels = delays.count(0)
    with torch.inference_mode():
        decoded = [
            pipeline.model.audio_encoder.decode(
                codes[None, None, channel::channels], audio_scales=[None]
            ).audio_values[0]
            for channel in range(channels)
        ]
    return torch.cat(decoded)


def _samples(wave: Any, card: ModelCard) -> NDArray[np.float32]:
    samples = wave.float().cpu().numpy()
    if not np.isfinite(samples).all():
        raise StudioError(
            f"{card.title} made numbers that are no sound (NaN).",
            cause="model",
            cure="The model's files may be damaged.",
        )
    return np.ascontiguousarray(np.atleast_2d(samples).T, np.float32)
