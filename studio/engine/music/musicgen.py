"""MusicGen: generates audio tokens one step at a time, through transformers."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.events import Progress, Statistics
from studio.core.requests import MusicRequest
from studio.core.translation import tr
from studio.engine.protocol import JobCancelledError, JobContext
from studio.engine.runtime.waveform_model import load_waveform_model
from studio.engine.text.streaming import Clock
from studio.library.results import AudioResult, Result
from studio.models.card import ModelCard
from studio.models.memory.load_plan import LoadPlan


@dataclass(frozen=True)
class MusicgenPipeline:
    """A loaded model."""

    model: Any
    tokenizer: Any
    device: str
    rate: int
    """Samples per second."""
    frame_rate: float
    """Steps per second of audio."""
    delays: tuple[int, ...]
    """Steps by which each codebook lags behind the first of its channel: MusicGen generates the
    codebooks of one moment one after the other.
    """


def load(card: ModelCard, plan: LoadPlan) -> MusicgenPipeline:
    """Load the model from the card's folder by `plan`."""
    model, tokenizer, device = load_waveform_model(card, plan)
    codec, decoder = model.config.audio_encoder, model.config.decoder
    return MusicgenPipeline(
        model,
        tokenizer,
        device,
        rate=int(codec.sampling_rate),
        frame_rate=float(codec.frame_rate),
        delays=tuple(book // decoder.audio_channels for book in range(decoder.num_codebooks)),
    )


def generate(
    context: JobContext, pipeline: MusicgenPipeline
) -> Generator[Result, None, Statistics]:
    """Yield the audio; see `protocol.Runner.generate`. A cancelled job keeps what it has so far."""
    request = context.job.request
    assert isinstance(request, MusicRequest)
    clock = Clock()
    try:
        wave, partial = _generate_wave(context, pipeline, request, clock), False
    except _StoppedError as stopped:
        wave, partial = _decode(pipeline, stopped.tokens), True
    clock.stop()
    if wave is not None and wave.shape[-1]:
        yield AudioResult(
            samples=_to_samples(wave, context.card),
            sampling_rate=pipeline.rate,
            seed=request.seed,
            partial=partial,
        )
    if context.is_cancelled():
        raise JobCancelledError
    return Statistics(
        run_seconds=clock.seconds, first_seconds=clock.first, units=clock.steps, unit="token"
    )


def _generate_wave(
    context: JobContext, pipeline: MusicgenPipeline, request: MusicRequest, clock: Clock
) -> Any:
    """Return the audio, channels × samples. Raises _StoppedError when the job is cancelled."""
    import torch
    from transformers import StoppingCriteriaList

    total = max(1, round(request.seconds * pipeline.frame_rate)) + max(pipeline.delays)
    inputs = pipeline.tokenizer([request.prompt], return_tensors="pt").to(pipeline.device)

    def on_step(tokens: Any) -> None:
        if clock.tick() or clock.steps == total:
            context.emit(Progress(step=min(clock.steps, total), total=total, unit="token"))
        if context.is_cancelled():
            raise _StoppedError(tokens)

    torch.manual_seed(request.seed or 0)
    with torch.inference_mode():
        output = pipeline.model.generate(
            **inputs,
            do_sample=True,
            # 1 means no guidance; `generate` fails below it.
            guidance_scale=max(1.0, request.guidance_scale),
            temperature=request.temperature,
            max_new_tokens=total,
            stopping_criteria=StoppingCriteriaList([_step_callback(on_step)]),
        )
    return output[0]


class _StoppedError(Exception):
    """The job was cancelled.

    MusicGen cannot stop early by itself: it fails to combine codebooks of unequal length.
    """

    def __init__(self, tokens: Any) -> None:
        super().__init__()
        self.tokens = tokens
        """Codebooks × steps, the start token first."""


def _step_callback(on_step: Callable[[Any], None]) -> Any:
    """Return a stopping criterion that calls `on_step` with the tokens and never stops."""
    import torch
    from transformers import StoppingCriteria

    class _StepCallback(StoppingCriteria):  # type: ignore[misc]  # transformers is untyped here
        def __call__(self, input_ids: Any, scores: Any, **_kwargs: Any) -> Any:
            on_step(input_ids)
            return torch.zeros(input_ids.shape[0], dtype=torch.bool, device=input_ids.device)

    return _StepCallback()


def _decode(pipeline: MusicgenPipeline, tokens: Any) -> Any:
    """Return the audio (channels × samples) up to where all codebooks are complete, or None."""
    import torch

    delays = pipeline.delays
    frames = tokens.shape[-1] - 1 - max(delays)
    if frames < 1 or tokens.shape[0] != len(delays):
        return None
    codes = torch.stack(
        [tokens[book, 1 + delay : 1 + delay + frames] for book, delay in enumerate(delays)]
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


def _to_samples(wave: Any, card: ModelCard) -> NDArray[np.float32]:
    """Return samples × channels."""
    samples = wave.float().cpu().numpy()
    if not np.isfinite(samples).all():
        raise StudioError(
            tr("{model} returned invalid numbers (NaN) instead of audio.", model=card.title),
            cause="model",
            cure=tr("The model's files may be damaged."),
        )
    return np.ascontiguousarray(np.atleast_2d(samples).T, np.float32)
