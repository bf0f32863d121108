"""Music and sound: any `AutoModelForTextToWaveform` model that generates from a description (MusicGen and others).

Models that write notes (family `symbolic-music`) are run by `music_symbolic`, diffusion pipelines by `music_diffusion`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import StudioError
from studio.core.events import Progress, Statistics
from studio.core.requests import MusicRequest
from studio.engine import music_diffusion, music_symbolic
from studio.engine.continuing import check_given
from studio.engine.placement import AS_USUAL
from studio.engine.protocol import JobCancelledError, Run
from studio.engine.text_stream import Clock
from studio.engine.waveform_model import load_waveform_model
from studio.library.results import AudioResult, Result
from studio.models.card import ModelCard
from studio.models.memory import Plan


@dataclass(frozen=True)
class MusicPipeline:
    """A loaded music model. `frame_rate`: steps a second; `rate`: samples a second."""

    model: Any
    tokenizer: Any
    device: str
    rate: int
    frame_rate: float
    delays: tuple[int, ...]
    """How many steps later than the first each codebook comes; MusicGen makes the books of a moment one after the other."""


Loaded = MusicPipeline | music_symbolic.SymbolicModel | music_diffusion.SoundPipeline


def load(card: ModelCard, plan: Plan = AS_USUAL) -> Loaded:
    """Load the model from the card's folder, as `plan` says."""
    if card.writes_notes:
        return music_symbolic.load(card)
    if card.runner == "diffusers":
        return music_diffusion.load(card, plan)
    model, tokenizer, device = load_waveform_model(card, plan)
    codec = getattr(model.config, "audio_encoder", None)
    rate = int(getattr(codec, "sampling_rate", 0) or card.sampling_rate or 32_000)
    decoder = getattr(model.config, "decoder", None)
    channels = int(getattr(decoder, "audio_channels", 1))
    delays = tuple(book // channels for book in range(int(getattr(decoder, "num_codebooks", 1))))
    return MusicPipeline(model, tokenizer, device, rate, float(getattr(codec, "frame_rate", 0) or 50), delays)


def generate(run: Run, pipeline: Loaded) -> Generator[Result, None, Statistics]:
    """Yield the sound; see `protocol.Kind.generate`. When cancelled, what was made so far is decoded and kept."""
    if isinstance(pipeline, music_symbolic.SymbolicModel):
        return (yield from music_symbolic.generate(run, pipeline))
    request = run.job.request
    assert isinstance(request, MusicRequest)
    if problem := check_given(run.card, request):
        raise StudioError(f"{problem.message}.", cause="invalid", cure="Choose another model, or leave it out.")
    if isinstance(pipeline, music_diffusion.SoundPipeline):
        return (yield from music_diffusion.generate(run, pipeline))
    clock = Clock()
    try:
        wave, partial = _compose(run, pipeline, request, clock), False
    except _StoppedError as stopped:
        wave, partial = decode(pipeline, stopped.tokens), True
    clock.stop()
    if wave is not None and wave.shape[-1]:
        yield AudioResult(samples=_samples(wave, run.card), sampling_rate=pipeline.rate, seed=request.seed, partial=partial)
    if run.cancelled():
        raise JobCancelledError
    return Statistics(run_seconds=clock.seconds, first_seconds=clock.first, units=clock.steps, unit="token")


def _compose(run: Run, pipeline: MusicPipeline, request: MusicRequest, clock: Clock) -> Any:
    import torch
    from transformers import StoppingCriteriaList

    total = max(1, round(request.seconds * pipeline.frame_rate)) + max(pipeline.delays)
    inputs = pipeline.tokenizer([request.prompt], return_tensors="pt").to(pipeline.device)

    def step(tokens: Any) -> None:
        if clock.tick() or clock.steps == total:
            run.emit(Progress(step=min(clock.steps, total), total=total, unit="token"))
        if run.cancelled():
            raise _StoppedError(tokens)

    torch.manual_seed(request.seed or 0)
    with torch.inference_mode():
        output = pipeline.model.generate(
            **inputs,
            do_sample=True,
            guidance_scale=max(1.0, request.guidance_scale),  # 1 is none; below it generate takes another way, and fails
            temperature=request.temperature,
            max_new_tokens=total,
            stopping_criteria=StoppingCriteriaList([_every_step(step)]),
        )
    return output[0]


class _StoppedError(Exception):
    """The job was cancelled. MusicGen cannot end early by itself: it fails to put codebooks of unequal length together."""

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
    """Return the sound (channels × frames) of the moments of which all codebooks were made; None where there are none."""
    import torch

    delays = pipeline.delays
    moments = tokens.shape[-1] - 1 - max(delays)
    if moments < 1 or tokens.shape[0] != len(delays):
        return None
    codes = torch.stack([tokens[book, 1 + delay : 1 + delay + moments] for book, delay in enumerate(delays)])
    channels = delays.count(0)
    with torch.inference_mode():
        decoded = [
            pipeline.model.audio_encoder.decode(codes[None, None, channel::channels], audio_scales=[None]).audio_values[0]
            for channel in range(channels)
        ]
    return torch.cat(decoded)


def _samples(wave: Any, card: ModelCard) -> NDArray[np.float32]:
    samples = wave.float().cpu().numpy()
    if not np.isfinite(samples).all():
        raise StudioError(
            f"{card.title} made numbers that are no sound (NaN).", cause="model", cure="The model's files may be damaged."
        )
    return np.ascontiguousarray(np.atleast_2d(samples).T, np.float32)
